/* SPDX-License-Identifier: Apache-2.0 */
/* Domains: reading and changing (DOM-01, DOM-07, DOM-12, DOM-20, DOM-27). */
#include "base/error.h"
#include "directory/change.h"
#include "directory/fields.h"
#include "directory/names.h"

typedef struct {
    const char *given_name;
    KxFieldValues values;
    KxDomainEntry *entry; /* of an update or removal; in the tables */
    KxDomain *next;       /* of an insert or update */
    char *name;           /* for the Config line */
} DomainChange;

static void domain_change_clear(DomainChange *change)
{
    kx_field_values_clear(&change->values);
    g_clear_pointer(&change->next, kx_domain_free);
    g_clear_pointer(&change->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DomainChange, domain_change_clear)

/* ---- reading ---- */

KxDomain *kx_domain_get(KxDirectory *directory, const char *name, GError **error)
{
    kx_rw_lock_read(&directory->lock);
    KxDomainEntry *entry = kx_tables_find_domain(directory, name, error);
    KxDomain *domain = entry != NULL ? kx_domain_copy(&entry->domain) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return domain;
}

static int compare_domains(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const KxDomain *const *)a)->name, (*(const KxDomain *const *)b)->name);
}

GPtrArray *kx_domain_list(KxDirectory *directory)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_domain_free);
    GHashTableIter iter;
    gpointer entry;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        g_ptr_array_add(list, kx_domain_copy(&((KxDomainEntry *)entry)->domain));
    kx_rw_lock_unlock(&directory->lock);
    g_ptr_array_sort(list, compare_domains);
    return list;
}

/* ---- checks ---- */

/* Nobody but `self` may have the name, as domain or as alias. */
static gboolean check_name_free(KxDirectory *directory, const char *name, KxDomainEntry *self,
                                GError **error)
{
    if (g_hash_table_contains(directory->domains, name))
        return kx_fail(error, KX_ERR_EXISTS, "there is a domain '%s' already", name);
    KxDomainEntry *owner = g_hash_table_lookup(directory->aliases, name);
    if (owner != NULL && owner != self)
        return kx_fail(error, KX_ERR_EXISTS, "'%s' is already an alias of the domain '%s'", name,
                       owner->domain.name);
    return TRUE;
}

static gboolean check_next(KxDirectory *directory, DomainChange *change, GError **error)
{
    KxDomain *next = change->next;
    for (guint i = 0; next->aliases[i] != NULL; i++) {
        if (strcmp(next->aliases[i], next->name) == 0)
            return kx_fail(error, KX_ERR_INVALID, "aliases: '%s' is the domain itself", next->name);
        if (!check_name_free(directory, next->aliases[i], change->entry, error))
            return FALSE;
    }
    if (next->bound_ip == NULL)
        return TRUE;
    KxDomainEntry *owner = g_hash_table_lookup(directory->bound, next->bound_ip);
    if (owner != NULL && owner != change->entry)
        return kx_fail(error, KX_ERR_EXISTS, "bound-ip: %s is already bound to the domain '%s'",
                       next->bound_ip, owner->domain.name);
    return TRUE;
}

static void take_values(DomainChange *change)
{
    KxDomain *next = change->next;
    const KxFieldValues *values = &change->values;
    if (values->given[KX_FIELD_DOMAIN_DESCRIPTION]) {
        const char *text = values->text[KX_FIELD_DOMAIN_DESCRIPTION];
        g_free(next->description);
        next->description = g_strdup(text != NULL ? text : "");
    }
    if (values->given[KX_FIELD_DOMAIN_ALIASES]) {
        g_strfreev(next->aliases);
        next->aliases = kx_field_values_list(values, KX_FIELD_DOMAIN_ALIASES);
        kx_strv_sort(next->aliases);
    }
    if (values->given[KX_FIELD_DOMAIN_BOUND_IP]) {
        g_free(next->bound_ip);
        next->bound_ip = g_strdup(values->text[KX_FIELD_DOMAIN_BOUND_IP]);
    }
    if (values->given[KX_FIELD_DOMAIN_PRIMARY])
        next->primary = kx_field_values_bool(values, KX_FIELD_DOMAIN_PRIMARY);
}

static gboolean check_insert(KxDirectory *directory, gpointer data, GError **error)
{
    DomainChange *change = data;
    change->name = kx_name_domain(change->given_name, error);
    if (change->name == NULL || !check_name_free(directory, change->name, NULL, error))
        return FALSE;
    change->next = g_new0(KxDomain, 1);
    change->next->name = g_strdup(change->name);
    change->next->description = g_strdup("");
    change->next->aliases = g_new0(char *, 1);
    take_values(change);
    if (directory->primary == NULL && !change->next->primary) {
        /* Never none (DOM-07): the first domain is it, and the Config line says so. */
        change->next->primary = TRUE;
        change->values.given[KX_FIELD_DOMAIN_PRIMARY] = TRUE;
        g_free(change->values.text[KX_FIELD_DOMAIN_PRIMARY]);
        change->values.text[KX_FIELD_DOMAIN_PRIMARY] = g_strdup("1");
    }
    return check_next(directory, change, error);
}

static gboolean check_update(KxDirectory *directory, gpointer data, GError **error)
{
    DomainChange *change = data;
    change->entry = kx_tables_find_domain(directory, change->given_name, error);
    if (change->entry == NULL)
        return FALSE;
    change->name = g_strdup(change->entry->domain.name);
    change->next = kx_domain_copy(&change->entry->domain);
    take_values(change);
    if (change->entry == directory->primary && !change->next->primary)
        return kx_fail(error, KX_ERR_INVALID,
                       "primary: there must be one; make another domain primary instead");
    return check_next(directory, change, error);
}

