/* SPDX-License-Identifier: Apache-2.0 */
/* The stored settings: what differs from the defaults is a row of server.db. */
#include "base/error.h"
#include "directory/change.h"
#include "directory/names.h"

static const char SETTINGS_LOGGED[] = "Settings";

typedef struct {
    const KxSettingChange *changes;
    guint n;
    const KxSettings *seen; /* the current ones must be these; NULL: any */
    KxSettings *next;
    GPtrArray *texts; /* canonical values, for the Config line */
} SettingsChange;

KxSettings *kx_directory_settings(KxDirectory *directory)
{
    return kx_settings_get(directory->settings);
}

void kx_directory_on_settings(KxDirectory *directory, KxSettingsChanged func, gpointer data)
{
    KxSettingsListener listener = {func, data};
    pthread_mutex_lock(&directory->changing);
    g_array_append_val(directory->listeners, listener);
    pthread_mutex_unlock(&directory->changing);
}

/* The settings as they will be; what names an object names one that exists. */
static KxSettings *next_of(KxDirectory *directory, const KxSettings *current,
                           const KxSettingChange *changes, guint n, GError **error)
{
    g_autoptr(KxSettings) next = kx_settings_with(current, changes, n, error);
    for (guint i = 0; next != NULL && i < n; i++) {
        KxSettingId id = changes[i].id;
        const KxSettingRow *row = kx_setting_row(id);
        if ((row->flags & KX_SETTING_IP_GROUP) &&
            !kx_ip_group_check_setting(directory, row, kx_settings_text(next, id), error))
            return NULL;
    }
    return g_steal_pointer(&next);
}

static gboolean check(KxDirectory *directory, gpointer data, GError **error)
{
    SettingsChange *change = data;
    g_autoptr(KxSettings) current = kx_settings_get(directory->settings);
    if (change->seen != NULL && change->seen != current)
        return kx_fail(error, KX_ERR_CONFLICT,
                       "the settings have been changed meanwhile: look at them again");
    change->next = next_of(directory, current, change->changes, change->n, error);
    for (guint i = 0; change->next != NULL && i < change->n; i++)
        g_ptr_array_add(change->texts, kx_settings_format(change->next, change->changes[i].id));
    return change->next != NULL;
}

static gboolean store_one(KxDb *db, KxSettingId id, const char *value, GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db,
                      value != NULL ? "INSERT INTO settings (name, value) VALUES (?, ?)"
                                      " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                                    : "DELETE FROM settings WHERE name = ?",
                      error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, kx_setting_row(id)->name);
    if (value != NULL)
        kx_stmt_bind_text(stmt, 2, value);
    return kx_stmt_run(stmt, error);
}

static gboolean store(KxDirectory *directory, gpointer data, GError **error)
{
    SettingsChange *change = data;
    for (guint i = 0; i < change->n; i++) {
        KxSettingId id = change->changes[i].id;
        const char *value =
            kx_settings_is_default(change->next, id) ? NULL : change->texts->pdata[i];
        if (!store_one(directory->db, id, value, error))
            return FALSE;
    }
    return TRUE;
}

static void apply(KxDirectory *directory, gpointer data)
{
    SettingsChange *change = data;
    kx_settings_put(directory->settings, kx_settings_ref(change->next));
}

static void describe(gpointer data, GArray *audit)
{
    SettingsChange *change = data;
    for (guint i = 0; i < change->n; i++) {
        const KxSettingRow *row = kx_setting_row(change->changes[i].id);
        KxAuditField field = {row->name, change->texts->pdata[i],
                              (row->flags & KX_SETTING_SECRET) != 0};
        g_array_append_val(audit, field);
    }
}

static void tell_all(KxDirectory *directory, KxSettings *settings)
{
    for (guint i = 0; i < directory->listeners->len; i++) {
        KxSettingsListener *listener = &g_array_index(directory->listeners, KxSettingsListener, i);
        listener->func(listener->data, settings);
    }
}

static void tell(KxDirectory *directory, gpointer data)
{
    tell_all(directory, ((SettingsChange *)data)->next);
}

gboolean kx_directory_set(KxDirectory *directory, const KxAdmin *admin,
                          const KxSettingChange *changes, guint n, GError **error)
{
    return kx_directory_set_seen(directory, admin, NULL, changes, n, error);
}

