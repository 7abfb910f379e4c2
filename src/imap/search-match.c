/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-match.h"

#include "imap/object-id.h"
#include "imap/search-fulltext.h"
#include "imap/search-fuzzy.h"
#include "mime/envelope-read.h"
#include "mime/date.h"
#include "mime/text.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

/* ---- the tree ---- */

/* AND is decided by a NO, OR by a YES; what is left undecided by all is open. */
static KxMatch match_keys(const KxSearchKey *key, KxSearchMessage *message, KxMatch decisive)
{
    KxMatch result = decisive == KX_MATCH_NO ? KX_MATCH_YES : KX_MATCH_NO;
    for (guint i = 0; i < key->keys->len; i++) {
        KxMatch match = kx_search_match(g_ptr_array_index(key->keys, i), message);
        if (match == decisive)
            return decisive;
        if (match == KX_MATCH_MAYBE)
            result = KX_MATCH_MAYBE;
    }
    return result;
}

static KxMatch invert(KxMatch match)
{
    if (match == KX_MATCH_MAYBE)
        return match;
    return match == KX_MATCH_NO ? KX_MATCH_YES : KX_MATCH_NO;
}

KxMatch kx_search_match(const KxSearchKey *key, KxSearchMessage *message)
{
    if (key->op == KX_SEARCH_AND)
        return match_keys(key, message, KX_MATCH_NO);
    if (key->op == KX_SEARCH_OR)
        return match_keys(key, message, KX_MATCH_YES);
    if (key->op == KX_SEARCH_NOT)
        return invert(kx_search_match(g_ptr_array_index(key->keys, 0), message));
    if (key->hints && kx_search_fulltext_excludes(key->hints, message->item->uid))
        return KX_MATCH_NO;
    if (key->cost > message->level)
        return key->guess ? key->guess(key, message) : KX_MATCH_MAYBE;
    return key->match(key, message) ? KX_MATCH_YES : KX_MATCH_NO;
}

#define TEST(name) gboolean kx_search_test_##name(const KxSearchKey *key, KxSearchMessage *message)

/* ---- the index ---- */

TEST(all)
{
    return TRUE;
}

TEST(flag)
{
    return (message->item->flags & key->param) != 0;
}

TEST(no_flag)
{
    return (message->item->flags & key->param) == 0;
}

TEST(keyword)
{
    for (KxKeywords keyword = message->item->keywords; keyword && *keyword; keyword++)
        if (g_ascii_strcasecmp(*keyword, key->word) == 0)
            return TRUE;
    return FALSE;
}

TEST(no_keyword)
{
    return !kx_search_test_keyword(key, message);
}

TEST(recent)
{
    return kx_view_is_recent(message->view, message->item->uid);
}

TEST(old)
{
    return !kx_search_test_recent(key, message);
}

TEST(new)
{
    return !(message->item->flags & KX_FLAG_SEEN) && kx_search_test_recent(key, message);
}

TEST(larger)
{
    return message->item->size > (guint64)key->number;
}

TEST(smaller)
{
    return message->item->size < (guint64)key->number;
}

TEST(modseq)
{
    return message->item->modseq >= (guint64)key->number;
}

TEST(set)
{
    return key->uids ? kx_seqset_contains(key->uids, message->item->uid)
                     : kx_seqset_contains(key->seqs, message->seq);
}

static gboolean has_id(const KxSearchKey *key, KxSearchMessage *message, gboolean thread)
{
    KxObjectId email_id, thread_id;
    if (!key->word ||
        !kx_sort_data_ids(message->sort_data, message->item->uid, &email_id, &thread_id))
        return FALSE;
    char text[KX_OBJECT_ID_TEXT];
    kx_object_id_format(thread ? 'T' : 'M', thread ? &thread_id : &email_id, text);
    return strcmp(text, key->word) == 0;
}

TEST(email_id)
{
    return has_id(key, message, FALSE);
}

TEST(thread_id)
{
    return has_id(key, message, TRUE);
}

/* ---- dates: days as INTERNALDATE shows them, times of day disregarded ---- */

static gint64 day_of(KxSearchMessage *message, gint64 unix_seconds)
{
    gint64 local = unix_seconds + kx_fetch_zone_offset(message->zone, unix_seconds) * 60;
    return local >= 0 ? local / DAY_SECONDS : -((DAY_SECONDS - 1 - local) / DAY_SECONDS);
}

TEST(before)
{
    return day_of(message, message->item->internal_date) < key->number;
}

