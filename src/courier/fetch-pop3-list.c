/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a POP3 mailbox: RFC 1939, with names of messages also where there is no UIDL. */
#include "base/error.h"
#include "courier/fetch-pop3-private.h"

/* ---- listing ---- */

gboolean kx_pop3_count(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text, rest;
    guint64 number;
    if (!kx_fetch_say(fetch, error, "STAT") ||
        !kx_pop3_read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    if (reply != KX_REPLY_GOOD || !kx_pop3_entry(text, &number, &rest) || number > G_MAXUINT)
        return kx_pop3_fail("to count messages", text, error);
    fetch->listed = (guint)number;
    return TRUE;
}

/* In the table, message n is at n - 1; a message without a name has the number 0. */
static gboolean take_uidl(KxFetch *fetch, KxSlice line, GError **error)
{
    guint64 number;
    KxSlice name;
    if (!kx_pop3_entry(line, &number, &name) || number == 0)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of messages makes no sense");
    if (number > KX_FETCH_MESSAGES_MAX) /* in a later session */
        return TRUE;
    if (number > fetch->items->len)
        g_array_set_size(fetch->items, (guint)number);
    KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, number - 1);
    item->number = number;
    kx_fetch_digest(name, item->id);
    return TRUE;
}

static gboolean take_size(KxFetch *fetch, KxSlice line, GError **error)
{
    guint64 number, size;
    KxSlice text;
    if (!kx_pop3_entry(line, &number, &text) || number == 0 || !kx_fetch_number(text, &size))
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of messages makes no sense");
    fetch->listed++;
    if (number > KX_FETCH_MESSAGES_MAX)
        return TRUE;
    if (number > fetch->items->len)
        g_array_set_size(fetch->items, (guint)number);
    KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, number - 1);
    item->size = size;
    if (item->number == 0)
        item->number = number;
    return TRUE;
}

/* ---- servers without UIDL ---- */

/* The message's header stands for its name. */
static gboolean name_by_header(KxFetch *fetch, KxFetchItem *item, GError **error)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gboolean good, endless;
    if (!kx_fetch_say(fetch, error, "TOP %" G_GUINT64_FORMAT " 0", item->number) ||
        !kx_pop3_read_good(fetch, &good, error))
        return FALSE;
    if (!good)
        return kx_fail(error, KX_ERR_FAILED,
                       "the server knows neither UIDL nor TOP, so that it cannot be told which "
                       "messages are new");
    if (!kx_pop3_read_content(fetch, item->size, checksum, &endless, error))
        return FALSE;
    if (endless)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server sends a header without end");
    const char *text = g_checksum_get_string(checksum);
    kx_fetch_digest(KX_SLICE_STR(text), item->id);
    return TRUE;
}

static gboolean name_all(KxFetch *fetch, GError **error)
{
    for (guint i = 0; i < fetch->items->len; i++) {
        KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, i);
        if (item->number > 0 && !name_by_header(fetch, item, error))
            return FALSE;
    }
    return TRUE;
}

/* What has no name or no size is not there for us. */
static void drop_gaps(KxFetch *fetch)
{
    guint kept = 0;
    for (guint i = 0; i < fetch->items->len; i++) {
        KxFetchItem item = g_array_index(fetch->items, KxFetchItem, i);
        if (item.number > 0)
            g_array_index(fetch->items, KxFetchItem, kept++) = item;
    }
    g_array_set_size(fetch->items, kept);
}

gboolean kx_pop3_list(KxFetch *fetch, GError **error)
{
    gboolean named;
    if (!kx_fetch_say(fetch, error, "UIDL") || !kx_pop3_read_good(fetch, &named, error) ||
        (named && !kx_pop3_read_lines(fetch, take_uidl, error)) ||
        !kx_fetch_say(fetch, error, "LIST") ||
        !kx_pop3_expect_good(fetch, "to list messages", error) ||
        !kx_pop3_read_lines(fetch, take_size, error) || (!named && !name_all(fetch, error)))
        return FALSE;
    drop_gaps(fetch);
    return TRUE;
}
