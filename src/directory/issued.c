/* SPDX-License-Identifier: Apache-2.0 */
/* Issued secrets: which there are, and how they come and go. */
#include <sodium.h>

#include "base/error.h"
#include "directory/change.h"
#include "directory/issued-private.h"
#include "directory/object.h"

enum {
    NAME_MAX_BYTES = 100,
    TOKENS_MAX = 10000,
    PASSWORDS_MAX = 100, /* application passwords of one user */
};

typedef struct {
    KxIssuedEntry *entry; /* the tables take that of an insert */
    const KxAdmin *admin;
    KxIssuedKind kind;
    const char *name, *user;
} IssuedChange;

static void entry_free(gpointer data)
{
    KxIssuedEntry *entry = data;
    g_free(entry->issued.name);
    g_free(entry->issued.user);
    g_free(entry->issued.used_for);
    g_free(entry->issued.used_from);
    g_free(entry->hash);
    g_free(entry);
}

/* ---- the table ---- */

KxIssuedTable *kx_issued_table_new(void)
{
    KxIssuedTable *table = g_new0(KxIssuedTable, 1);
    table->by_hash = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    table->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    kx_mutex_init(&table->use_lock);
    return table;
}

void kx_issued_table_free(KxIssuedTable *table)
{
    g_hash_table_unref(table->by_id);
    g_hash_table_unref(table->by_hash);
    kx_mutex_clear(&table->use_lock);
    g_free(table);
}

static void note_mail(KxIssuedTable *table, const KxIssued *issued)
{
    gint64 until = issued->expires != 0 ? issued->expires : G_MAXINT64;
    if (issued->scopes & KX_SCOPES_MAIL)
        table->mail_until[issued->kind] = MAX(table->mail_until[issued->kind], until);
}

static void insert(KxIssuedTable *table, KxIssuedEntry *entry)
{
    note_mail(table, &entry->issued);
    g_hash_table_insert(table->by_hash, entry->hash, entry);
    g_hash_table_insert(table->by_id, &entry->issued.id, entry);
}

/* Out of everything but `by_hash`, which owns it. */
static void leave(KxIssuedTable *table, const KxIssuedEntry *entry)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_remove(table->by_id, &entry->issued.id);
    memset(table->mail_until, 0, sizeof table->mail_until);
    g_hash_table_iter_init(&iter, table->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        note_mail(table, &((KxIssuedEntry *)value)->issued);
}

void kx_issued_load(KxDirectory *directory, KxStmt *row)
{
    KxIssuedEntry *entry = g_new0(KxIssuedEntry, 1);
    entry->hash = g_strdup(kx_stmt_text(row, 1));
    entry->owner = kx_stmt_int(row, 4);
    entry->issued = (KxIssued){
        .id = kx_stmt_int(row, 0),
        .kind = kx_stmt_int(row, 2) != 0 ? KX_ISSUED_APP_PASSWORD : KX_ISSUED_TOKEN,
        .name = g_strdup(kx_stmt_text(row, 3)),
        .user = g_strdup(kx_stmt_text(row, 5)),
        .scopes = (guint)kx_stmt_int(row, 6),
        .read_only = kx_stmt_int(row, 7) != 0,
        .created = kx_stmt_int(row, 8),
        .expires = kx_stmt_int(row, 9),
        .used = kx_stmt_int(row, 10),
        .used_for = g_strdup(kx_stmt_text(row, 11)),
        .used_from = g_strdup(kx_stmt_text(row, 12)),
    };
    insert(directory->issued, entry);
}

/* Names of tokens are the server's, those of application passwords their user's; `ret_count` is how
 * many there are in that space. */
static KxIssuedEntry *find(KxDirectory *directory, KxIssuedKind kind, gint64 owner,
                           const char *name, guint *ret_count)
{
    KxIssuedEntry *found = NULL;
    GHashTableIter iter;
    gpointer value;
    *ret_count = 0;
    g_hash_table_iter_init(&iter, directory->issued->by_hash);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxIssuedEntry *entry = value;
        if (entry->issued.kind != kind || (kind == KX_ISSUED_APP_PASSWORD && entry->owner != owner))
            continue;
        ++*ret_count;
        if (strcmp(entry->issued.name, name) == 0)
            found = entry;
    }
    return found;
}