gboolean kx_directory_set_seen(KxDirectory *directory, const KxAdmin *admin, const KxSettings *seen,
                               const KxSettingChange *changes, guint n, GError **error)
{
    static const KxChangeKind UPDATE = {KX_AUDIT_UPDATE, SETTINGS_LOGGED, check, store,
                                        apply,           describe,        tell};
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    SettingsChange change = {.seen = seen, .changes = changes, .n = n, .texts = texts};
    if (n == 0)
        return TRUE;
    gboolean done = kx_change_run(directory, admin, &UPDATE, &change, error);
    kx_settings_unref(change.next);
    return done;
}

/* ---- names of objects in settings ---- */

static GArray *find_named(const KxSettings *settings, guint flag, const char *old, const char *new)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(KxSettingChange));
    g_autofree char *key = kx_name_fold(old);
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        KxSettingChange one = {(KxSettingId)id, new};
        if (!(kx_setting_row((KxSettingId)id)->flags & flag))
            continue;
        g_autofree char *used = kx_name_fold(kx_settings_text(settings, (KxSettingId)id));
        if (g_strcmp0(used, key) == 0)
            g_array_append_val(changes, one);
    }
    return changes;
}

/* As the change on its way has them; a new reference. */
static KxSettings *latest(KxDirectory *directory)
{
    return directory->next_settings != NULL ? kx_settings_ref(directory->next_settings)
                                            : kx_settings_get(directory->settings);
}

static gboolean store_next(KxDirectory *directory, const KxSettings *next,
                           const KxSettingChange *changes, guint n, GError **error)
{
    for (guint i = 0; i < n; i++) {
        KxSettingId id = changes[i].id;
        g_autofree char *value = kx_settings_format(next, id);
        if (!store_one(directory->db, id, kx_settings_is_default(next, id) ? NULL : value, error))
            return FALSE;
    }
    return TRUE;
}

/* Takes the reference, NULL included. */
static gboolean take_next(KxDirectory *directory, KxSettings *next, const KxSettingChange *changes,
                          guint n, GError **error)
{
    if (next == NULL)
        return FALSE;
    g_clear_pointer(&directory->next_settings, kx_settings_unref);
    directory->next_settings = next;
    return store_next(directory, next, changes, n, error);
}

gboolean kx_settings_take(KxDirectory *directory, const KxSettingChange *changes, guint n,
                          GError **error)
{
    g_autoptr(KxSettings) current = latest(directory);
    return n == 0 ||
           take_next(directory, next_of(directory, current, changes, n, error), changes, n, error);
}

void kx_settings_log(KxDirectory *directory, const KxAdmin *admin, const KxSettingChange *changes,
                     guint n)
{
    if (n == 0)
        return;
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) audit = g_array_new(FALSE, FALSE, sizeof(KxAuditField));
    SettingsChange change = {.changes = changes, .n = n, .texts = texts};
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(texts, kx_settings_format(settings, changes[i].id));
    describe(&change, audit);
    kx_log_config_change(directory->logger,
                         &(KxAuditConfig){.user = admin->name,
                                          .verb = KX_AUDIT_UPDATE,
                                          .type = SETTINGS_LOGGED,
                                          .fields = (const KxAuditField *)(void *)audit->data,
                                          .field_count = audit->len});
}

gboolean kx_settings_rename(KxDirectory *directory, guint flag, const char *old, const char *new,
                            GError **error)
{
    g_autoptr(KxSettings) current = latest(directory);
    g_autoptr(GArray) found = find_named(current, flag, old, new);
    const KxSettingChange *changes = (const KxSettingChange *)(void *)found->data;
    /* The tables do not have the new name yet. */
    return found->len == 0 ||
           take_next(directory, kx_settings_with(current, changes, found->len, error), changes,
                     found->len, error);
}

void kx_settings_settle(KxDirectory *directory, gboolean done)
{
    if (directory->next_settings == NULL)
        return;
    directory->settings_changed = done;
    if (done)
        kx_settings_put(directory->settings, g_steal_pointer(&directory->next_settings));
    g_clear_pointer(&directory->next_settings, kx_settings_unref);
}

void kx_settings_tell(KxDirectory *directory)
{
    if (!directory->settings_changed)
        return;
    directory->settings_changed = FALSE;
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    tell_all(directory, settings);
}
