/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/tokens.h"

#include <sodium.h>

#include "base/error.h"
#include "directory/change.h"

#define PREFIX "kx_" /* so that programs that look for leaked secrets know one */

enum {
    SECRET_BYTES = 32,
    NAME_MAX_BYTES = 100,
    TOKENS_MAX = 10000,
    USE_KEPT = 600, /* seconds that the stored time of the last use may lag */
};

typedef struct {
    KxToken token;
    gint64 owner; /* id of the user */
    char *hash;
    gint64 stored_use;
} Entry;

typedef struct {
    Entry *entry; /* the tables take that of an insert */
    const char *name;
    const char *login;
} TokenChange;

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->token.name);
    g_free(entry->token.user);
    g_free(entry->hash);
    g_free(entry);
}

void kx_token_free(KxToken *token)
{
    if (token == NULL)
        return;
    g_free(token->name);
    g_free(token->user);
    g_free(token);
}

static char *hash_of(const char *secret)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
}

GHashTable *kx_tokens_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
}

void kx_tokens_load(KxDirectory *directory, KxStmt *row)
{
    Entry *entry = g_new0(Entry, 1);
    entry->hash = g_strdup(kx_stmt_text(row, 0));
    entry->token.name = g_strdup(kx_stmt_text(row, 1));
    entry->owner = kx_stmt_int(row, 2);
    entry->token.user = g_strdup(kx_stmt_text(row, 3));
    entry->token.read_only = kx_stmt_int(row, 4) != 0;
    entry->token.created = kx_stmt_int(row, 5);
    entry->token.expires = kx_stmt_int(row, 6);
    entry->token.used = entry->stored_use = kx_stmt_int(row, 7);
    g_hash_table_insert(directory->tokens, entry->hash, entry);
}

static Entry *find_name(KxDirectory *directory, const char *name)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->tokens);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (strcmp(((Entry *)value)->token.name, name) == 0)
            return value;
    return NULL;
}

/* ---- changes ---- */

static gboolean check_name(const char *name, GError **error)
{
    gboolean good = *name != '\0' && strlen(name) <= NAME_MAX_BYTES;
    for (const char *at = name; good && *at != '\0'; at++)
        good = g_ascii_isalnum(*at) || strchr("-_.@", *at) != NULL;
    return good || kx_fail(error, KX_ERR_INVALID,
                           "the name of a token is 1 to %d letters, digits, '-', '_', '.' and '@'",
                           NAME_MAX_BYTES);
}

static gboolean check_add(KxDirectory *directory, gpointer data, GError **error)
{
    TokenChange *change = data;
    KxDomainEntry *home;
    if (!check_name(change->name, error))
        return FALSE;
    const KxUserEntry *user = kx_tables_find_user(directory, change->login, &home, error);
    if (user == NULL)
        return FALSE;
    if (find_name(directory, change->name) != NULL)
        return kx_fail(error, KX_ERR_EXISTS, "there is a token '%s' already", change->name);
    if (g_hash_table_size(directory->tokens) >= TOKENS_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are %d tokens already", TOKENS_MAX);
    change->entry->owner = user->user.id;
    change->entry->token.user = g_strdup_printf("%s@%s", user->user.name, user->user.domain);
    return TRUE;
}

static gboolean check_remove(KxDirectory *directory, gpointer data, GError **error)
{
    TokenChange *change = data;
    change->entry = find_name(directory, change->name);
    return change->entry != NULL ||
           kx_fail(error, KX_ERR_NOT_FOUND, "there is no token '%s'; keryx token list shows all",
                   change->name);
}

static gboolean store_add(KxDirectory *directory, gpointer data, GError **error)
{
    const Entry *entry = ((TokenChange *)data)->entry;
    KxStmt *stmt = kx_db_prepare(
        directory->db,
        "INSERT INTO tokens (hash, name, owner, login, read_only, created, expires, used)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, entry->hash);
    kx_stmt_bind_text(stmt, 2, entry->token.name);
    kx_stmt_bind_int(stmt, 3, entry->owner);
    kx_stmt_bind_text(stmt, 4, entry->token.user);
    kx_stmt_bind_int(stmt, 5, entry->token.read_only);
    kx_stmt_bind_int(stmt, 6, entry->token.created);
    kx_stmt_bind_int(stmt, 7, entry->token.expires);
    return kx_stmt_run(stmt, error);
}

static gboolean store_remove(KxDirectory *directory, gpointer data, GError **error)
{
    KxStmt *stmt = kx_db_prepare(directory->db, "DELETE FROM tokens WHERE hash = ?", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, ((TokenChange *)data)->entry->hash);
    return kx_stmt_run(stmt, error);
}

static void apply_add(KxDirectory *directory, gpointer data)
{
    Entry *entry = g_steal_pointer(&((TokenChange *)data)->entry);
    g_hash_table_insert(directory->tokens, entry->hash, entry);
}

static void apply_remove(KxDirectory *directory, gpointer data)
{
    g_hash_table_remove(directory->tokens, ((TokenChange *)data)->entry->hash);
}

static void describe(gpointer data, GArray *audit)
{
    const KxToken *token = &((TokenChange *)data)->entry->token;
    kx_change_audit(audit, "Name", token->name);
    kx_change_audit(audit, "User", token->user);
    kx_change_audit(audit, "Read_only", token->read_only ? "1" : "0");
}

gboolean kx_token_add(KxDirectory *directory, const KxAdmin *admin, const char *name,
                      const char *login, gboolean read_only, gint64 expires, char **ret_secret,
                      GError **error)
{
    static const KxChangeKind INSERT = {KX_AUDIT_INSERT, "Token",  check_add, store_add,
                                        apply_add,       describe, NULL};
    guint8 bytes[SECRET_BYTES];
    char text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (expires != 0 && expires <= now)
        return kx_fail(error, KX_ERR_INVALID, "the token would be over at once");
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    g_autofree char *secret = g_strconcat(PREFIX, text, NULL);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    TokenChange change = {.name = name, .login = login, .entry = g_new0(Entry, 1)};
    change.entry->hash = hash_of(secret);
    change.entry->token = (KxToken){
        .name = g_strdup(name), .read_only = read_only, .created = now, .expires = expires};
    gboolean done = kx_change_run(directory, admin, &INSERT, &change, error);
    g_clear_pointer(&change.entry, entry_free);
    if (done)
        *ret_secret = g_steal_pointer(&secret);
    return done;
}

gboolean kx_token_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                         GError **error)
{
    static const KxChangeKind DELETE = {KX_AUDIT_DELETE, "Token",  check_remove, store_remove,
                                        apply_remove,    describe, NULL};
    TokenChange change = {.name = name};
    return kx_change_run(directory, admin, &DELETE, &change, error);
}

/* ---- a user is removed ---- */

gboolean kx_tokens_store_forget(KxDirectory *directory, gint64 owner, GError **error)
{
    return kx_change_run_id(directory->db, "DELETE FROM tokens WHERE owner = ?", owner, error);
}

void kx_tokens_forget(KxDirectory *directory, gint64 owner)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->tokens);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Entry *)value)->owner == owner)
            g_hash_table_iter_remove(&iter);
}

