/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/sign-ins.h"

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/issued.h"

/* What was noted and is not stored yet, of one user and service. */
typedef struct {
    gint64 user;
    char *service;
    gint64 last;
    guint64 count;
    char *address;
} Noted;

static guint noted_hash(gconstpointer data)
{
    const Noted *noted = data;
    return g_int64_hash(&noted->user) ^ g_str_hash(noted->service);
}

static gboolean noted_equal(gconstpointer a, gconstpointer b)
{
    const Noted *left = a, *right = b;
    return left->user == right->user && strcmp(left->service, right->service) == 0;
}

static void noted_free(gpointer data)
{
    Noted *noted = data;
    g_free(noted->service);
    g_free(noted->address);
    g_free(noted);
}

static GHashTable *new_table(void)
{
    return g_hash_table_new_full(noted_hash, noted_equal, NULL, noted_free);
}

void kx_sign_ins_init(KxSignIns *sign_ins)
{
    kx_mutex_init(&sign_ins->lock);
    sign_ins->noted = new_table();
}

void kx_sign_ins_clear(KxSignIns *sign_ins)
{
    g_hash_table_unref(sign_ins->noted);
    kx_mutex_clear(&sign_ins->lock);
}

/* ---- noting ---- */

/* With the lock. */
static Noted *noted_of(KxSignIns *sign_ins, gint64 user, const char *service)
{
    Noted key = {.user = user, .service = (char *)service};
    Noted *noted = g_hash_table_lookup(sign_ins->noted, &key);
    if (noted != NULL)
        return noted;
    noted = g_new0(Noted, 1);
    noted->user = user;
    noted->service = g_strdup(service);
    g_hash_table_insert(sign_ins->noted, noted, noted);
    return noted;
}

static void count_in(KxSignIns *sign_ins, const Noted *more)
{
    Noted *noted = noted_of(sign_ins, more->user, more->service);
    noted->count += more->count;
    if (more->last < noted->last)
        return;
    noted->last = more->last;
    g_free(noted->address);
    noted->address = g_strdup(more->address);
}

void kx_sign_ins_note(KxDirectory *directory, const KxUser *user, const char *service,
                      const char *address)
{
    Noted now = {.user = user->id,
                 .service = (char *)service,
                 .last = g_get_real_time() / G_USEC_PER_SEC,
                 .count = 1,
                 .address = (char *)address};
    kx_mutex_lock(&directory->sign_ins.lock);
    count_in(&directory->sign_ins, &now);
    kx_mutex_unlock(&directory->sign_ins.lock);
}

/* ---- storing ---- */

/* Not of users who were removed meanwhile. */
static gboolean store_one(KxDb *db, const Noted *noted, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db,
        "INSERT INTO sign_ins (owner, service, last, count, address) SELECT id, ?, ?, ?, ?"
        " FROM users WHERE id = ? ON CONFLICT (owner, service) DO UPDATE SET last = excluded.last,"
        " count = count + excluded.count, address = excluded.address",
        error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, noted->service);
    kx_stmt_bind_int(stmt, 2, noted->last);
    kx_stmt_bind_int(stmt, 3, (gint64)noted->count);
    kx_stmt_bind_text(stmt, 4, noted->address);
    kx_stmt_bind_int(stmt, 5, noted->user);
    return kx_stmt_run(stmt, error);
}

static gboolean store_all(KxDb *db, GHashTable *table, GError **error)
{
    GHashTableIter iter;
    gpointer noted;
    if (!kx_db_begin(db, error))
        return FALSE;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &noted))
        if (!store_one(db, noted, error)) {
            kx_db_rollback(db);
            return FALSE;
        }
    if (kx_db_commit(db, error))
        return TRUE;
    kx_db_rollback(db);
    return FALSE;
}

/* What could not be stored is noted again. */
static void put_back(KxSignIns *sign_ins, GHashTable *table)
{
    GHashTableIter iter;
    gpointer noted;
    kx_mutex_lock(&sign_ins->lock);
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &noted))
        count_in(sign_ins, noted);
    kx_mutex_unlock(&sign_ins->lock);
}

