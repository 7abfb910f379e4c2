/* SPDX-License-Identifier: Apache-2.0 */
/* IP address groups (SMTP-09, SMTP-15): reading, matching and changing. */
#include "base/error.h"
#include "directory/change.h"
#include "directory/fields.h"
#include "directory/names.h"

enum { GROUP_NAME_MAX = 100 }; /* bytes, as in settings that name a group */

typedef struct {
    const char *name;
    KxFieldValues values;
    KxIpGroupEntry *old;  /* in the tables */
    KxIpGroupEntry *next; /* the tables take it */
} GroupChange;

static void group_change_clear(GroupChange *change)
{
    kx_field_values_clear(&change->values);
    g_clear_pointer(&change->next, kx_ip_group_entry_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GroupChange, group_change_clear)

static KxIpGroupEntry *find_group(KxDirectory *directory, const char *name)
{
    g_autofree char *key = kx_name_fold(name);
    return key != NULL ? g_hash_table_lookup(directory->groups, key) : NULL;
}

/* ---- reading ---- */

static int compare_groups(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const KxIpGroup *const *)a)->name, (*(const KxIpGroup *const *)b)->name);
}

GPtrArray *kx_ip_group_list(KxDirectory *directory)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_ip_group_free);
    GHashTableIter iter;
    gpointer value;
    kx_rw_lock_read(&directory->lock);
    g_hash_table_iter_init(&iter, directory->groups);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxIpGroup *group = &((KxIpGroupEntry *)value)->group;
        KxIpGroup *copy = g_new(KxIpGroup, 1);
        *copy = (KxIpGroup){g_strdup(group->name), g_strdup(group->description),
                            g_strdupv(group->entries)};
        g_ptr_array_add(list, copy);
    }
    kx_rw_lock_unlock(&directory->lock);
    g_ptr_array_sort(list, compare_groups);
    return list;
}

gboolean kx_ip_group_contains(KxDirectory *directory, const char *group, const char *ip)
{
    guint8 bytes[16];
    gboolean v4, found = FALSE;
    if (!kx_ip_parse(ip, bytes, &v4))
        return FALSE;
    kx_rw_lock_read(&directory->lock);
    const KxIpGroupEntry *entry = find_group(directory, group);
    for (guint i = 0; entry != NULL && !found && i < entry->n_ranges; i++)
        found = kx_ip_range_contains(&entry->ranges[i], bytes, v4);
    kx_rw_lock_unlock(&directory->lock);
    return found;
}

/* ---- checks ---- */

static gboolean check_name(const char *name, GError **error)
{
    gboolean good = *name != '\0' && strlen(name) <= GROUP_NAME_MAX &&
                    g_utf8_validate(name, -1, NULL) && !g_ascii_isspace(name[0]) &&
                    !g_ascii_isspace(name[strlen(name) - 1]);
    for (const char *at = name; good && *at != '\0'; at = g_utf8_next_char(at))
        good = !g_unichar_iscntrl(g_utf8_get_char(at)) && *at != ',';
    if (!good)
        return kx_fail(
            error, KX_ERR_INVALID,
            "the name of a group is UTF-8 text of 1 to %d bytes without commas and control "
            "characters",
            GROUP_NAME_MAX);
    return TRUE;
}

static gboolean check_insert(KxDirectory *directory, gpointer data, GError **error)
{
    GroupChange *change = data;
    const KxFieldValues *values = &change->values;
    if (!check_name(change->name, error))
        return FALSE;
    if (find_group(directory, change->name) != NULL)
        return kx_fail(error, KX_ERR_EXISTS, "there is a group '%s' already", change->name);
    const char *description = values->text[KX_FIELD_IP_GROUP_DESCRIPTION];
    change->next = kx_ip_group_entry_new(g_strdup(change->name),
                                         g_strdup(description != NULL ? description : ""),
                                         kx_field_values_list(values, KX_FIELD_IP_GROUP_ENTRIES));
    return TRUE;
}

static gboolean check_update(KxDirectory *directory, gpointer data, GError **error)
{
    GroupChange *change = data;
    const KxFieldValues *values = &change->values;
    change->old = find_group(directory, change->name);
    if (change->old == NULL)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no group '%s'", change->name);
    const KxIpGroup *old = &change->old->group;
    const char *description = values->text[KX_FIELD_IP_GROUP_DESCRIPTION];
    if (!values->given[KX_FIELD_IP_GROUP_DESCRIPTION])
        description = old->description;
    char **entries = values->given[KX_FIELD_IP_GROUP_ENTRIES]
                         ? kx_field_values_list(values, KX_FIELD_IP_GROUP_ENTRIES)
                         : g_strdupv(old->entries);
    change->next = kx_ip_group_entry_new(g_strdup(old->name),
                                         g_strdup(description != NULL ? description : ""), entries);
    change->next->id = change->old->id;
    return TRUE;
}