/* ---- reading ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const KxToken *const *)a)->name, (*(const KxToken *const *)b)->name);
}

GPtrArray *kx_token_list(KxDirectory *directory)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_token_free);
    GHashTableIter iter;
    gpointer value;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->tokens);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxToken *copy = g_memdup2(&((Entry *)value)->token, sizeof(KxToken));
        copy->name = g_strdup(copy->name);
        copy->user = g_strdup(copy->user);
        g_ptr_array_add(list, copy);
    }
    kx_rw_lock_unlock(&directory->lock);
    g_ptr_array_sort(list, compare_names);
    return list;
}

/* ---- use ---- */

typedef struct {
    char *login; /* NULL: there is no such token */
    gint64 owner;
    gboolean read_only, store;
} Found;

/* Also keeps the time. */
static Found find(KxDirectory *directory, const char *hash, gint64 now)
{
    Found found = {0};
    kx_rw_lock_read(&directory->lock);
    Entry *entry = g_hash_table_lookup(directory->tokens, hash);
    if (entry != NULL && (entry->token.expires == 0 || entry->token.expires > now))
        found = (Found){g_strdup(entry->token.user), entry->owner, entry->token.read_only,
                        now - entry->stored_use >= USE_KEPT};
    kx_rw_lock_unlock(&directory->lock);
    return found;
}

/* A failure costs a time that is too early, no more. */
static void keep_use(KxDirectory *directory, const char *hash, gint64 now)
{
    pthread_mutex_lock(&directory->changing);
    KxStmt *stmt = kx_db_prepare(directory->db, "UPDATE tokens SET used = ? WHERE hash = ?", NULL);
    if (stmt != NULL) {
        kx_stmt_bind_int(stmt, 1, now);
        kx_stmt_bind_text(stmt, 2, hash);
        kx_stmt_run(stmt, NULL);
    }
    kx_rw_lock_write(&directory->lock);
    Entry *entry = g_hash_table_lookup(directory->tokens, hash);
    if (entry != NULL)
        entry->token.used = entry->stored_use = now;
    kx_rw_lock_unlock(&directory->lock);
    pthread_mutex_unlock(&directory->changing);
}

KxUser *kx_token_use(KxDirectory *directory, const char *secret, gboolean *ret_read_only)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *hash = hash_of(secret);
    Found found = find(directory, hash, now);
    g_autofree char *login = found.login;
    g_autoptr(KxUser) user = login != NULL ? kx_user_get(directory, login, NULL) : NULL;
    if (user == NULL || user->id != found.owner || user->disabled)
        return NULL;
    if (found.store)
        keep_use(directory, hash, now);
    *ret_read_only = found.read_only;
    return g_steal_pointer(&user);
}