/* With `changing`, so that no user goes meanwhile. */
static gboolean flush(KxDirectory *directory, GError **error)
{
    KxSignIns *sign_ins = &directory->sign_ins;
    kx_mutex_lock(&sign_ins->lock);
    g_autoptr(GHashTable) table = g_steal_pointer(&sign_ins->noted);
    sign_ins->noted = new_table();
    kx_mutex_unlock(&sign_ins->lock);
    gboolean ok = g_hash_table_size(table) == 0 || store_all(directory->db, table, error);
    if (!ok)
        put_back(sign_ins, table);
    return ok && kx_issued_flush(directory, error);
}

gboolean kx_sign_ins_flush(KxDirectory *directory, GError **error)
{
    pthread_mutex_lock(&directory->changing);
    gboolean ok = flush(directory, error);
    pthread_mutex_unlock(&directory->changing);
    return ok;
}

/* ---- a user is removed ---- */

gboolean kx_sign_ins_store_forget(KxDirectory *directory, gint64 user, GError **error)
{
    KxStmt *stmt = kx_db_prepare(directory->db, "DELETE FROM sign_ins WHERE owner = ?", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, user);
    return kx_stmt_run(stmt, error);
}

static gboolean is_of(gpointer key, gpointer value G_GNUC_UNUSED, gpointer user)
{
    return ((const Noted *)key)->user == *(const gint64 *)user;
}

void kx_sign_ins_forget(KxDirectory *directory, gint64 user)
{
    kx_mutex_lock(&directory->sign_ins.lock);
    g_hash_table_foreach_remove(directory->sign_ins.noted, is_of, &user);
    kx_mutex_unlock(&directory->sign_ins.lock);
}

/* ---- looking ---- */

void kx_sign_in_free(KxSignIn *sign_in)
{
    if (sign_in == NULL)
        return;
    g_free(sign_in->login);
    g_free(sign_in->service);
    g_free(sign_in->address);
    g_free(sign_in);
}

/* With `changing`. Adds those of one user. */
static gboolean read_user(KxDirectory *directory, const KxUser *user, GPtrArray *list,
                          GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        directory->db,
        "SELECT service, last, count, address FROM sign_ins WHERE owner = ? ORDER BY service",
        error);
    int rc = -1;
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, user->id);
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        KxSignIn *sign_in = g_new0(KxSignIn, 1);
        sign_in->login = g_strdup_printf("%s@%s", user->name, user->domain);
        sign_in->service = g_strdup(kx_stmt_text(stmt, 0));
        sign_in->last = kx_stmt_int(stmt, 1);
        sign_in->count = (guint64)kx_stmt_int(stmt, 2);
        sign_in->address = g_strdup(kx_stmt_text(stmt, 3));
        g_ptr_array_add(list, sign_in);
    }
    return rc == 0;
}

static GPtrArray *read_users(KxDirectory *directory, const GPtrArray *users, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_sign_in_free);
    pthread_mutex_lock(&directory->changing);
    gboolean ok = flush(directory, error);
    for (guint i = 0; ok && i < users->len; i++)
        ok = read_user(directory, users->pdata[i], list, error);
    pthread_mutex_unlock(&directory->changing);
    return ok ? g_steal_pointer(&list) : NULL;
}

GPtrArray *kx_sign_ins_of_user(KxDirectory *directory, const char *login, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(directory, login, error);
    g_autoptr(GPtrArray) users = g_ptr_array_new();
    g_ptr_array_add(users, user);
    return user != NULL ? read_users(directory, users, error) : NULL;
}

GPtrArray *kx_sign_ins_list(KxDirectory *directory, const char *domain, GError **error)
{
    g_autoptr(GPtrArray) users = kx_user_list(directory, domain, error);
    return users != NULL ? read_users(directory, users, error) : NULL;
}