TEST(on)
{
    return day_of(message, message->item->internal_date) == key->number;
}

TEST(since)
{
    return day_of(message, message->item->internal_date) >= key->number;
}

TEST(saved_before)
{
    return day_of(message, message->item->save_date) < key->number;
}

TEST(saved_on)
{
    return day_of(message, message->item->save_date) == key->number;
}

TEST(saved_since)
{
    return day_of(message, message->item->save_date) >= key->number;
}

/* number: the moment the interval began */
TEST(older)
{
    return message->item->internal_date <= key->number;
}

TEST(younger)
{
    return message->item->internal_date > key->number;
}

/* ---- the envelope ---- */

static char *envelope_field(KxSearchMessage *message, KxEnvelopeField field)
{
    const KxItemCache *cache = message->cache;
    return cache->envelope ? kx_envelope_get(cache->envelope, cache->envelope_len, field) : NULL;
}

TEST(envelope)
{
    g_autofree char *text = envelope_field(message, key->param);
    if (!text)
        return FALSE;
    return key->fuzzy ? kx_search_fuzzy_text(key, message, text)
                      : kx_needle_in_text(key->needle, text, strlen(text));
}

static gboolean sent_day(KxSearchMessage *message, gint64 *ret_day)
{
    KxDate date;
    g_autofree char *text = envelope_field(message, KX_ENVELOPE_DATE);
    if (!text || !kx_date_parse_rfc5322(text, strlen(text), &date))
        return FALSE;
    *ret_day = kx_date_local_day(&date);
    return TRUE;
}

KxMatch kx_search_guess_sent(const KxSearchKey *key, KxSearchMessage *message)
{
    enum { ZONE_DAYS = 5 }; /* no zone is further from UTC: RFC 5322 has two digits for hours */
    gint64 sent = G_MININT64;
    if (message->sort_data)
        kx_sort_data_dates(message->sort_data, &message->item->uid, 1, &sent);
    if (sent == G_MININT64)
        return KX_MATCH_MAYBE;
    gint64 day = sent / DAY_SECONDS;
    gboolean before = day + ZONE_DAYS<key->number, after = day - ZONE_DAYS> key->number;
    if (!before && !after)
        return KX_MATCH_MAYBE;
    if (key->match == kx_search_test_sent_on)
        return KX_MATCH_NO;
    return before == (key->match == kx_search_test_sent_before) ? KX_MATCH_YES : KX_MATCH_NO;
}

TEST(sent_before)
{
    gint64 day;
    return sent_day(message, &day) && day < key->number;
}

TEST(sent_on)
{
    gint64 day;
    return sent_day(message, &day) && day == key->number;
}

TEST(sent_since)
{
    gint64 day;
    return sent_day(message, &day) && day >= key->number;
}

/* ---- the content ---- */

static gboolean read_content(KxSearchMessage *message)
{
    if (!message->content && !message->unreadable) {
        message->content = kx_imap_message(message->imap, kx_view_folder(message->view),
                                           message->item->uid, &message->error);
        message->unreadable = message->content == NULL;
    }
    return !message->unreadable;
}

TEST(header)
{
    size_t len;
    if (!read_content(message))
        return FALSE;
    if (key->fuzzy)
        return kx_search_fuzzy_header(key, message, kx_imap_message_parts(message->content));
    const char *data = kx_imap_message_data(message->content, &len);
    return kx_mime_search_header(data, kx_imap_message_header_len(message->content), key->word,
                                 key->needle);
}

static gboolean in_attachments(const KxSearchKey *key, const KxSearchMessage *message)
{
    size_t len;
    g_autofree char *text = kx_search_fulltext_attachments(key, message->item->uid, &len);
    return text && kx_needle_in_text(key->needle, text, len);
}

TEST(body)
{
    if (!read_content(message))
        return FALSE;
    const KxMimeMessage *parts = kx_imap_message_parts(message->content);
    return key->fuzzy ? kx_search_fuzzy_content(key, message, parts, FALSE)
                      : kx_mime_search_body(parts, key->needle) || in_attachments(key, message);
}

TEST(text)
{
    if (!read_content(message))
        return FALSE;
    const KxMimeMessage *parts = kx_imap_message_parts(message->content);
    return key->fuzzy ? kx_search_fuzzy_content(key, message, parts, TRUE)
                      : kx_mime_search_text(parts, key->needle) || in_attachments(key, message);
}