static gboolean check_delete(KxDirectory *directory, gpointer data, GError **error)
{
    DomainChange *change = data;
    KxDomainEntry *entry = kx_tables_find_domain(directory, change->given_name, error);
    if (entry == NULL)
        return FALSE;
    change->entry = entry;
    change->name = g_strdup(entry->domain.name);
    if (entry == directory->primary)
        return kx_fail(error, KX_ERR_IN_USE,
                       "'%s' is the primary domain; make another domain primary first",
                       change->name);
    guint users = g_hash_table_size(entry->users);
    if (users > 0)
        return kx_fail(error, KX_ERR_IN_USE, "the domain '%s' has %u user%s; remove them first",
                       change->name, users, users == 1 ? "" : "s");
    if (entry->domain.aliases[0] != NULL)
        return kx_fail(error, KX_ERR_IN_USE,
                       "the domain '%s' has aliases (%s, ...); remove them first", change->name,
                       entry->domain.aliases[0]);
    return TRUE;
}

/* ---- storing ---- */

static gboolean store_row(KxDirectory *directory, const char *sql, const KxDomain *next,
                          GError **error)
{
    KxStmt *stmt = kx_db_prepare(directory->db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, next->primary);
    kx_stmt_bind_text(stmt, 2, next->description);
    kx_stmt_bind_text(stmt, 3, next->bound_ip);
    kx_stmt_bind_text(stmt, 4, next->name);
    return kx_stmt_run(stmt, error);
}

static gboolean store_aliases(KxDirectory *directory, const KxDomain *next, GError **error)
{
    if (!kx_change_run_id(directory->db, "DELETE FROM domain_aliases WHERE domain = ?", next->id,
                          error))
        return FALSE;
    for (guint i = 0; next->aliases[i] != NULL; i++) {
        KxStmt *stmt = kx_db_prepare(
            directory->db, "INSERT INTO domain_aliases (domain, name) VALUES (?, ?)", error);
        if (stmt == NULL)
            return FALSE;
        kx_stmt_bind_int(stmt, 1, next->id);
        kx_stmt_bind_text(stmt, 2, next->aliases[i]);
        if (!kx_stmt_run(stmt, error))
            return FALSE;
    }
    return TRUE;
}

/* The old primary domain steps back first: the database allows only one at any moment. */
static gboolean store_step_back(KxDirectory *directory, const KxDomain *next, GError **error)
{
    return !next->primary ||
           kx_db_exec(directory->db, "UPDATE domains SET is_primary = 0 WHERE is_primary = 1",
                      error);
}

static gboolean store_insert(KxDirectory *directory, gpointer data, GError **error)
{
    KxDomain *next = ((DomainChange *)data)->next;
    if (!store_step_back(directory, next, error) ||
        !store_row(
            directory,
            "INSERT INTO domains (is_primary, description, bound_ip, name) VALUES (?, ?, ?, ?)",
            next, error))
        return FALSE;
    next->id = kx_db_last_insert_id(directory->db);
    return store_aliases(directory, next, error);
}

static gboolean store_update(KxDirectory *directory, gpointer data, GError **error)
{
    KxDomain *next = ((DomainChange *)data)->next;
    return store_step_back(directory, next, error) &&
           store_row(
               directory,
               "UPDATE domains SET is_primary = ?, description = ?, bound_ip = ? WHERE name = ?",
               next, error) &&
           store_aliases(directory, next, error);
}

static gboolean store_delete(KxDirectory *directory, gpointer data, GError **error)
{
    return kx_change_run_id(directory->db, "DELETE FROM domains WHERE id = ?",
                            ((DomainChange *)data)->entry->domain.id, error);
}

/* ---- applying ---- */

static void apply_insert(KxDirectory *directory, gpointer data)
{
    kx_tables_add_domain(directory, kx_domain_entry_new(((DomainChange *)data)->next));
}

static void apply_update(KxDirectory *directory, gpointer data)
{
    DomainChange *change = data;
    kx_tables_replace_domain(directory, change->entry, change->next);
}

static void apply_delete(KxDirectory *directory, gpointer data)
{
    DomainChange *change = data;
    kx_tables_unlink_domain(directory, change->entry);
    g_hash_table_remove(directory->domains, change->name);
}

static void describe(gpointer data, GArray *audit)
{
    DomainChange *change = data;
    kx_change_audit(audit, "Name", change->name);
    kx_field_values_audit(&change->values, audit);
}

static gboolean run(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                    const char *name, const KxField *fields, guint n, GError **error)
{
    g_auto(DomainChange) change = {.given_name = name};
    return kx_field_values_parse(KX_OBJECT_DOMAIN, fields, n, &change.values, error) &&
           kx_change_run(directory, admin, kind, &change, error);
}

gboolean kx_domain_add(KxDirectory *directory, const KxAdmin *admin, const char *name,
                       const KxField *fields, guint n, GError **error)
{
    static const KxChangeKind INSERT = {KX_AUDIT_INSERT, "Domain", check_insert, store_insert,
                                        apply_insert,    describe, NULL};
    return run(directory, admin, &INSERT, name, fields, n, error);
}

gboolean kx_domain_set(KxDirectory *directory, const KxAdmin *admin, const char *name,
                       const KxField *fields, guint n, GError **error)
{
    static const KxChangeKind UPDATE = {KX_AUDIT_UPDATE, "Domain", check_update, store_update,
                                        apply_update,    describe, NULL};
    return run(directory, admin, &UPDATE, name, fields, n, error);
}

gboolean kx_domain_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                          GError **error)
{
    static const KxChangeKind DELETE = {KX_AUDIT_DELETE, "Domain", check_delete, store_delete,
                                        apply_delete,    describe, NULL};
    return run(directory, admin, &DELETE, name, NULL, 0, error);
}
