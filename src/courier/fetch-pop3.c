/* SPDX-License-Identifier: Apache-2.0 */
/* POP3 as its client (RFC 1939): messages, and how the session ends. */
#include "courier/fetch-pop3-private.h"

static gboolean get(KxFetch *fetch, const KxFetchItem *item, KxFetchContent *ret_state,
                    char **ret_text, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    gboolean endless;
    if (!kx_fetch_say(fetch, error, "RETR %" G_GUINT64_FORMAT, item->number) ||
        !kx_pop3_read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    if (reply != KX_REPLY_GOOD) {
        *ret_state = KX_FETCH_MISSING;
        *ret_text = kx_fetch_quote(text);
        return TRUE;
    }
    if (!kx_pop3_read_content(fetch, item->size, NULL, &endless, error))
        return FALSE;
    *ret_state = endless ? KX_FETCH_ENDLESS : KX_FETCH_WHOLE;
    return TRUE;
}

static gboolean keep(KxFetch *fetch G_GNUC_UNUSED, const KxFetchItem *item G_GNUC_UNUSED,
                     GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean remove_item(KxFetch *fetch, const KxFetchItem *item, gboolean *ret_done,
                            GError **error)
{
    return kx_fetch_say(fetch, error, "DELE %" G_GUINT64_FORMAT, item->number) &&
           kx_pop3_read_good(fetch, ret_done, error);
}

static gboolean end(KxFetch *fetch, GError **error)
{
    return kx_fetch_say(fetch, error, "QUIT") &&
           kx_pop3_expect_good(fetch, "to end the session", error);
}

const KxFetchProtocolCalls kx_fetch_pop3 = {
    .name = "POP3",
    .port = 110,
    .tls_port = 995,
    .sign_in = kx_pop3_sign_in,
    .count = kx_pop3_count,
    .list = kx_pop3_list,
    .get = get,
    .keep = keep,
    .remove = remove_item,
    .end = end,
};
