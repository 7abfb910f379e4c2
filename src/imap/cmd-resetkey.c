/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RESETKEY (RFC 4467 section 7): new access keys for one of the user's own folders, or for all. The
 * signed URLs of before are worth nothing from then on.
 */
#include "imap/imap.h"
#include "imap/mailbox.h"
#include "store/url-key.h"

static gboolean reset(KxAccount *account, const char *path, GError **error)
{
    g_autoptr(KxFolder) folder = kx_folder_open(account, path, error);
    return folder && kx_folder_reset_url_key(folder, error);
}

static gboolean reset_all(KxAccount *account, GError **error)
{
    g_autoptr(GPtrArray) folders = kx_folder_list(account, FALSE, error);
    for (guint i = 0; folders && i < folders->len; i++) {
        g_autoptr(GError) problem = NULL;
        const KxFolderInfo *info = folders->pdata[i];
        if (!reset(account, info->path, &problem) &&
            !g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
    }
    return folders != NULL;
}

static gboolean reset_one(KxImap *imap, const char *name, GError **error)
{
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, name, KX_RIGHT_READ, error);
    if (!mailbox)
        return FALSE;
    if (mailbox->account != imap->account)
        return kx_fail(error, KX_ERR_DENIED, "Only your own folders have access keys");
    return reset(mailbox->account, mailbox->path, error);
}

static gboolean parse_mechanisms(KxImapParser *args)
{
    while (kx_imap_accept(args, ' '))
        if (!kx_imap_accept_atom(args, "INTERNAL"))
            return kx_imap_parser_fail(args, "The only mechanism is INTERNAL");
    return TRUE;
}

KX_IMAP_COMMAND(resetkey)
{
    const char *name = NULL;
    g_autoptr(GError) error = NULL;
    if (kx_imap_accept(args, ' ') && kx_imap_parse_mailbox(args, &name))
        parse_mechanisms(args);
    if (!kx_imap_check(imap, args))
        return;
    if (!(name ? reset_one(imap, name, &error) : reset_all(imap->account, &error)))
        kx_imap_no_error(imap, error);
    else
        kx_imap_ok(imap, name ? "URLMECH INTERNAL" : NULL, "The keys are new");
}
