/* SPDX-License-Identifier: Apache-2.0 */
/* Schema of server.db and the reading of all of it at start. */
#include "directory/directory-private.h"
#include "directory/foreign-hash.h"

#include "base/error.h"
#include "directory/object.h"

static const char *const SCHEMA[] = {
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);"

    "CREATE TABLE domains ("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, is_primary INTEGER NOT NULL,"
    " description TEXT NOT NULL, bound_ip TEXT UNIQUE);"
    "CREATE UNIQUE INDEX domains_one_primary ON domains (is_primary) WHERE is_primary = 1;"
    "CREATE TABLE domain_aliases ("
    " name TEXT PRIMARY KEY,"
    " domain INTEGER NOT NULL REFERENCES domains (id) ON DELETE CASCADE);"
    "CREATE INDEX domain_aliases_domain ON domain_aliases (domain);"

    "CREATE TABLE users ("
    " id INTEGER PRIMARY KEY, domain INTEGER NOT NULL REFERENCES domains (id),"
    " name TEXT NOT NULL, full_name TEXT NOT NULL, description TEXT NOT NULL,"
    " disabled INTEGER NOT NULL, generation INTEGER NOT NULL);"
    "CREATE INDEX users_domain ON users (domain);"
    /* Account names (is_name = 1) and further addresses share one space in a domain. */
    "CREATE TABLE user_addresses ("
    " domain INTEGER NOT NULL REFERENCES domains (id), key TEXT NOT NULL,"
    " owner INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    " address TEXT NOT NULL, is_name INTEGER NOT NULL, PRIMARY KEY (domain, key));"
    "CREATE INDEX user_addresses_owner ON user_addresses (owner);"
    "CREATE TABLE credentials ("
    " owner INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
    " kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (owner, kind));"
    /* Never goes back, so that no account ever repeats a generation, even one with a recycled id.
     */
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
    "INSERT INTO counters (name, value) VALUES ('generation', 0);"

    "CREATE TABLE ip_groups ("
    " id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " description TEXT NOT NULL);"
    "CREATE TABLE ip_group_entries ("
    " owner INTEGER NOT NULL REFERENCES ip_groups (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (owner, position));"
    "INSERT INTO ip_groups (id, key, name, description) VALUES"
    " (1, 'local clients', 'Local clients', 'This host and private networks');"
    "INSERT INTO ip_group_entries (owner, position, entry) VALUES"
    " (1, 0, '127.0.0.0/8'), (1, 1, '::1'), (1, 2, '10.0.0.0/8'), (1, 3, '172.16.0.0/12'),"
    " (1, 4, '192.168.0.0/16'), (1, 5, 'fc00::/7'), (1, 6, 'fe80::/10');",

    "ALTER TABLE users ADD COLUMN quota INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE users ADD COLUMN quota_items INTEGER NOT NULL DEFAULT 0;",
    /* The first account is the one the set-up made. */
    "ALTER TABLE users ADD COLUMN public_folders INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE users ADD COLUMN archive_folders INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE users ADD COLUMN full_listing INTEGER NOT NULL DEFAULT 0;"
    "UPDATE users SET public_folders = 1, archive_folders = 1"
    " WHERE id = (SELECT MIN(id) FROM users);"
    "CREATE TABLE shares (owner TEXT NOT NULL, identifier TEXT NOT NULL,"
    " PRIMARY KEY (owner, identifier));"
    "CREATE INDEX shares_identifier ON shares (identifier);",

    /* Objects of all kinds alike (directory/record.h): fields are columns, of which new ones are
     * added by themselves, lists are rows of one table. Names are unique by the folded form, which
     * the tables in memory check. */
    "ALTER TABLE domains RENAME TO old_domains; ALTER TABLE users RENAME TO old_users;"
    "ALTER TABLE credentials RENAME TO old_credentials;"
    "ALTER TABLE ip_groups RENAME TO old_ip_groups;"
    "CREATE TABLE domains (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " name TEXT NOT NULL UNIQUE, domain INTEGER NOT NULL, \"PRIMARY\" INTEGER NOT NULL DEFAULT 0,"
    " \"DESCRIPTION\" TEXT NOT NULL DEFAULT '', \"BOUND_IP\" TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE users (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " name TEXT NOT NULL, domain INTEGER NOT NULL, \"DISABLED\" INTEGER NOT NULL DEFAULT 0,"
    " \"FULL_NAME\" TEXT NOT NULL DEFAULT '', \"DESCRIPTION\" TEXT NOT NULL DEFAULT '',"
    " \"ADMIN\" INTEGER NOT NULL DEFAULT 0, \"QUOTA\" INTEGER NOT NULL DEFAULT 0,"
    " \"QUOTA_ITEMS\" INTEGER NOT NULL DEFAULT 0, \"PUBLIC_FOLDERS\" INTEGER NOT NULL DEFAULT 0,"
    " \"ARCHIVE_FOLDERS\" INTEGER NOT NULL DEFAULT 0,"
    " \"FULL_LISTING\" INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE user_groups (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " name TEXT NOT NULL, domain INTEGER NOT NULL);"
    "CREATE TABLE aliases (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " name TEXT NOT NULL, domain INTEGER NOT NULL);"
    "CREATE TABLE ip_groups (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL,"
    " name TEXT NOT NULL, domain INTEGER NOT NULL, \"DESCRIPTION\" TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE credentials (owner INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (owner, kind));"
    "CREATE TABLE list_values (object TEXT NOT NULL, owner INTEGER NOT NULL, field TEXT NOT NULL,"
    " position INTEGER NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (object, owner, field, position));"
    "INSERT INTO domains (id, generation, name, domain, \"PRIMARY\", \"DESCRIPTION\","
    " \"BOUND_IP\") SELECT id, 1, name, 0, is_primary, description, COALESCE(bound_ip, '')"
    " FROM old_domains;"
    "INSERT INTO users (id, generation, name, domain, \"DISABLED\", \"FULL_NAME\","
    " \"DESCRIPTION\", \"ADMIN\", \"QUOTA\", \"QUOTA_ITEMS\", \"PUBLIC_FOLDERS\","
    " \"ARCHIVE_FOLDERS\", \"FULL_LISTING\")"
    " SELECT id, generation, name, domain, disabled, full_name, description,"
    " CASE WHEN id = (SELECT MIN(id) FROM old_users) THEN 2 ELSE 0 END, quota, quota_items,"
    " public_folders, archive_folders, full_listing FROM old_users;"
    "INSERT INTO credentials SELECT owner, kind, value FROM old_credentials;"
    "INSERT INTO ip_groups (id, generation, name, domain, \"DESCRIPTION\")"
    " SELECT id, 1, name, 0, description FROM old_ip_groups;"
    "INSERT INTO list_values SELECT 'domains', domain, 'ALIASES',"
    " ROW_NUMBER() OVER (PARTITION BY domain ORDER BY name), name FROM domain_aliases;"
    "INSERT INTO list_values SELECT 'users', owner, 'ADDRESSES',"
    " ROW_NUMBER() OVER (PARTITION BY owner ORDER BY address), address FROM user_addresses"
    " WHERE is_name = 0;"
    "INSERT INTO list_values SELECT 'ip_groups', owner, 'ENTRIES', position, entry"
    " FROM ip_group_entries;"
    "DROP TABLE ip_group_entries; DROP TABLE user_addresses; DROP TABLE domain_aliases;"
    "DROP TABLE old_credentials; DROP TABLE old_users; DROP TABLE old_domains;"
    "DROP TABLE old_ip_groups;",

    "CREATE TABLE sign_ins (owner INTEGER NOT NULL, service TEXT NOT NULL, last INTEGER NOT NULL,"
    " count INTEGER NOT NULL, address TEXT NOT NULL, PRIMARY KEY (owner, service));",

    "CREATE TABLE tokens (hash TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner INTEGER NOT NULL,"
    " login TEXT NOT NULL, read_only INTEGER NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, used INTEGER NOT NULL);",

    "CREATE TABLE usage (month TEXT NOT NULL, domain TEXT NOT NULL, mailboxes INTEGER NOT NULL,"
    " PRIMARY KEY (month, domain)) WITHOUT ROWID;",

    /* Tokens, which opened the administration, and application passwords (directory/issued.h). An
     * id is never used twice: sessions name it. */
    "CREATE TABLE issued (id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, name TEXT NOT NULL, owner INTEGER NOT NULL, login TEXT NOT NULL,"
    " scopes INTEGER NOT NULL, read_only INTEGER NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0,"
    " used_for TEXT NOT NULL DEFAULT '', used_from TEXT NOT NULL DEFAULT '');"
    "INSERT INTO issued (hash, kind, name, owner, login, scopes, read_only, created, expires,"
    " used) SELECT hash, 0, name, owner, login, 8, read_only, created, expires, used FROM tokens;"
    "DROP TABLE tokens;",
};

