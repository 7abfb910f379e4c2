/* SPDX-License-Identifier: Apache-2.0 */
/* Who shares folders with whom, as a hint; see directory.h. No change of the configuration, so no
 * line in the Config log. */
#include "base/error.h"
#include "directory/change.h"

void kx_shares_insert(KxDirectory *directory, const char *owner, const char *identifier)
{
    GHashTable *owners = g_hash_table_lookup(directory->shares, identifier);
    if (owners == NULL) {
        owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(directory->shares, g_strdup(identifier), owners);
    }
    g_hash_table_add(owners, g_strdup(owner));
}

static void take_out(KxDirectory *directory, const char *owner, const char *identifier)
{
    GHashTable *owners = g_hash_table_lookup(directory->shares, identifier);
    if (owners != NULL)
        g_hash_table_remove(owners, owner);
    if (owners != NULL && g_hash_table_size(owners) == 0)
        g_hash_table_remove(directory->shares, identifier);
}

static gboolean run(KxDb *db, const char *sql, const char *first, const char *second,
                    GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, first);
    kx_stmt_bind_text(stmt, 2, second);
    return kx_stmt_run(stmt, error);
}

typedef void (*Apply)(KxDirectory *directory, const char *owner, const char *identifier);

static gboolean change(KxDirectory *directory, const char *sql, Apply apply, const char *owner,
                       const char *identifier, GError **error)
{
    pthread_mutex_lock(&directory->changing);
    gboolean done = run(directory->db, sql, owner, identifier, error);
    if (done) {
        kx_rw_lock_write(&directory->lock);
        apply(directory, owner, identifier);
        kx_rw_lock_unlock(&directory->lock);
    }
    pthread_mutex_unlock(&directory->changing);
    return done;
}

gboolean kx_shares_add(KxDirectory *directory, const char *owner, const char *identifier,
                       GError **error)
{
    return kx_shares_has(directory, owner, identifier) ||
           change(directory,
                  "INSERT INTO shares (owner, identifier) VALUES (?, ?) ON CONFLICT DO NOTHING",
                  kx_shares_insert, owner, identifier, error);
}

gboolean kx_shares_remove(KxDirectory *directory, const char *owner, const char *identifier,
                          GError **error)
{
    return !kx_shares_has(directory, owner, identifier) ||
           change(directory, "DELETE FROM shares WHERE owner = ? AND identifier = ?", take_out,
                  owner, identifier, error);
}

gboolean kx_shares_has(KxDirectory *directory, const char *owner, const char *identifier)
{
    kx_rw_lock_read(&directory->lock);
    GHashTable *owners = g_hash_table_lookup(directory->shares, identifier);
    gboolean has = owners != NULL && g_hash_table_contains(owners, owner);
    kx_rw_lock_unlock(&directory->lock);
    return has;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *kx_shares_owners(KxDirectory *directory, const char *identifier)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer owner;
    kx_rw_lock_read(&directory->lock);
    GHashTable *owners = g_hash_table_lookup(directory->shares, identifier);
    if (owners != NULL) {
        g_hash_table_iter_init(&iter, owners);
        while (g_hash_table_iter_next(&iter, &owner, NULL))
            g_ptr_array_add(list, g_strdup(owner));
    }
    kx_rw_lock_unlock(&directory->lock);
    g_ptr_array_sort(list, compare);
    return list;
}

/* ---- a user is removed ---- */

gboolean kx_shares_store_forget(KxDirectory *directory, const char *user, GError **error)
{
    return run(directory->db, "DELETE FROM shares WHERE owner = ? OR identifier = ?", user, user,
               error);
}

void kx_shares_forget(KxDirectory *directory, const char *user)
{
    GHashTableIter iter;
    gpointer owners;
    g_hash_table_remove(directory->shares, user);
    g_hash_table_iter_init(&iter, directory->shares);
    while (g_hash_table_iter_next(&iter, NULL, &owners)) {
        g_hash_table_remove(owners, user);
        if (g_hash_table_size(owners) == 0)
            g_hash_table_iter_remove(&iter);
    }
}
