/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/clean.h"

#include <unistd.h>

#include "base/error.h"
#include "store/aged.h"
#include "store/change.h"
#include "store/kept.h"
#include "store/view.h"

enum { DAY_SECONDS = 24 * 60 * 60 };

static gint64 days_ago(guint64 days)
{
    return g_get_real_time() / G_USEC_PER_SEC - (gint64)days * DAY_SECONDS;
}

/* ---- one folder ---- */

static gboolean clean_items(KxAccount *account, const KxFolderInfo *info, guint64 days,
                            KxCleaned *cleaned, GError **error)
{
    if (info->messages == 0)
        return TRUE;
    g_autoptr(GArray) aged =
        kx_folder_aged(account, info->id, days_ago(days), KX_CLEAN_PER_FOLDER, error);
    if (!aged || aged->len == 0)
        return aged != NULL;
    g_autoptr(KxFolder) folder = kx_folder_open(account, info->path, error);
    g_autoptr(GArray) gone = NULL;
    if (!folder || !kx_folder_expunge(folder, (const guint32 *)(void *)aged->data, aged->len, TRUE,
                                      NULL, &gone, error))
        return FALSE;
    cleaned->items += gone->len;
    return TRUE;
}

/* Of a subfolder; a message may arrive just now, or a subfolder be made. */
static gboolean drop_if_empty(KxAccount *account, const char *path, KxCleaned *cleaned,
                              GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(KxFolderInfo) now = kx_folder_find(account, path, NULL);
    if (!now || now->messages > 0 || now->has_children)
        return TRUE;
    if (kx_folder_delete_empty(account, path, &problem)) {
        cleaned->folders++;
        return TRUE;
    }
    if (g_error_matches(problem, KX_ERROR, KX_ERR_IN_USE) ||
        g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* ---- a folder with what is below it ---- */

/* Folders come sorted, each before what is below it, so subfolders are looked at from the end. */
static gboolean clean_below(KxAccount *account, const GPtrArray *folders, const char *top,
                            guint64 days, KxCleaned *cleaned, GError **error)
{
    g_autofree char *below = g_strconcat(top, "/", NULL);
    for (guint i = folders->len; i > 0; i--) {
        const KxFolderInfo *info = folders->pdata[i - 1];
        gboolean sub = g_str_has_prefix(info->path, below);
        if (!sub && !g_str_equal(info->path, top))
            continue;
        if (!clean_items(account, info, days, cleaned, error) ||
            (sub && !drop_if_empty(account, info->path, cleaned, error)))
            return FALSE;
    }
    return TRUE;
}

static gboolean clean_use(KxAccount *account, guint use, guint64 days, KxCleaned *cleaned,
                          GError **error)
{
    g_autoptr(GPtrArray) folders = days > 0 ? kx_folder_list(account, TRUE, error) : NULL;
    if (!folders)
        return days == 0;
    for (guint i = 0; i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        if (info->special_use & use &&
            !clean_below(account, folders, info->path, days, cleaned, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- mailboxes ---- */

gboolean kx_clean_mailbox(KxStore *store, KxDirectory *directory, const KxUser *user,
                          KxCleaned *cleaned, GError **error)
{
    KxMailboxRules rules;
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autofree char *path = g_build_filename("store/mail", user->domain, user->name, NULL);
    if (!kx_user_rules(directory, login, &rules) || access(path, F_OK) < 0)
        return TRUE;
    if (rules.clean_junk_days > 0 || rules.clean_trash_days > 0) {
        g_autoptr(KxAccount) account = kx_store_existing_account(store, login, error);
        if (!account || !clean_use(account, KX_USE_JUNK, rules.clean_junk_days, cleaned, error) ||
            !clean_use(account, KX_USE_TRASH, rules.clean_trash_days, cleaned, error))
            return FALSE;
    }
    gint64 before = rules.keep_deleted_days > 0 ? days_ago(rules.keep_deleted_days) : G_MAXINT64;
    cleaned->expired += kx_store_expire_kept(store, user->domain, user->name, before);
    return TRUE;
}

gboolean kx_clean_all(KxStore *store, KxDirectory *directory, KxLogger *logger, const char *domain,
                      KxCleanStop stop, gpointer data, KxCleaned *cleaned, GError **error)
{
    g_autoptr(GPtrArray) users = kx_user_list(directory, domain, error);
    for (guint i = 0; users && i < users->len && !(stop && stop(data)); i++) {
        g_autoptr(GError) problem = NULL;
        const KxUser *user = users->pdata[i];
        if (!kx_clean_mailbox(store, directory, user, cleaned, &problem))
            kx_log(logger, KX_LOG_ERROR, "The mailbox of %s@%s could not be cleaned up: %s",
                   user->name, user->domain, problem->message);
    }
    return users != NULL;
}