/* ---- changes ---- */

static gboolean check_name(KxIssuedKind kind, const char *name, GError **error)
{
    gboolean good = *name != '\0' && strlen(name) <= NAME_MAX_BYTES;
    if (kind == KX_ISSUED_APP_PASSWORD) {
        good = good && g_utf8_validate(name, -1, NULL);
        for (const char *at = name; good && *at != '\0'; at = g_utf8_next_char(at))
            good = g_unichar_isprint(g_utf8_get_char(at)) && *at != '/';
        return good || kx_fail(error, KX_ERR_INVALID,
                               "the name of an application password is 1 to %d bytes of text "
                               "without '/'",
                               NAME_MAX_BYTES);
    }
    for (const char *at = name; good && *at != '\0'; at++)
        good = g_ascii_isalnum(*at) || strchr("-_.@", *at) != NULL;
    return good || kx_fail(error, KX_ERR_INVALID,
                           "the name of a token is 1 to %d letters, digits, '-', '_', '.' and '@'",
                           NAME_MAX_BYTES);
}

static const char *noun(KxIssuedKind kind)
{
    return kind == KX_ISSUED_TOKEN ? "token" : "application password";
}

static gboolean check_add(KxDirectory *directory, gpointer data, GError **error)
{
    IssuedChange *change = data;
    KxDomainEntry *home;
    guint count;
    if (!check_name(change->kind, change->name, error))
        return FALSE;
    const KxUserEntry *user = kx_tables_find_user(directory, change->user, &home, error);
    if (user == NULL || !kx_rights_check_account(change->admin, user, error))
        return FALSE;
    if (find(directory, change->kind, user->user.id, change->name, &count) != NULL)
        return kx_fail(error, KX_ERR_EXISTS, "there is a%s %s '%s' already",
                       change->kind == KX_ISSUED_TOKEN ? "" : "n", noun(change->kind),
                       change->name);
    if (count >= (change->kind == KX_ISSUED_TOKEN ? TOKENS_MAX : PASSWORDS_MAX))
        return kx_fail(error, KX_ERR_TOO_BIG, "there are %u %ss already", count,
                       noun(change->kind));
    change->entry->owner = user->user.id;
    change->entry->issued.user = g_strdup_printf("%s@%s", user->user.name, user->user.domain);
    return TRUE;
}

static gboolean check_remove(KxDirectory *directory, gpointer data, GError **error)
{
    IssuedChange *change = data;
    KxDomainEntry *home;
    guint count;
    const KxUserEntry *user = NULL;
    if (change->kind == KX_ISSUED_APP_PASSWORD) {
        user = kx_tables_find_user(directory, change->user, &home, error);
        if (user == NULL || !kx_rights_check_account(change->admin, user, error))
            return FALSE;
    }
    change->entry =
        find(directory, change->kind, user != NULL ? user->user.id : 0, change->name, &count);
    return change->entry != NULL ||
           kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s '%s'; keryx %s list%s%s shows all",
                   noun(change->kind), change->name,
                   change->kind == KX_ISSUED_TOKEN ? "token" : "user app-password",
                   user != NULL ? " " : "", user != NULL ? change->user : "");
}