/* Called for each row. */
typedef void (*TakeRow)(KxDirectory *directory, KxStmt *row, gpointer data);

static gboolean each_row(KxDirectory *directory, const char *sql, TakeRow take, gpointer data,
                         GError **error)
{
    KxStmt *stmt = kx_db_prepare(directory->db, sql, error);
    int rc = -1;
    if (stmt == NULL)
        return FALSE;
    while ((rc = kx_stmt_step(stmt, error)) == 1)
        take(directory, stmt, data);
    return rc == 0;
}

static void take_share(KxDirectory *directory, KxStmt *row, gpointer data G_GNUC_UNUSED)
{
    kx_shares_insert(directory, kx_stmt_text(row, 0), kx_stmt_text(row, 1));
}

static void take_issued(KxDirectory *directory, KxStmt *row, gpointer data G_GNUC_UNUSED)
{
    kx_issued_load(directory, row);
}

/* ---- objects ---- */

typedef struct {
    KxDirectory *directory;
    const KxObjectType *type;
    GHashTable *domains; /* id -> KxDomainEntry */
    GHashTable *users;   /* id -> KxUserEntry */
} Loading;

static void take_record(gpointer data, KxRecord *record, gint64 domain)
{
    Loading *loading = data;
    KxEntry *entry = kx_entry_begin(loading->type, record);
    KxDomainEntry *home = g_hash_table_lookup(loading->domains, &domain);
    if (loading->type->record.in_domain && home == NULL) {
        kx_entry_free(loading->type, entry);
        return;
    }
    record->domain = home != NULL ? g_ref_string_new_intern(home->domain.name) : NULL;
    loading->type->link(loading->directory, home, entry);
    if (loading->type == &kx_type_domain)
        g_hash_table_insert(loading->domains, &entry->record.id, entry);
    else if (loading->type == &kx_type_user)
        g_hash_table_insert(loading->users, &entry->record.id, entry);
}