/* A rule that names a group that is gone would silently match nobody. */
static gboolean check_delete(KxDirectory *directory, gpointer data, GError **error)
{
    GroupChange *change = data;
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    change->old = find_group(directory, change->name);
    if (change->old == NULL)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no group '%s'", change->name);
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        if (!(row->flags & KX_SETTING_IP_GROUP))
            continue;
        g_autofree char *used = kx_name_fold(kx_settings_text(settings, (KxSettingId)i));
        if (strcmp(used, change->old->key) == 0)
            return kx_fail(error, KX_ERR_IN_USE,
                           "the group '%s' is used by the setting %s; change that first",
                           change->old->group.name, row->name);
    }
    return TRUE;
}

gboolean kx_ip_group_check_setting(KxDirectory *directory, const KxSettingRow *row,
                                   const char *name, GError **error)
{
    if (*name == '\0' || find_group(directory, name) != NULL)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "%s: there is no IP address group '%s'", row->name, name);
}

/* ---- storing ---- */

static gboolean store_entries(KxDb *db, const KxIpGroupEntry *next, GError **error)
{
    for (guint i = 0; next->group.entries[i] != NULL; i++) {
        KxStmt *stmt = kx_db_prepare(
            db, "INSERT INTO ip_group_entries (owner, position, entry) VALUES (?, ?, ?)", error);
        if (stmt == NULL)
            return FALSE;
        kx_stmt_bind_int(stmt, 1, next->id);
        kx_stmt_bind_int(stmt, 2, i);
        kx_stmt_bind_text(stmt, 3, next->group.entries[i]);
        if (!kx_stmt_run(stmt, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean delete_group(KxDb *db, gint64 id, GError **error)
{
    return kx_change_run_id(db, "DELETE FROM ip_groups WHERE id = ?", id, error);
}

/* An update writes the group anew: it is small, and its id means nothing outside. */
static gboolean store_set(KxDirectory *directory, gpointer data, GError **error)
{
    GroupChange *change = data;
    KxIpGroupEntry *next = change->next;
    if (change->old != NULL && !delete_group(directory->db, change->old->id, error))
        return FALSE;
    KxStmt *stmt = kx_db_prepare(
        directory->db, "INSERT INTO ip_groups (key, name, description) VALUES (?, ?, ?)", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, next->key);
    kx_stmt_bind_text(stmt, 2, next->group.name);
    kx_stmt_bind_text(stmt, 3, next->group.description);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    next->id = kx_db_last_insert_id(directory->db);
    return store_entries(directory->db, next, error);
}

static gboolean store_delete(KxDirectory *directory, gpointer data, GError **error)
{
    return delete_group(directory->db, ((GroupChange *)data)->old->id, error);
}

/* ---- applying ---- */

static void apply(KxDirectory *directory, gpointer data)
{
    GroupChange *change = data;
    if (change->old != NULL)
        g_hash_table_remove(directory->groups, change->old->key);
    if (change->next == NULL)
        return;
    g_hash_table_insert(directory->groups, change->next->key, change->next);
    change->next = NULL;
}

static void describe(gpointer data, GArray *audit)
{
    GroupChange *change = data;
    kx_change_audit(audit, "Name",
                    change->old != NULL ? change->old->group.name : change->next->group.name);
    kx_field_values_audit(&change->values, audit);
}

gboolean kx_ip_group_set(KxDirectory *directory, const KxAdmin *admin, const char *name,
                         const KxField *fields, guint n, GError **error)
{
    static const KxChangeKind INSERT = {KX_AUDIT_INSERT, "IP_group", check_insert, store_set,
                                        apply,           describe,   NULL};
    static const KxChangeKind UPDATE = {KX_AUDIT_UPDATE, "IP_group", check_update, store_set,
                                        apply,           describe,   NULL};
    g_auto(GroupChange) change = {.name = name};
    if (!kx_field_values_parse(KX_OBJECT_IP_GROUP, fields, n, &change.values, error))
        return FALSE;
    kx_rw_lock_read(&directory->lock);
    gboolean exists = find_group(directory, name) != NULL;
    kx_rw_lock_unlock(&directory->lock);
    return kx_change_run(directory, admin, exists ? &UPDATE : &INSERT, &change, error);
}

gboolean kx_ip_group_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                            GError **error)
{
    static const KxChangeKind DELETE = {KX_AUDIT_DELETE, "IP_group", check_delete, store_delete,
                                        apply,           describe,   NULL};
    g_auto(GroupChange) change = {.name = name};
    return kx_change_run(directory, admin, &DELETE, &change, error);
}
