/* SPDX-License-Identifier: Apache-2.0 */
/* Issued secrets as they are used and looked at. */
#include <sodium.h>

#include "directory/issued-private.h"
#include "directory/object.h"

static gboolean is_over(const KxIssued *issued, gint64 now)
{
    return issued->expires != 0 && issued->expires <= now;
}

static void note_use(KxIssuedTable *table, KxIssuedEntry *entry, const KxIssuedUse *use, gint64 now)
{
    kx_mutex_lock(&table->use_lock);
    KxIssued *issued = &entry->issued;
    issued->used = now;
    g_free(issued->used_for);
    g_free(issued->used_from);
    issued->used_for = g_strdup(use->service);
    issued->used_from = g_strdup(use->ip);
    entry->unsaved = table->unsaved = TRUE;
    kx_mutex_unlock(&table->use_lock);
}

/* Why not; NULL if it may. */
static const char *find_fault(const KxIssuedEntry *entry, const KxUserEntry *user,
                              const KxIssuedUse *use, gint64 now)
{
    gboolean token = use->kind == KX_ISSUED_TOKEN;
    if (user == NULL || user->user.id != entry->owner)
        return token ? "the token is another user's" : "the application password is another user's";
    if (user->user.disabled)
        return "the account is disabled";
    if (is_over(&entry->issued, now))
        return token ? "the token is over" : "the application password is over";
    if (!(entry->issued.scopes & use->scope))
        return token ? "the token is not for this service"
                     : "the application password is not for this service";
    return NULL;
}

/* With the tables locked. */
static KxUserEntry *find_user(KxDirectory *directory, const KxIssuedUse *use,
                              const KxIssuedEntry *entry)
{
    KxDomainEntry *home;
    return use->login != NULL ? kx_tables_find_login(directory, use->login, use->local_ip)
                              : kx_tables_find_user(directory, entry->issued.user, &home, NULL);
}

KxUser *kx_issued_use(KxDirectory *directory, const KxIssuedUse *use, gint64 *ret_id,
                      gboolean *ret_read_only, const char **ret_reason)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *hash = kx_issued_hash(use->kind, use->secret);
    KxUser *user = NULL;
    *ret_reason = NULL;
    if (hash == NULL)
        return NULL;
    kx_rw_lock_read(&directory->lock);
    KxIssuedEntry *entry = g_hash_table_lookup(directory->issued->by_hash, hash);
    if (entry != NULL && entry->issued.kind == use->kind) {
        const KxUserEntry *owner = find_user(directory, use, entry);
        *ret_reason = find_fault(entry, owner, use, now);
        if (*ret_reason == NULL) {
            note_use(directory->issued, entry, use, now);
            user = (KxUser *)(void *)kx_entry_copy(&kx_type_user, &owner->entry);
            if (ret_id != NULL)
                *ret_id = entry->issued.id;
            if (ret_read_only != NULL)
                *ret_read_only = entry->issued.read_only;
        }
    }
    kx_rw_lock_unlock(&directory->lock);
    return user;
}

gboolean kx_issued_exists(KxDirectory *directory, KxIssuedKind kind, const char *secret)
{
    g_autofree char *hash = kx_issued_hash(kind, secret);
    if (hash == NULL)
        return FALSE;
    kx_rw_lock_read(&directory->lock);
    const KxIssuedEntry *entry = g_hash_table_lookup(directory->issued->by_hash, hash);
    gboolean exists = entry != NULL && entry->issued.kind == kind;
    kx_rw_lock_unlock(&directory->lock);
    return exists;
}

gboolean kx_issued_holds(KxDirectory *directory, gint64 id)
{
    kx_rw_lock_read(&directory->lock);
    const KxIssuedEntry *entry = g_hash_table_lookup(directory->issued->by_id, &id);
    gboolean holds = entry != NULL && !is_over(&entry->issued, g_get_real_time() / G_USEC_PER_SEC);
    kx_rw_lock_unlock(&directory->lock);
    return holds;
}

