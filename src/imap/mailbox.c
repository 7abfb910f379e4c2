/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/mailbox.h"

void kx_imap_mailbox_free(KxImapMailbox *mailbox)
{
    if (!mailbox)
        return;
    kx_account_unref(mailbox->account);
    kx_folder_info_free(mailbox->info);
    g_free(mailbox->name);
    g_free(mailbox->path);
    g_free(mailbox);
}

gboolean kx_imap_shows(const KxFolderInfo *info)
{
    return info->type == KX_TYPE_MAIL;
}

KxImapMailbox *kx_imap_mailbox_at(KxImap *imap, const char *name, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(KxFolderInfo) info = kx_folder_find(imap->account, name, &problem);
    if (!info && !g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    KxImapMailbox *mailbox = g_new0(KxImapMailbox, 1);
    mailbox->account = kx_account_ref(imap->account);
    mailbox->name = g_strdup(name);
    mailbox->path = g_strdup(name);
    mailbox->rights = KX_RIGHTS_ALL;
    mailbox->info = g_steal_pointer(&info);
    return mailbox;
}

KxImapMailbox *kx_imap_mailbox_open(KxImap *imap, const char *name, guint rights, GError **error)
{
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_at(imap, name, error);
    if (!mailbox)
        return NULL;
    if (!mailbox->info || !(mailbox->rights & KX_RIGHT_LOOKUP)) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", name);
        return NULL;
    }
    if (!kx_imap_shows(mailbox->info)) {
        kx_fail(error, KX_ERR_NOT_FOUND, "The folder is not a mail folder");
        return NULL;
    }
    if ((mailbox->rights & rights) != rights) {
        kx_fail(error, KX_ERR_DENIED, "You have no right to do this in %s", name);
        return NULL;
    }
    return g_steal_pointer(&mailbox);
}
