/* SPDX-License-Identifier: Apache-2.0 */
/* Schema of server.db and the reading of all of it at start. */
#include "directory/directory-private.h"

#include "base/error.h"

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

/* Rows that belong to one object, collected as "id -> strings" before the objects are read. */
static void take_member(KxDirectory *directory, KxStmt *row, gpointer data)
{
    GHashTable *members = data;
    gint64 id = kx_stmt_int(row, 0);
    GPtrArray *list = g_hash_table_lookup(members, &id);
    if (list == NULL) {
        list = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(members, g_memdup2(&id, sizeof id), list);
    }
    g_ptr_array_add(list, g_strdup(kx_stmt_text(row, 1)));
}

static GHashTable *load_members(KxDirectory *directory, const char *sql, GError **error)
{
    g_autoptr(GHashTable) members = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                                          (GDestroyNotify)g_ptr_array_unref);
    return each_row(directory, sql, take_member, members, error) ? g_steal_pointer(&members) : NULL;
}

static char **take_members(GHashTable *members, gint64 id)
{
    GPtrArray *list = g_hash_table_lookup(members, &id);
    char **strv = g_new0(char *, (list != NULL ? list->len : 0) + 1);
    for (guint i = 0; list != NULL && i < list->len; i++)
        strv[i] = g_strdup(list->pdata[i]);
    return strv;
}

typedef struct {
    GHashTable *members;
    GHashTable *by_id; /* domain id -> KxDomainEntry */
} Loading;

static void take_domain(KxDirectory *directory, KxStmt *row, gpointer data)
{
    Loading *loading = data;
    g_auto(GStrv) aliases = take_members(loading->members, kx_stmt_int(row, 0));
    KxDomain domain = {
        .id = kx_stmt_int(row, 0),
        .name = (char *)kx_stmt_text(row, 1),
        .primary = kx_stmt_int(row, 2) != 0,
        .description = (char *)kx_stmt_text(row, 3),
        .bound_ip = (char *)kx_stmt_text(row, 4),
        .aliases = aliases,
    };
    KxDomainEntry *entry = kx_domain_entry_new(&domain);
    kx_tables_add_domain(directory, entry);
    g_hash_table_insert(loading->by_id, &entry->domain.id, entry);
}

static void take_user(KxDirectory *directory, KxStmt *row, gpointer data)
{
    Loading *loading = data;
    gint64 home_id = kx_stmt_int(row, 1);
    KxDomainEntry *home = g_hash_table_lookup(loading->by_id, &home_id);
    if (home == NULL)
        return;
    g_auto(GStrv) addresses = take_members(loading->members, kx_stmt_int(row, 0));
    KxUser user = {
        .id = kx_stmt_int(row, 0),
        .domain = home->domain.name,
        .name = (char *)kx_stmt_text(row, 2),
        .full_name = (char *)kx_stmt_text(row, 3),
        .description = (char *)kx_stmt_text(row, 4),
        .disabled = kx_stmt_int(row, 5) != 0,
        .generation = (guint)kx_stmt_int(row, 6),
        .public_folders = kx_stmt_int(row, 10) != 0,
        .archive_folders = kx_stmt_int(row, 11) != 0,
        .full_listing = (KxOverride)kx_stmt_int(row, 12),
        .addresses = addresses,
        .quota = (guint64)kx_stmt_int(row, 8),
        .quota_items = (guint64)kx_stmt_int(row, 9),
    };
    kx_tables_add_user(home, kx_user_entry_new(&user, kx_stmt_text(row, 7)));
}

static void take_share(KxDirectory *directory, KxStmt *row, gpointer data)
{
    kx_shares_insert(directory, kx_stmt_text(row, 0), kx_stmt_text(row, 1));
}

static void take_group(KxDirectory *directory, KxStmt *row, gpointer data)
{
    Loading *loading = data;
    KxIpGroupEntry *entry =
        kx_ip_group_entry_new(g_strdup(kx_stmt_text(row, 1)), g_strdup(kx_stmt_text(row, 2)),
                              take_members(loading->members, kx_stmt_int(row, 0)));
    entry->id = kx_stmt_int(row, 0);
    g_hash_table_insert(directory->groups, entry->key, entry);
}

/* One table of objects and the table of what they contain. */
static gboolean load_objects(KxDirectory *directory, Loading *loading, const char *members_sql,
                             const char *sql, TakeRow take, GError **error)
{
    loading->members = load_members(directory, members_sql, error);
    if (loading->members == NULL)
        return FALSE;
    gboolean done = each_row(directory, sql, take, loading, error);
    g_clear_pointer(&loading->members, g_hash_table_unref);
    return done;
}

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
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    Loading loading = {.by_id = by_id};
    return kx_db_migrate(directory->db, SCHEMA, G_N_ELEMENTS(SCHEMA), error) &&
           load_settings(directory, error) &&
           each_row(directory, "SELECT owner, identifier FROM shares", take_share, NULL, error) &&
           load_objects(directory, &loading,
                        "SELECT domain, name FROM domain_aliases ORDER BY name",
                        "SELECT id, name, is_primary, description, bound_ip FROM domains",
                        take_domain, error) &&
           load_objects(
               directory, &loading,
               "SELECT owner, address FROM user_addresses WHERE is_name = 0 ORDER BY address",
               "SELECT u.id, u.domain, u.name, u.full_name, u.description, u.disabled,"
               " u.generation, c.value, u.quota, u.quota_items, u.public_folders,"
               " u.archive_folders, u.full_listing FROM users u"
               " LEFT JOIN credentials c ON c.owner = u.id AND c.kind = 'argon2id'",
               take_user, error) &&
           load_objects(directory, &loading,
                        "SELECT owner, entry FROM ip_group_entries ORDER BY owner, position",
                        "SELECT id, name, description FROM ip_groups", take_group, error);
}
