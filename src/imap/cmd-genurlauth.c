/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GENURLAUTH (RFC 4467 section 7): signs URLs of the user's own folders. Whatever is wrong with one
 * of them is BAD, as the RFC wants it.
 */
#include "core/url-auth.h"
#include "imap/imap.h"

enum { URLS_MAX = 100 };

typedef struct {
    const char *text; /* the parser owns it */
    KxImapUrl *url;
} Rump;

static void rump_clear(gpointer data)
{
    kx_imap_url_free(((Rump *)data)->url);
}

static gboolean parse_rump(KxImapParser *args, GArray *rumps)
{
    KxSlice text = {0}, mechanism = {0};
    if (!kx_imap_parse_space(args) || !kx_imap_parse_astring(args, &text) ||
        !kx_imap_parse_space(args) || !kx_imap_parse_atom(args, &mechanism))
        return FALSE;
    if (mechanism.len != 8 || g_ascii_strncasecmp(mechanism.data, "INTERNAL", 8) != 0)
        return kx_imap_parser_fail(args, "The only mechanism is INTERNAL");
    if (rumps->len == URLS_MAX)
        return kx_imap_parser_fail(args, "At most %d URLs are allowed", URLS_MAX);
    const char *owned = kx_imap_parser_own(args, g_strndup(text.data, text.len));
    g_autoptr(KxImapUrl) url = kx_imap_url_parse(owned, NULL);
    if (!url || url->access == KX_URL_ACCESS_NONE || url->mechanism)
        return kx_imap_parser_fail(args,
                                   "A URL to be signed names a message and ends in ;URLAUTH=");
    Rump rump = {owned, g_steal_pointer(&url)};
    g_array_append_val(rumps, rump);
    return TRUE;
}

/* The owner must be the user, and the message must be there. */
static char *sign(KxImap *imap, const Rump *rump, GError **error)
{
    KxCore *core = kx_session_core(imap->session);
    const KxImapUrl *url = rump->url;
    g_auto(KxUrlContent) content = {0};
    g_autoptr(KxUser) owner = url->user ? kx_user_get(core->directory, url->user, NULL) : NULL;
    if (!url->host || !kx_url_host_is_ours(core, url->host, kx_session_local_ip(imap->session)) ||
        !owner || owner->id != kx_session_user(imap->session)->id) {
        kx_fail(error, KX_ERR_DENIED, "The URL must name this server and you as the user");
        return NULL;
    }
    if (!kx_url_content(imap->account, url->mailbox, url, &content, error))
        return NULL;
    return kx_url_sign(imap->account, url, rump->text, error);
}

static gboolean sign_all(KxImap *imap, const GArray *rumps, GPtrArray *signatures, GError **error)
{
    for (guint i = 0; i < rumps->len; i++) {
        char *text = sign(imap, &g_array_index(rumps, Rump, i), error);
        if (!text)
            return FALSE;
        g_ptr_array_add(signatures, text);
    }
    return TRUE;
}

KX_IMAP_COMMAND(genurlauth)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) rumps = g_array_new(FALSE, TRUE, sizeof(Rump));
    g_autoptr(GPtrArray) signatures = g_ptr_array_new_with_free_func(g_free);
    g_array_set_clear_func(rumps, rump_clear);
    do {
        if (!parse_rump(args, rumps))
            break;
    } while (!kx_imap_at_end(args));
    if (!kx_imap_check(imap, args))
        return;
    if (!sign_all(imap, rumps, signatures, &error)) {
        kx_imap_bad(imap, "A URL cannot be signed: it is not one of your messages");
        return;
    }
    kx_session_puts(imap->session, "* GENURLAUTH");
    for (guint i = 0; i < signatures->len; i++) {
        kx_session_puts(imap->session, " ");
        kx_imap_write_string(imap, signatures->pdata[i], strlen(signatures->pdata[i]));
    }
    kx_session_puts(imap->session, "\r\n");
    kx_imap_ok(imap, NULL, "GENURLAUTH completed");
}
