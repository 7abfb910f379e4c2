/* SPDX-License-Identifier: Apache-2.0 */
/* Users (DOM-02, USR-11 to USR-16, USR-22 to USR-24). */
#include "base/error.h"
#include "directory/foreign-hash.h"
#include "directory/lookalike.h"
#include "directory/names.h"
#include "directory/object.h"
#include "directory/recoverable.h"

static KxUserEntry *of(KxEntry *entry)
{
    return (KxUserEntry *)(void *)entry;
}

gboolean kx_user_entry_is_local_only(const KxUserEntry *user)
{
    gboolean local_only = user->user.local_only;
    for (guint i = 0; user->groups != NULL && i < user->groups->len && !local_only; i++)
        local_only = ((const KxGroupEntry *)user->groups->pdata[i])->group.local_only;
    return local_only;
}

/* ---- checks ---- */

static gboolean check_addresses(KxObjectChange *change, GError **error)
{
    const KxUser *next = (const KxUser *)(const void *)change->next;
    g_autofree char *key = kx_name_fold(next->name);
    for (guint i = 0; next->addresses[i] != NULL; i++) {
        const char *local = next->addresses[i];
        g_autofree char *other = kx_name_fold(local);
        if (strcmp(key, other) == 0)
            return kx_fail(error, KX_ERR_INVALID,
                           "addresses: '%s' is the name of the account and an address already",
                           local);
        if (!kx_address_check_free(change->home, local, change->entry, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_new(KxObjectChange *change, GError **error)
{
    guint64 limit = change->home->domain.user_limit;
    if (limit > 0 && g_hash_table_size(change->home->users) >= limit)
        return kx_fail(error, KX_ERR_OVERQUOTA,
                       "the domain '%s' may have no more users than %" G_GUINT64_FORMAT,
                       change->domain, limit);
    return kx_address_check_free(change->home, change->name, NULL, error);
}

static gboolean check(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change, GError **error)
{
    if (change->next == NULL)
        return TRUE;
    if (change->entry == NULL && !check_new(change, error))
        return FALSE;
    return check_addresses(change, error) &&
           kx_groups_check(change->home, ((KxUser *)(void *)change->next)->groups, error);
}

/* ---- storing ---- */

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

static gboolean delete_credentials(KxDb *db, gint64 owner, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, "DELETE FROM credentials WHERE owner = ?", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, owner);
    return kx_stmt_run(stmt, error);
}

static gboolean gives_password(const KxObjectChange *change)
{
    return kx_object_is_given(change, KX_FIELD_USER_PASSWORD) ||
           kx_object_is_given(change, KX_FIELD_USER_PASSWORD_HASH);
}

/* If the domain wishes it (AUTH-06). */
static gboolean store_recoverable(KxDb *db, KxObjectChange *change, GError **error)
{
    if (!change->home->domain.recoverable)
        return TRUE;
    gint64 owner = change->next->id;
    g_autofree char *sealed =
        kx_recoverable_seal(owner, change->values.text[KX_FIELD_USER_PASSWORD], error);
    change->recoverable = TRUE;
    return sealed != NULL && store_credential(db, owner, "recoverable", sealed, error);
}

static gboolean store_credentials(KxDb *db, KxObjectChange *change, GError **error)
{
    gint64 owner = change->next->id;
    const KxCredentials *new = change->credentials;
    const char *imported = change->values.text[KX_FIELD_USER_PASSWORD_HASH];
    if (!gives_password(change))
        return TRUE;
    if (imported != NULL)
        return delete_credentials(db, owner, error) &&
               store_credential(db, owner, "imported", imported, error);
    return delete_credentials(db, owner, error) &&
           (new == NULL ||
            (store_credential(db, owner, "argon2id", new->argon2id, error) &&
             store_credential(db, owner, "scram-sha-256", new->scram_sha_256, error) &&
             store_credential(db, owner, "scram-sha-1", new->scram_sha_1, error) &&
             store_recoverable(db, change, error)));
}

static gboolean store(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    guint mailboxes = g_hash_table_size(change->home->users); /* before this change */
    if (change->next != NULL)
        return store_credentials(directory->db, change, error) &&
               (change->entry != NULL ||
                kx_usage_store(directory, change->home, mailboxes + 1, error));
    g_autofree char *login = g_strdup_printf("%s@%s", change->name, change->domain);
    return kx_usage_store(directory, change->home, mailboxes, error) &&
           delete_credentials(directory->db, change->entry->record.id, error) &&
           kx_sign_ins_store_forget(directory, change->entry->record.id, error) &&
           kx_issued_store_forget(directory, change->entry->record.id, error) &&
           kx_shares_store_forget(directory, login, error);
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home)
{
    return home->users;
}

static void derive(KxEntry *entry)
{
    g_free(of(entry)->key);
    of(entry)->key = kx_name_fold(entry->record.name);
}

static void clear(KxEntry *entry)
{
    KxUserEntry *user = of(entry);
    g_clear_pointer(&user->groups, g_ptr_array_unref);
    g_free(user->key);
    g_free(user->verifier);
}

static void exchange(KxObjectChange *change)
{
    if (!gives_password(change))
        return;
    char *verifier = of(change->entry)->verifier;
    of(change->entry)->verifier = change->verifier;
    change->verifier = verifier;
    gboolean recoverable = of(change->entry)->recoverable;
    of(change->entry)->recoverable = change->recoverable;
    change->recoverable = recoverable;
}

static gboolean is_imported(const KxUserEntry *user)
{
    return user->verifier != NULL && kx_foreign_hash_is(user->verifier);
}

static gboolean is_unrecoverable(const KxUserEntry *user)
{
    return user->verifier != NULL && !user->recoverable;
}

static gboolean is_elsewhere(const KxUserEntry *user)
{
    return user->user.authentication != KX_AUTHENTICATION_PASSWORD;
}

static void link_user(KxDirectory *directory, KxDomainEntry *home, KxEntry *entry)
{
    KxUserEntry *user = of(entry);
    directory->imported += is_imported(user);
    directory->unrecoverable += is_unrecoverable(user);
    directory->elsewhere += is_elsewhere(user);
    home->recoverable += user->recoverable ? 1 : 0;
    g_hash_table_insert(home->users, user->key, user);
    kx_lookalike_link(home, user->key);
    kx_addresses_link(home, user->user.addresses, user, NULL);
    for (guint i = 0; user->user.groups[i] != NULL; i++) {
        g_autofree char *key = kx_name_fold(user->user.groups[i]);
        KxGroupEntry *group = g_hash_table_lookup(home->groups, key);
        if (group == NULL)
            continue;
        if (user->groups == NULL)
            user->groups = g_ptr_array_new();
        g_ptr_array_add(user->groups, group);
        g_hash_table_add(group->members, user);
    }
}

static void unlink_user(KxDirectory *directory, KxDomainEntry *home, KxEntry *entry)
{
    KxUserEntry *user = of(entry);
    directory->imported -= is_imported(user);
    directory->unrecoverable -= is_unrecoverable(user);
    directory->elsewhere -= is_elsewhere(user);
    home->recoverable -= user->recoverable ? 1 : 0;
    g_hash_table_steal(home->users, user->key);
    kx_lookalike_unlink(home, user->key);
    kx_addresses_unlink(home, user->user.addresses);
    for (guint i = 0; user->groups != NULL && i < user->groups->len; i++)
        g_hash_table_remove(((KxGroupEntry *)user->groups->pdata[i])->members, user);
    g_clear_pointer(&user->groups, g_ptr_array_unref);
}

static void gone(KxDirectory *directory, const KxEntry *entry)
{
    g_autofree char *login = g_strdup_printf("%s@%s", entry->record.name, entry->record.domain);
    kx_sign_ins_forget(directory, entry->record.id);
    kx_shares_forget(directory, login);
    kx_issued_forget(directory, entry->record.id);
}

const KxObjectType kx_type_user = {
    .record = {KX_OBJECT_USER, "users", TRUE, sizeof(KxUser)},
    .entry_size = sizeof(KxUserEntry),
    .noun = "a user",
    .logged = "User",
    .by_domain_admin = TRUE,
    .name = kx_name_account,
    .table = table,
    .check = check,
    .store = store,
    .derive = derive,
    .exchange = exchange,
    .link = link_user,
    .unlink = unlink_user,
    .gone = gone,
    .clear = clear,
};