static void take_verifier(KxDirectory *directory, KxStmt *row, gpointer data)
{
    gint64 owner = kx_stmt_int(row, 0);
    KxUserEntry *user = g_hash_table_lookup(((Loading *)data)->users, &owner);
    if (user == NULL || user->verifier != NULL)
        return;
    user->verifier = g_strdup(kx_stmt_text(row, 1));
    directory->imported += user->verifier != NULL && kx_foreign_hash_is(user->verifier);
    directory->unrecoverable += user->verifier != NULL && !user->recoverable;
}

/* Before the verifiers. */
static void take_recoverable(KxDirectory *directory, KxStmt *row, gpointer data)
{
    gint64 owner = kx_stmt_int(row, 0);
    KxUserEntry *user = g_hash_table_lookup(((Loading *)data)->users, &owner);
    KxDomainEntry *home =
        user != NULL ? g_hash_table_lookup(directory->domains, user->user.domain) : NULL;
    if (home == NULL || user->recoverable)
        return;
    user->recoverable = TRUE;
    home->recoverable++;
}

/* Users are linked to their groups, so these come first. */
static const KxObjectType *const ORDER[] = {
    &kx_type_domain,   &kx_type_group,      &kx_type_user,     &kx_type_alias,    &kx_type_ip_group,
    &kx_type_template, &kx_type_time_range, &kx_type_etrn,     &kx_type_schedule, &kx_type_download,
    &kx_type_sorting,  &kx_type_routing,    &kx_type_highlight};

