/* SPDX-License-Identifier: Apache-2.0 */
/* Users: reading and changing (DOM-02, USR-11 to USR-16, USR-22). */
#include "base/error.h"
#include "directory/change.h"
#include "directory/credentials.h"
#include "directory/fields.h"
#include "directory/names.h"

typedef struct {
    const char *login;
    KxFieldValues values;
    KxCredentials *credentials; /* of a new password */
    KxDomainEntry *home;        /* in the tables */
    KxUserEntry *old;           /* of an update or removal; in the tables */
    KxUserEntry *next;          /* of an insert or update; the tables take it */
    char *name, *domain;        /* for the Config line */
} UserChange;

static void user_change_clear(UserChange *change)
{
    kx_field_values_clear(&change->values);
    g_clear_pointer(&change->credentials, kx_credentials_free);
    g_clear_pointer(&change->next, kx_user_entry_free);
    g_clear_pointer(&change->name, g_free);
    g_clear_pointer(&change->domain, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UserChange, user_change_clear)

/* ---- reading ---- */

KxUser *kx_user_get(KxDirectory *directory, const char *login, GError **error)
{
    KxDomainEntry *home = NULL;
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_user(directory, login, &home, error);
    KxUser *user = entry != NULL ? kx_user_copy(&entry->user) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return user;
}

gboolean kx_user_quotas(KxDirectory *directory, const char *login, guint64 *ret_bytes,
                        guint64 *ret_items)
{
    KxDomainEntry *home = NULL;
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_user(directory, login, &home, NULL);
    if (entry != NULL) {
        *ret_bytes = entry->user.quota;
        *ret_items = entry->user.quota_items;
    }
    kx_rw_lock_unlock(&directory->lock);
    return entry != NULL;
}

static int compare_users(gconstpointer a, gconstpointer b)
{
    const KxUser *left = *(const KxUser *const *)a, *right = *(const KxUser *const *)b;
    int order = strcmp(left->domain, right->domain);
    return order != 0 ? order : strcmp(left->name, right->name);
}

static void list_domain(KxDomainEntry *home, GPtrArray *list)
{
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, home->users);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        g_ptr_array_add(list, kx_user_copy(&((KxUserEntry *)entry)->user));
}

static gboolean list_all(KxDirectory *directory, GPtrArray *list)
{
    GHashTableIter iter;
    gpointer home;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &home))
        list_domain(home, list);
    return TRUE;
}

static gboolean list_one(KxDirectory *directory, const char *domain, GPtrArray *list,
                         GError **error)
{
    KxDomainEntry *home = kx_tables_find_domain(directory, domain, error);
    if (home != NULL)
        list_domain(home, list);
    return home != NULL;
}

GPtrArray *kx_user_list(KxDirectory *directory, const char *domain, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_user_free);
    kx_rw_lock_read(&directory->lock);
    gboolean found =
        domain != NULL ? list_one(directory, domain, list, error) : list_all(directory, list);
    kx_rw_lock_unlock(&directory->lock);
    if (!found)
        return NULL;
    g_ptr_array_sort(list, compare_users);
    return g_steal_pointer(&list);
}

/* ---- checks ---- */

/* Account names and further addresses share one space in a domain. `self` is the account the
 * address is meant for, or NULL. */
static gboolean check_address_free(KxDomainEntry *home, const char *local, KxUserEntry *self,
                                   GError **error)
{
    g_autofree char *key = kx_name_fold(local);
    KxUserEntry *owner = g_hash_table_lookup(home->users, key);
    if (owner != NULL)
        return kx_fail(error, KX_ERR_EXISTS, "there is a user '%s@%s' already", owner->user.name,
                       home->domain.name);
    owner = g_hash_table_lookup(home->addresses, key);
    if (owner != NULL && owner != self)
        return kx_fail(error, KX_ERR_EXISTS, "the address '%s@%s' belongs to the user '%s' already",
                       local, home->domain.name, owner->user.name);
    return TRUE;
}