static gboolean store_add(KxDirectory *directory, gpointer data, GError **error)
{
    KxIssuedEntry *entry = ((IssuedChange *)data)->entry;
    KxStmt *stmt = kx_db_prepare(
        directory->db,
        "INSERT INTO issued (hash, kind, name, owner, login, scopes, read_only, created, expires)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, entry->hash);
    kx_stmt_bind_int(stmt, 2, entry->issued.kind);
    kx_stmt_bind_text(stmt, 3, entry->issued.name);
    kx_stmt_bind_int(stmt, 4, entry->owner);
    kx_stmt_bind_text(stmt, 5, entry->issued.user);
    kx_stmt_bind_int(stmt, 6, entry->issued.scopes);
    kx_stmt_bind_int(stmt, 7, entry->issued.read_only);
    kx_stmt_bind_int(stmt, 8, entry->issued.created);
    kx_stmt_bind_int(stmt, 9, entry->issued.expires);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    entry->issued.id = kx_db_last_insert_id(directory->db);
    return TRUE;
}

static gboolean store_remove(KxDirectory *directory, gpointer data, GError **error)
{
    return kx_change_run_id(directory->db, "DELETE FROM issued WHERE id = ?",
                            ((IssuedChange *)data)->entry->issued.id, error);
}

static void apply_add(KxDirectory *directory, gpointer data)
{
    insert(directory->issued, g_steal_pointer(&((IssuedChange *)data)->entry));
}

static void apply_remove(KxDirectory *directory, gpointer data)
{
    const KxIssuedEntry *entry = ((IssuedChange *)data)->entry;
    leave(directory->issued, entry);
    g_hash_table_remove(directory->issued->by_hash, entry->hash);
}

static void describe(gpointer data, GArray *audit)
{
    const KxIssued *issued = &((IssuedChange *)data)->entry->issued;
    kx_change_audit(audit, "Name", issued->name);
    kx_change_audit(audit, "User", issued->user);
    if (issued->kind == KX_ISSUED_TOKEN)
        kx_change_audit(audit, "Read_only", issued->read_only ? "1" : "0");
}

static const char *const LOGGED[] = {
    [KX_ISSUED_TOKEN] = "Token", [KX_ISSUED_APP_PASSWORD] = "Application_password"};

gboolean kx_issued_add(KxDirectory *directory, const KxAdmin *admin, const KxIssuedWish *wish,
                       char **ret_secret, GError **error)
{
    const KxChangeKind kind = {KX_AUDIT_INSERT, LOGGED[wish->kind], check_add, store_add,
                               apply_add,       describe,           NULL};
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (wish->expires != 0 && wish->expires <= now)
        return kx_fail(error, KX_ERR_INVALID, "the %s would be over at once", noun(wish->kind));
    g_autofree char *secret = kx_issued_new_secret(wish->kind);
    IssuedChange change = {g_new0(KxIssuedEntry, 1), admin, wish->kind, wish->name, wish->user};
    change.entry->hash = kx_issued_hash(wish->kind, secret);
    change.entry->issued = (KxIssued){.kind = wish->kind,
                                      .name = g_strdup(wish->name),
                                      .scopes = wish->scopes,
                                      .read_only = wish->read_only,
                                      .created = now,
                                      .expires = wish->expires,
                                      .used_for = g_strdup(""),
                                      .used_from = g_strdup("")};
    gboolean done = kx_change_run(directory, admin, &kind, &change, error);
    g_clear_pointer(&change.entry, entry_free);
    if (done)
        *ret_secret = g_steal_pointer(&secret);
    return done;
}

gboolean kx_issued_remove(KxDirectory *directory, const KxAdmin *admin, KxIssuedKind kind,
                          const char *user, const char *name, GError **error)
{
    const KxChangeKind removal = {KX_AUDIT_DELETE, LOGGED[kind], check_remove, store_remove,
                                  apply_remove,    describe,     NULL};
    IssuedChange change = {NULL, admin, kind, name, user};
    return kx_change_run(directory, admin, &removal, &change, error);
}

/* ---- a user is removed ---- */

gboolean kx_issued_store_forget(KxDirectory *directory, gint64 owner, GError **error)
{
    return kx_change_run_id(directory->db, "DELETE FROM issued WHERE owner = ?", owner, error);
}

void kx_issued_forget(KxDirectory *directory, gint64 owner)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->issued->by_hash);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((KxIssuedEntry *)value)->owner != owner)
            continue;
        leave(directory->issued, value);
        g_hash_table_iter_remove(&iter);
    }
}
