/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-fuzzy.h"

#include "imap/search-fulltext.h"
#include "mime/header.h"

enum { VALUE_MAX = 1024 * 1024 };

static gboolean note(KxSearchMessage *message, guint score)
{
    if (score == 0)
        return FALSE;
    message->score += score;
    message->scores++;
    return TRUE;
}

gboolean kx_search_fuzzy_text(const KxSearchKey *key, KxSearchMessage *message, const char *text)
{
    KxFuzzyScan scan;
    kx_fuzzy_scan_init(&scan, key->fuzzy);
    kx_fold_text(KX_COLLATION_UNICODE, text, strlen(text), kx_fuzzy_take, &scan);
    return note(message, kx_fuzzy_scan_end(&scan));
}

gboolean kx_search_fuzzy_header(const KxSearchKey *key, KxSearchMessage *message,
                                const KxMimeMessage *parts)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, parts->data, parts->root->header_len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!kx_header_field_is(&field, key->word))
            continue;
        g_autofree char *value = kx_header_decode(field.value, field.value_len, VALUE_MAX);
        if (kx_search_fuzzy_text(key, message, value))
            return TRUE;
    }
    return FALSE;
}

gboolean kx_search_fuzzy_content(const KxSearchKey *key, KxSearchMessage *message,
                                 const KxMimeMessage *parts, gboolean header)
{
    KxFuzzyScan scan;
    size_t len;
    kx_fuzzy_scan_init(&scan, key->fuzzy);
    gboolean enough = header && kx_fold_header(KX_COLLATION_UNICODE, parts, kx_fuzzy_take, &scan);
    if (!enough && !kx_fold_body(KX_COLLATION_UNICODE, parts, kx_fuzzy_take, &scan)) {
        g_autofree char *text = kx_search_fulltext_attachments(key, message->item->uid, &len);
        if (text)
            kx_fold_text(KX_COLLATION_UNICODE, text, len, kx_fuzzy_take, &scan);
    }
    return note(message, kx_fuzzy_scan_end(&scan));
}

guint kx_search_score(const KxSearchMessage *message)
{
    return message->scores > 0 ? message->score / message->scores : 100;
}