/* Entries that differ only in case are one. */
static char **unique_addresses(const KxFieldValues *values)
{
    g_auto(GStrv) given = kx_field_values_list(values, KX_FIELD_USER_ADDRESSES);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *list = g_ptr_array_new();
    for (guint i = 0; given[i] != NULL; i++)
        if (g_hash_table_add(seen, kx_name_fold(given[i])))
            g_ptr_array_add(list, g_strdup(given[i]));
    g_ptr_array_add(list, NULL);
    char **addresses = (char **)g_ptr_array_free(list, FALSE);
    kx_strv_sort(addresses);
    return addresses;
}

static void take_text(const KxFieldValues *values, KxFieldId id, char **text)
{
    if (!values->given[id])
        return;
    g_free(*text);
    *text = g_strdup(values->text[id] != NULL ? values->text[id] : "");
}

static void take_bool(const KxFieldValues *values, KxFieldId id, gboolean *value)
{
    if (values->given[id])
        *value = kx_field_values_bool(values, id);
}

static KxOverride override_of(const KxFieldValues *values, KxFieldId id)
{
    if (values->text[id] == NULL)
        return KX_OVERRIDE_NONE;
    return kx_field_values_bool(values, id) ? KX_OVERRIDE_YES : KX_OVERRIDE_NO;
}

