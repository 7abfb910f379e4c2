/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/mailbox.h"

void kx_imap_mailbox_free(KxImapMailbox *mailbox)
{
    if (!mailbox)
        return;
    kx_space_clear(&mailbox->space);
    kx_folder_info_free(mailbox->info);
    kx_acl_unref(mailbox->acl);
    g_free(mailbox->name);
    g_free(mailbox->path);
    g_free(mailbox);
}

gboolean kx_imap_shows(const KxFolderInfo *info, gboolean all)
{
    return all || info->type == KX_TYPE_MAIL;
}

/* What the user knows of a folder that is not his. */
static void make_foreign(KxImap *imap, KxImapMailbox *mailbox)
{
    if (!mailbox->info || !*mailbox->space.prefix)
        return;
    mailbox->info->subscribed = kx_folder_is_subscribed(imap->account, mailbox->name);
    mailbox->info->special_use = 0;
}

static gboolean find_folder(KxImapMailbox *mailbox, GError **error)
{
    g_autoptr(GError) problem = NULL;
    mailbox->info = kx_folder_find(mailbox->account, mailbox->path, &problem);
    if (mailbox->info) {
        mailbox->acl = kx_acl_ref(mailbox->info->acl);
        mailbox->rights = kx_acl_rights(mailbox->acl, &mailbox->space.user);
        return TRUE;
    }
    if (g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* There is no INBOX where nobody lives. */
static gboolean check_path(const KxImapMailbox *mailbox, GError **error)
{
    if (!*mailbox->path)
        return kx_fail(error, KX_ERR_INVALID, "%s is not the name of a folder", mailbox->name);
    if (kx_account_kind(mailbox->account) == KX_ACCOUNT_PERSONAL ||
        g_ascii_strncasecmp(mailbox->path, "INBOX", 5) != 0 ||
        (mailbox->path[5] != '\0' && mailbox->path[5] != '/'))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "there is no INBOX in %s", mailbox->space.prefix);
}

KxImapMailbox *kx_imap_mailbox_at(KxImap *imap, const char *name, GError **error)
{
    g_autoptr(KxImapMailbox) mailbox = g_new0(KxImapMailbox, 1);
    g_autoptr(GError) problem = NULL;
    if (!kx_space_find(imap, name, &mailbox->space, &problem)) {
        if (g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND))
            kx_fail(error, KX_ERR_INVALID, "Names that begin with ~ or # are not free: %s", name);
        else
            g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    size_t prefix = strcspn(name, "/") + 1; /* the user may write his name in any case */
    mailbox->account = mailbox->space.account;
    mailbox->name = g_strdup(name);
    mailbox->path = g_strdup(*mailbox->space.prefix ? name + prefix : name);
    if (!check_path(mailbox, error) || !find_folder(mailbox, error))
        return NULL;
    make_foreign(imap, mailbox);
    return g_steal_pointer(&mailbox);
}

static gboolean fail_not_found(const char *name, GError **error)
{
    return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", name);
}

static gboolean check_rights(const KxImapMailbox *mailbox, guint rights, GError **error)
{
    gboolean granted = (mailbox->rights & rights) == rights;
    if (granted && (rights || mailbox->rights & KX_RIGHT_LOOKUP))
        return TRUE;
    if (!(mailbox->rights & KX_RIGHT_LOOKUP))
        return fail_not_found(mailbox->name, error);
    return kx_fail(error, KX_ERR_DENIED, "You have no right to do this in %s", mailbox->name);
}

KxImapMailbox *kx_imap_mailbox_open(KxImap *imap, const char *name, guint rights, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_at(imap, name, &problem);
    if (!mailbox && !g_error_matches(problem, KX_ERROR, KX_ERR_INVALID)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (!mailbox || !mailbox->info ||
        !kx_imap_shows(mailbox->info,
                       mailbox->info->type != KX_TYPE_MAIL && kx_imap_shows_all(imap))) {
        fail_not_found(name, error);
        return NULL;
    }
    return check_rights(mailbox, rights, error) ? g_steal_pointer(&mailbox) : NULL;
}

gboolean kx_imap_mailbox_may_create(const KxImapMailbox *place, GError **error)
{
    guint rights = place->space.user.owner ? KX_RIGHTS_ALL : 0;
    g_autofree char *above = g_strdup(place->path);
    for (char *slash; (slash = strrchr(above, '/'));) {
        *slash = '\0';
        g_autoptr(KxFolderInfo) parent = kx_folder_find(place->account, above, NULL);
        if (!parent)
            continue;
        rights = kx_acl_rights(parent->acl, &place->space.user);
        break;
    }
    if (!(rights & KX_RIGHT_CREATE) || (place->info && !(place->rights & KX_RIGHT_LOOKUP)))
        return kx_fail(error, KX_ERR_DENIED, "You have no right to make %s", place->name);
    return TRUE;
}

gboolean kx_imap_may_know_uids(const KxImapMailbox *mailbox)
{
    return (mailbox->rights & KX_RIGHT_READ) != 0;
}

/* ---- the selected folder ---- */

guint32 kx_imap_permitted_flags(guint rights, gboolean *ret_keywords)
{
    guint32 flags = 0;
    if (rights & KX_RIGHT_SEEN)
        flags |= KX_FLAG_SEEN;
    if (rights & KX_RIGHT_DELETE_MESSAGES)
        flags |= KX_FLAG_DELETED;
    if (rights & KX_RIGHT_WRITE)
        flags |= KX_FLAG_ALL & ~(guint32)(KX_FLAG_SEEN | KX_FLAG_DELETED);
    if (ret_keywords)
        *ret_keywords = (rights & KX_RIGHT_WRITE) != 0;
    return flags;
}

gboolean kx_imap_is_writable(guint rights)
{
    return (rights & (KX_RIGHT_INSERT | KX_RIGHT_EXPUNGE | KX_RIGHT_SEEN | KX_RIGHT_WRITE |
                      KX_RIGHT_DELETE_MESSAGES)) != 0;
}

static void tell_access(KxImap *imap)
{
    gboolean read_only = imap->examined || !kx_imap_is_writable(imap->selected->rights);
    if (read_only != imap->read_only)
        kx_session_printf(imap->session, "* OK [%s] Your rights have changed\r\n",
                          read_only ? "READ-ONLY" : "READ-WRITE");
    imap->read_only = read_only;
    kx_imap_tell_flags(imap, FALSE);
}

gboolean kx_imap_refresh_rights(KxImap *imap)
{
    KxImapMailbox *selected = imap->selected;
    if (!selected || selected->space.kind == KX_SPACE_OWN)
        return TRUE;
    g_autoptr(KxAcl) acl = kx_folder_acl(kx_view_folder(imap->view));
    gboolean owner = kx_space_is_owner(imap, selected->space.kind);
    if (acl == selected->acl && owner == selected->space.user.owner)
        return TRUE;
    guint before = selected->rights;
    kx_acl_unref(selected->acl);
    selected->acl = g_steal_pointer(&acl);
    selected->space.user.owner = owner;
    selected->rights = kx_acl_rights(selected->acl, &selected->space.user);
    if (!(selected->rights & KX_RIGHT_READ)) {
        kx_session_puts(imap->session, "* BYE You may not read the selected folder any more\r\n");
        imap->ending = TRUE;
        return FALSE;
    }
    if (before != selected->rights)
        tell_access(imap);
    return TRUE;
}
