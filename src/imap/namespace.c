/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/namespace.h"

#include "directory/rights.h"
#include "imap/mailbox.h"

void kx_space_clear(KxSpace *space)
{
    g_clear_pointer(&space->account, kx_account_unref);
    g_clear_pointer(&space->prefix, g_free);
}

gboolean kx_space_is_foreign(const char *name)
{
    return *name == '~' || *name == '#';
}

/* As he is now, not as he was when he signed in. */
static KxUser *current_user(KxImap *imap)
{
    return kx_user_get(kx_session_core(imap->session)->directory, kx_session_login(imap->session),
                       NULL);
}

gboolean kx_space_is_owner(KxImap *imap, KxSpaceKind kind)
{
    if (kind == KX_SPACE_OWN || kind == KX_SPACE_OTHER)
        return kind == KX_SPACE_OWN;
    KxAdminRights rights =
        kx_rights_get(kx_session_core(imap->session)->directory, kx_session_login(imap->session));
    return kind == KX_SPACE_PUBLIC ? rights.public_folders : rights.archive_folders;
}

gboolean kx_imap_shows_all(KxImap *imap)
{
    g_autoptr(KxUser) user = current_user(imap);
    if (user && user->full_listing != KX_OVERRIDE_NONE)
        return user->full_listing == KX_OVERRIDE_YES;
    return kx_settings_bool(kx_session_settings(imap->session), KX_SET_IMAP_FULL_LISTING);
}

/* ---- whose ---- */

static char *everybody_in(const char *domain)
{
    return g_strconcat("@", domain, NULL);
}

/* So that no mailbox is opened, or even made, for nothing. */
static gboolean may_share(KxImap *imap, const KxUser *owner)
{
    KxDirectory *directory = kx_session_core(imap->session)->directory;
    g_autofree char *name = g_strdup_printf("%s@%s", owner->name, owner->domain);
    g_autofree char *everybody = everybody_in(kx_session_user(imap->session)->domain);
    return kx_shares_has(directory, name, kx_session_login(imap->session)) ||
           kx_shares_has(directory, name, everybody);
}

static gboolean is_self(KxImap *imap, const KxUser *user)
{
    const KxUser *self = kx_session_user(imap->session);
    return strcmp(user->name, self->name) == 0 && strcmp(user->domain, self->domain) == 0;
}

static gboolean find_other(KxImap *imap, const char *name, KxSpace *space, GError **error)
{
    const char *slash = strchr(name, '/');
    g_autofree char *login = slash ? g_strndup(name + 1, (gsize)(slash - name - 1)) : NULL;
    KxCore *core = kx_session_core(imap->session);
    g_autoptr(KxUser) owner =
        login && strchr(login, '@') ? kx_user_get(core->directory, login, NULL) : NULL;
    gboolean self = owner && is_self(imap, owner);
    if (!owner || (!self && !may_share(imap, owner)))
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", name);
    space->kind = self ? KX_SPACE_OWN : KX_SPACE_OTHER;
    space->account = kx_store_account(core->store, owner->domain, owner->name, error);
    space->prefix = g_strdup_printf("~%s@%s/", owner->name, owner->domain);
    space->user.anyone = strcmp(owner->domain, kx_session_user(imap->session)->domain) == 0;
    return space->account != NULL;
}

static gboolean find_public(KxImap *imap, KxSpace *space, GError **error)
{
    const char *scope =
        kx_settings_text(kx_session_settings(imap->session), KX_SET_PUBLIC_FOLDERS_SCOPE);
    gboolean of_server = strcmp(scope, "server") == 0;
    space->kind = KX_SPACE_PUBLIC;
    space->account =
        kx_store_public(kx_session_core(imap->session)->store,
                        of_server ? NULL : kx_session_user(imap->session)->domain, error);
    space->prefix = g_strdup(KX_SPACE_PREFIX_PUBLIC);
    space->user.anyone = TRUE;
    return space->account != NULL;
}

static gboolean find_archive(KxImap *imap, KxSpace *space, GError **error)
{
    space->kind = KX_SPACE_ARCHIVE;
    space->account = kx_store_archive(kx_session_core(imap->session)->store, error);
    space->prefix = g_strdup(KX_SPACE_PREFIX_ARCHIVE);
    space->user.anyone = TRUE;
    return space->account != NULL;
}

static gboolean find_foreign(KxImap *imap, const char *name, KxSpace *space, GError **error)
{
    if (*name == '~')
        return find_other(imap, name, space, error);
    if (g_str_has_prefix(name, KX_SPACE_PREFIX_PUBLIC))
        return find_public(imap, space, error);
    if (g_str_has_prefix(name, KX_SPACE_PREFIX_ARCHIVE))
        return find_archive(imap, space, error);
    return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", name);
}

gboolean kx_space_find(KxImap *imap, const char *name, KxSpace *ret_space, GError **error)
{
    g_auto(KxSpace) space = {.user = {.name = kx_session_login(imap->session)}};
    g_autoptr(KxFolderInfo) own =
        kx_space_is_foreign(name) ? kx_folder_find(imap->account, name, NULL) : NULL;
    if (!kx_space_is_foreign(name) || own) {
        space.account = kx_account_ref(imap->account);
        space.prefix = g_strdup("");
    } else if (!find_foreign(imap, name, &space, error)) {
        return FALSE;
    }
    space.user.owner = kx_space_is_owner(imap, space.kind);
    *ret_space = space;
    space = (KxSpace){0};
    return TRUE;
}

gboolean kx_space_grants(KxImap *imap, const KxSpace *space, guint right)
{
    gboolean all = kx_imap_shows_all(imap);
    g_autoptr(GPtrArray) folders = kx_folder_list(space->account, FALSE, NULL);
    for (guint i = 0; !space->user.owner && i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        if (kx_acl_rights(info->acl, &space->user) & right && kx_imap_shows(info, all))
            return TRUE;
    }
    return space->user.owner;
}

gboolean kx_space_is_visible(KxImap *imap, const KxSpace *space)
{
    return kx_space_grants(imap, space, KX_RIGHT_LOOKUP);
}

GPtrArray *kx_space_owners(KxImap *imap)
{
    KxDirectory *directory = kx_session_core(imap->session)->directory;
    const char *login = kx_session_login(imap->session);
    g_autofree char *everybody = everybody_in(kx_session_user(imap->session)->domain);
    GPtrArray *owners = kx_shares_owners(directory, login);
    g_autoptr(GPtrArray) more = kx_shares_owners(directory, everybody);
    for (guint i = 0; i < more->len; i++)
        if (strcmp(more->pdata[i], login) != 0 && !kx_shares_has(directory, more->pdata[i], login))
            g_ptr_array_add(owners, g_strdup(more->pdata[i]));
    return owners;
}