static gboolean take_values(UserChange *change, GError **error)
{
    KxUserEntry *next = change->next;
    const KxFieldValues *values = &change->values;
    take_text(values, KX_FIELD_USER_NAME, &next->user.full_name);
    take_text(values, KX_FIELD_USER_DESCRIPTION, &next->user.description);
    take_bool(values, KX_FIELD_USER_DISABLED, &next->user.disabled);
    take_bool(values, KX_FIELD_USER_PUBLIC_FOLDERS, &next->user.public_folders);
    take_bool(values, KX_FIELD_USER_ARCHIVE_FOLDERS, &next->user.archive_folders);
    if (values->given[KX_FIELD_USER_FULL_LISTING])
        next->user.full_listing = override_of(values, KX_FIELD_USER_FULL_LISTING);
    if (values->given[KX_FIELD_USER_QUOTA])
        next->user.quota = kx_field_values_number(values, KX_FIELD_USER_QUOTA);
    if (values->given[KX_FIELD_USER_QUOTA_ITEMS])
        next->user.quota_items = kx_field_values_number(values, KX_FIELD_USER_QUOTA_ITEMS);
    if (values->given[KX_FIELD_USER_PASSWORD]) {
        g_free(next->verifier);
        next->verifier =
            change->credentials != NULL ? g_strdup(change->credentials->argon2id) : NULL;
    }
    if (!values->given[KX_FIELD_USER_ADDRESSES])
        return TRUE;
    g_strfreev(next->user.addresses);
    next->user.addresses = unique_addresses(values);
    for (guint i = 0; next->user.addresses[i] != NULL; i++) {
        const char *local = next->user.addresses[i];
        g_autofree char *key = kx_name_fold(local);
        if (strcmp(key, next->key) == 0)
            return kx_fail(error, KX_ERR_INVALID,
                           "addresses: '%s' is the name of the account and an address already",
                           local);
        if (!check_address_free(change->home, local, change->old, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_insert(KxDirectory *directory, gpointer data, GError **error)
{
    UserChange *change = data;
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(change->login, &local, &domain))
        return kx_fail(error, KX_ERR_INVALID, "'%.100s' is not a user name (user@domain)",
                       change->login);
    change->home =
        domain != NULL ? kx_tables_find_domain(directory, domain, error) : directory->primary;
    if (change->home == NULL)
        return domain != NULL
                   ? FALSE
                   : kx_fail(error, KX_ERR_NOT_FOUND, "there is no domain; add one first");
    change->name = kx_name_account(local, error);
    if (change->name == NULL || !check_address_free(change->home, change->name, NULL, error))
        return FALSE;
    change->domain = g_strdup(change->home->domain.name);
    char *none[] = {NULL}, empty[] = "";
    KxUser user = {.name = change->name,
                   .domain = change->domain,
                   .full_name = empty,
                   .description = empty,
                   .addresses = none};
    change->next = kx_user_entry_new(&user, NULL);
    return take_values(change, error);
}

static gboolean check_existing(KxDirectory *directory, UserChange *change, GError **error)
{
    change->old = kx_tables_find_user(directory, change->login, &change->home, error);
    if (change->old == NULL)
        return FALSE;
    change->name = g_strdup(change->old->user.name);
    change->domain = g_strdup(change->old->user.domain);
    return TRUE;
}

static gboolean check_update(KxDirectory *directory, gpointer data, GError **error)
{
    UserChange *change = data;
    if (!check_existing(directory, change, error))
        return FALSE;
    change->next = kx_user_entry_new(&change->old->user, change->old->verifier);
    return take_values(change, error);
}

static gboolean check_delete(KxDirectory *directory, gpointer data, GError **error)
{
    return check_existing(directory, data, error);
}

/* ---- storing ---- */

static gboolean next_generation(KxDb *db, guint *ret_generation, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db, "UPDATE counters SET value = value + 1 WHERE name = 'generation' RETURNING value",
        error);
    if (stmt == NULL)
        return FALSE;
    int rc = kx_stmt_step(stmt, error);
    if (rc == 0)
        return kx_fail(error, KX_ERR_CORRUPT, "the generation counter is missing");
    if (rc < 0)
        return FALSE;
    *ret_generation = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return TRUE;
}

static gboolean store_address(KxDb *db, const UserChange *change, const char *address,
                              gboolean is_name, GError **error)
{
    g_autofree char *key = kx_name_fold(address);
    KxStmt *stmt = kx_db_prepare(db,
                                 "INSERT INTO user_addresses (domain, key, owner, address, is_name)"
                                 " VALUES (?, ?, ?, ?, ?)",
                                 error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, change->home->domain.id);
    kx_stmt_bind_text(stmt, 2, key);
    kx_stmt_bind_int(stmt, 3, change->next->user.id);
    kx_stmt_bind_text(stmt, 4, address);
    kx_stmt_bind_int(stmt, 5, is_name);
    return kx_stmt_run(stmt, error);
}

static gboolean store_addresses(KxDb *db, const UserChange *change, GError **error)
{
    const KxUser *user = &change->next->user;
    if (!kx_change_run_id(db, "DELETE FROM user_addresses WHERE owner = ?", user->id, error) ||
        !store_address(db, change, user->name, TRUE, error))
        return FALSE;
    for (guint i = 0; user->addresses[i] != NULL; i++)
        if (!store_address(db, change, user->addresses[i], FALSE, error))
            return FALSE;
    return TRUE;
}

static gboolean store_credential(KxDb *db, gint64 owner, const char *kind, const char *value,
                                 GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db, "INSERT INTO credentials (owner, kind, value) VALUES (?, ?, ?)", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, owner);
    kx_stmt_bind_text(stmt, 2, kind);
    kx_stmt_bind_text(stmt, 3, value);
    return kx_stmt_run(stmt, error);
}

static gboolean store_credentials(KxDb *db, const UserChange *change, GError **error)
{
    gint64 owner = change->next->user.id;
    const KxCredentials *new = change->credentials;
    if (!change->values.given[KX_FIELD_USER_PASSWORD])
        return TRUE;
    if (!kx_change_run_id(db, "DELETE FROM credentials WHERE owner = ?", owner, error))
        return FALSE;
    return new == NULL ||
           (store_credential(db, owner, "argon2id", new->argon2id, error) &&
            store_credential(db, owner, "scram-sha-256", new->scram_sha_256, error) &&
            store_credential(db, owner, "scram-sha-1", new->scram_sha_1, error));
}

static gboolean store_row(KxDb *db, const char *sql, const UserChange *change, gint64 key,
                          GError **error)
{
    const KxUser *user = &change->next->user;
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, user->name);
    kx_stmt_bind_text(stmt, 2, user->full_name);
    kx_stmt_bind_text(stmt, 3, user->description);
    kx_stmt_bind_int(stmt, 4, user->disabled);
    kx_stmt_bind_int(stmt, 5, user->generation);
    kx_stmt_bind_int(stmt, 6, (gint64)user->quota);
    kx_stmt_bind_int(stmt, 7, (gint64)user->quota_items);
    kx_stmt_bind_int(stmt, 8, user->public_folders);
    kx_stmt_bind_int(stmt, 9, user->archive_folders);
    kx_stmt_bind_int(stmt, 10, user->full_listing);
    kx_stmt_bind_int(stmt, 11, key);
    return kx_stmt_run(stmt, error);
}