/* In one transaction: a new version's columns are there or not, and the disk is waited for once. */
static gboolean upgrade_tables(KxDb *db, GError **error)
{
    if (!kx_db_begin(db, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(ORDER); i++)
        if (!kx_record_upgrade(db, &ORDER[i]->record, error)) {
            kx_db_rollback(db);
            return FALSE;
        }
    if (kx_db_commit(db, error))
        return TRUE;
    kx_db_rollback(db);
    return FALSE;
}

static gboolean load_type(Loading *loading, const KxObjectType *type, GError **error)
{
    loading->type = type;
    if (!kx_record_load(loading->directory->db, &type->record, type->entry_size, take_record,
                        loading, error))
        return FALSE;
    if (type->settle != NULL)
        type->settle(loading->directory);
    return TRUE;
}

static gboolean load_objects(KxDirectory *directory, GError **error)
{
    g_autoptr(GHashTable) domains = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GHashTable) users = g_hash_table_new(g_int64_hash, g_int64_equal);
    Loading loading = {directory, NULL, domains, users};
    if (!upgrade_tables(directory->db, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(ORDER); i++)
        if (!load_type(&loading, ORDER[i], error))
            return FALSE;
    return each_row(directory, "SELECT owner FROM credentials WHERE kind = 'recoverable'",
                    take_recoverable, &loading, error) &&
           each_row(directory,
                    "SELECT owner, value FROM credentials WHERE kind IN ('argon2id', 'imported')",
                    take_verifier, &loading, error);
}

/* ---- settings ---- */

typedef struct {
    GArray *changes;  /* KxSettingChange */
    GPtrArray *texts; /* what they borrow */
} StoredSettings;

/* A setting that an older or newer version stored, and that means nothing here, must not keep the
 * server from starting. */
static void take_setting(KxDirectory *directory, KxStmt *row, gpointer data)
{
    StoredSettings *stored = data;
    g_autoptr(GError) error = NULL;
    const char *name = kx_stmt_text(row, 0), *value = kx_stmt_text(row, 1);
    KxSettingChange change;
    if (!kx_setting_find(name, &change.id))
        kx_log(directory->logger, KX_LOG_WARNING, "Stored setting %s is unknown and ignored", name);
    else if (!kx_setting_check(change.id, value, &error))
        kx_log(directory->logger, KX_LOG_WARNING, "Stored setting is ignored: %s", error->message);
    else {
        char *text = g_strdup(value);
        g_ptr_array_add(stored->texts, text);
        change.value = text;
        g_array_append_val(stored->changes, change);
    }
}

static gboolean load_settings(KxDirectory *directory, GError **error)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    StoredSettings stored = {changes, texts};
    if (!each_row(directory, "SELECT name, value FROM settings", take_setting, &stored, error))
        return FALSE;
    KxSettings *settings = kx_settings_with(
        defaults, (const KxSettingChange *)(void *)changes->data, changes->len, error);
    if (settings == NULL)
        return FALSE;
    directory->settings = kx_settings_holder_new(settings);
    return TRUE;
}

gboolean kx_directory_load(KxDirectory *directory, GError **error)
{
    return kx_db_migrate(directory->db, SCHEMA, G_N_ELEMENTS(SCHEMA), error) &&
           load_settings(directory, error) &&
           each_row(directory, "SELECT owner, identifier FROM shares", take_share, NULL, error) &&
           each_row(directory,
                    "SELECT id, hash, kind, name, owner, login, scopes, read_only, created,"
                    " expires, used, used_for, used_from FROM issued",
                    take_issued, NULL, error) &&
           load_objects(directory, error);
}