/* ---- looking ---- */

static int compare(gconstpointer a, gconstpointer b)
{
    const KxIssued *left = *(KxIssued *const *)a, *right = *(KxIssued *const *)b;
    int order = left->kind == KX_ISSUED_TOKEN ? 0 : strcmp(left->user, right->user);
    return order != 0 ? order : strcmp(left->name, right->name);
}

static KxIssued *copy(KxIssuedTable *table, const KxIssuedEntry *entry)
{
    kx_mutex_lock(&table->use_lock);
    KxIssued *issued = g_memdup2(&entry->issued, sizeof entry->issued);
    issued->name = g_strdup(issued->name);
    issued->user = g_strdup(issued->user);
    issued->used_for = g_strdup(issued->used_for);
    issued->used_from = g_strdup(issued->used_from);
    kx_mutex_unlock(&table->use_lock);
    return issued;
}

GPtrArray *kx_issued_list(KxDirectory *directory, KxIssuedKind kind, const char *user,
                          GError **error)
{
    KxDomainEntry *home;
    GHashTableIter iter;
    gpointer value;
    GPtrArray *list = NULL;
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *owner =
        user != NULL ? kx_tables_find_user(directory, user, &home, error) : NULL;
    if (owner != NULL || user == NULL) {
        list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_issued_free);
        g_hash_table_iter_init(&iter, directory->issued->by_hash);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            const KxIssuedEntry *entry = value;
            if (entry->issued.kind == kind && (user == NULL || entry->owner == owner->user.id))
                g_ptr_array_add(list, copy(directory->issued, entry));
        }
        g_ptr_array_sort(list, compare);
    }
    kx_rw_lock_unlock(&directory->lock);
    return list;
}

/* ---- storing ---- */

static gboolean store_use(KxDb *db, KxIssuedEntry *entry, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db, "UPDATE issued SET used = ?, used_for = ?, used_from = ? WHERE id = ?", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, entry->issued.used);
    kx_stmt_bind_text(stmt, 2, entry->issued.used_for);
    kx_stmt_bind_text(stmt, 3, entry->issued.used_from);
    kx_stmt_bind_int(stmt, 4, entry->issued.id);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    entry->unsaved = FALSE;
    return TRUE;
}

static gboolean store_uses(KxDirectory *directory, GError **error)
{
    KxIssuedTable *table = directory->issued;
    GHashTableIter iter;
    gpointer value;
    gboolean ok = TRUE;
    g_hash_table_iter_init(&iter, table->by_hash);
    while (ok && g_hash_table_iter_next(&iter, NULL, &value)) {
        kx_mutex_lock(&table->use_lock);
        if (((KxIssuedEntry *)value)->unsaved)
            ok = store_use(directory->db, value, error);
        kx_mutex_unlock(&table->use_lock);
    }
    return ok;
}

/* What was rolled back is stored another time. */
static void mark_unsaved(KxIssuedTable *table)
{
    GHashTableIter iter;
    gpointer value;
    kx_mutex_lock(&table->use_lock);
    table->unsaved = TRUE;
    g_hash_table_iter_init(&iter, table->by_hash);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((KxIssuedEntry *)value)->unsaved = ((KxIssuedEntry *)value)->issued.used != 0;
    kx_mutex_unlock(&table->use_lock);
}

gboolean kx_issued_flush(KxDirectory *directory, GError **error)
{
    KxIssuedTable *table = directory->issued;
    kx_mutex_lock(&table->use_lock);
    gboolean some = table->unsaved;
    table->unsaved = FALSE;
    kx_mutex_unlock(&table->use_lock);
    if (!some)
        return TRUE;
    if (!kx_db_begin(directory->db, error))
        return FALSE;
    if (store_uses(directory, error) && kx_db_commit(directory->db, error))
        return TRUE;
    kx_db_rollback(directory->db);
    mark_unsaved(table);
    return FALSE;
}