static gboolean store_insert(KxDirectory *directory, gpointer data, GError **error)
{
    UserChange *change = data;
    KxUser *user = &change->next->user;
    if (!next_generation(directory->db, &user->generation, error) ||
        !store_row(directory->db,
                   "INSERT INTO users (name, full_name, description, disabled, generation, quota,"
                   " quota_items, public_folders, archive_folders, full_listing, domain)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   change, change->home->domain.id, error))
        return FALSE;
    user->id = kx_db_last_insert_id(directory->db);
    return store_addresses(directory->db, change, error) &&
           store_credentials(directory->db, change, error);
}

static gboolean store_update(KxDirectory *directory, gpointer data, GError **error)
{
    UserChange *change = data;
    KxUser *user = &change->next->user;
    return next_generation(directory->db, &user->generation, error) &&
           store_row(directory->db,
                     "UPDATE users SET name = ?, full_name = ?, description = ?, disabled = ?,"
                     " generation = ?, quota = ?, quota_items = ?, public_folders = ?,"
                     " archive_folders = ?, full_listing = ? WHERE id = ?",
                     change, user->id, error) &&
           store_addresses(directory->db, change, error) &&
           store_credentials(directory->db, change, error);
}

static gboolean store_delete(KxDirectory *directory, gpointer data, GError **error)
{
    UserChange *change = data;
    g_autofree char *name = g_strdup_printf("%s@%s", change->name, change->domain);
    return kx_change_run_id(directory->db, "DELETE FROM users WHERE id = ?", change->old->user.id,
                            error) &&
           kx_shares_store_forget(directory, name, error);
}

/* ---- applying ---- */

static void apply(KxDirectory *directory, gpointer data)
{
    UserChange *change = data;
    if (change->old != NULL)
        kx_tables_remove_user(change->home, change->old);
    if (change->next != NULL)
        kx_tables_add_user(change->home, g_steal_pointer(&change->next));
}

static void apply_delete(KxDirectory *directory, gpointer data)
{
    UserChange *change = data;
    g_autofree char *name = g_strdup_printf("%s@%s", change->name, change->domain);
    apply(directory, data);
    kx_shares_forget(directory, name);
}

static void describe(gpointer data, GArray *audit)
{
    UserChange *change = data;
    kx_change_audit(audit, "Name", change->name);
    kx_change_audit(audit, "Domain", change->domain);
    kx_field_values_audit(&change->values, audit);
}

/* The slow part, hashing, is done before any lock is taken. */
static gboolean run(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                    const char *login, const KxField *fields, guint n, GError **error)
{
    g_auto(UserChange) change = {.login = login};
    if (!kx_field_values_parse(KX_OBJECT_USER, fields, n, &change.values, error))
        return FALSE;
    const char *password = change.values.text[KX_FIELD_USER_PASSWORD];
    if (password != NULL) {
        change.credentials = kx_credentials_new(password, error);
        if (change.credentials == NULL)
            return FALSE;
    }
    return kx_change_run(directory, admin, kind, &change, error);
}

gboolean kx_user_add(KxDirectory *directory, const KxAdmin *admin, const char *login,
                     const KxField *fields, guint n, GError **error)
{
    static const KxChangeKind INSERT = {KX_AUDIT_INSERT, "User",   check_insert, store_insert,
                                        apply,           describe, NULL};
    return run(directory, admin, &INSERT, login, fields, n, error);
}

gboolean kx_user_set(KxDirectory *directory, const KxAdmin *admin, const char *login,
                     const KxField *fields, guint n, GError **error)
{
    static const KxChangeKind UPDATE = {KX_AUDIT_UPDATE, "User",   check_update, store_update,
                                        apply,           describe, NULL};
    return run(directory, admin, &UPDATE, login, fields, n, error);
}

gboolean kx_user_remove(KxDirectory *directory, const KxAdmin *admin, const char *login,
                        GError **error)
{
    static const KxChangeKind DELETE = {KX_AUDIT_DELETE, "User",   check_delete, store_delete,
                                        apply_delete,    describe, NULL};
    return run(directory, admin, &DELETE, login, NULL, 0, error);
}
