/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/settings.h"

#include <pthread.h>

#include "base/error.h"
#include "settings/checks.h"
#include "settings/value.h"

static const KxSettingRow ROWS[KX_SET_COUNT] = {
#define KX_SETTING(id, name, type, min, max, choices, preset, flags, spec, check, manual)          \
    [KX_SET_##                                                                                     \
        id] = {name, KX_SETTING_##type, min, max, choices, preset, flags, spec, manual, check},
#include "settings/settings-list.h"
#undef KX_SETTING
};

struct KxSettings {
    gint refs; /* atomic */
    KxSettingValue values[KX_SET_COUNT];
};

struct KxSettingsHolder {
    pthread_mutex_t lock;
    KxSettings *current;
};

const KxSettingRow *kx_setting_row(KxSettingId id)
{
    g_assert(id < KX_SET_COUNT);
    return &ROWS[id];
}

gboolean kx_setting_find(const char *name, KxSettingId *ret_id)
{
    for (guint i = 0; i < KX_SET_COUNT; i++)
        if (strcmp(ROWS[i].name, name) == 0) {
            *ret_id = (KxSettingId)i;
            return TRUE;
        }
    return FALSE;
}

gboolean kx_setting_check(KxSettingId id, const char *value, GError **error)
{
    KxSettingValue parsed = {0};
    if (!kx_setting_value_parse(kx_setting_row(id), value, &parsed, error))
        return FALSE;
    kx_setting_value_clear(&parsed);
    return TRUE;
}

KxSettingId kx_setting_of_log(guint log, KxLogRow row)
{
    g_assert(log < KX_LOG_FAMILY_COUNT && row < KX_LOG_ROWS);
    return (KxSettingId)(KX_SET_LOG_CONFIG_FILE + log * KX_LOG_ROWS + row);
}

KxSettingId kx_setting_of_service(guint service, KxServiceRow row)
{
    g_assert(service < KX_SERVICE_FAMILY_COUNT && row < KX_SERVICE_ROWS);
    return (KxSettingId)(KX_SET_SERVICE_SMTP_STARTUP + service * KX_SERVICE_ROWS + row);
}

/* The defaults of the table are checked by a unit test; a bad one is a fault of the program. */
static void parse_preset(KxSettingId id, KxSettingValue *value)
{
    g_autoptr(GError) error = NULL;
    if (!kx_setting_value_parse(&ROWS[id], ROWS[id].preset, value, &error))
        g_error("default of setting %s", error->message);
}

KxSettings *kx_settings_new_defaults(void)
{
    KxSettings *settings = g_new0(KxSettings, 1);
    settings->refs = 1;
    for (guint i = 0; i < KX_SET_COUNT; i++)
        parse_preset((KxSettingId)i, &settings->values[i]);
    return settings;
}

KxSettings *kx_settings_ref(KxSettings *settings)
{
    g_atomic_int_inc(&settings->refs);
    return settings;
}

void kx_settings_unref(KxSettings *settings)
{
    if (settings == NULL || !g_atomic_int_dec_and_test(&settings->refs))
        return;
    for (guint i = 0; i < KX_SET_COUNT; i++)
        kx_setting_value_clear(&settings->values[i]);
    g_free(settings);
}

gboolean kx_settings_bool(const KxSettings *settings, KxSettingId id)
{
    g_assert(kx_setting_row(id)->type == KX_SETTING_BOOL);
    return settings->values[id].number != 0;
}

gint64 kx_settings_int(const KxSettings *settings, KxSettingId id)
{
    KxSettingType type = kx_setting_row(id)->type;
    g_assert(type == KX_SETTING_INT || type == KX_SETTING_SIZE || type == KX_SETTING_DURATION);
    return settings->values[id].number;
}

const char *kx_settings_text(const KxSettings *settings, KxSettingId id)
{
    KxSettingType type = kx_setting_row(id)->type;
    g_assert(type == KX_SETTING_TEXT || type == KX_SETTING_CHOICE);
    return settings->values[id].text;
}

const char *const *kx_settings_list(const KxSettings *settings, KxSettingId id)
{
    g_assert(kx_setting_row(id)->type == KX_SETTING_LIST);
    return (const char *const *)settings->values[id].list;
}

char *kx_settings_format(const KxSettings *settings, KxSettingId id)
{
    return kx_setting_value_format(kx_setting_row(id), &settings->values[id]);
}

gboolean kx_settings_is_default(const KxSettings *settings, KxSettingId id)
{
    KxSettingValue preset = {0};
    parse_preset(id, &preset);
    gboolean equal = kx_setting_value_equal(&settings->values[id], &preset);
    kx_setting_value_clear(&preset);
    return equal;
}

KxSettings *kx_settings_with(const KxSettings *settings, const KxSettingChange *changes, guint n,
                             GError **error)
{
    g_autoptr(KxSettings) copy = g_new0(KxSettings, 1);
    copy->refs = 1;
    for (guint i = 0; i < KX_SET_COUNT; i++)
        kx_setting_value_copy(&copy->values[i], &settings->values[i]);
    for (guint i = 0; i < n; i++) {
        const KxSettingRow *row = kx_setting_row(changes[i].id);
        const char *text = changes[i].value != NULL ? changes[i].value : row->preset;
        KxSettingValue value = {0};
        if (!kx_setting_value_parse(row, text, &value, error))
            return NULL;
        kx_setting_value_clear(&copy->values[changes[i].id]);
        copy->values[changes[i].id] = value;
    }
    return g_steal_pointer(&copy);
}

KxSettingsHolder *kx_settings_holder_new(KxSettings *first)
{
    KxSettingsHolder *holder = g_new0(KxSettingsHolder, 1);
    pthread_mutex_init(&holder->lock, NULL);
    holder->current = first;
    return holder;
}

void kx_settings_holder_free(KxSettingsHolder *holder)
{
    if (holder == NULL)
        return;
    kx_settings_unref(holder->current);
    pthread_mutex_destroy(&holder->lock);
    g_free(holder);
}

KxSettings *kx_settings_get(KxSettingsHolder *holder)
{
    pthread_mutex_lock(&holder->lock);
    KxSettings *settings = kx_settings_ref(holder->current);
    pthread_mutex_unlock(&holder->lock);
    return settings;
}

void kx_settings_put(KxSettingsHolder *holder, KxSettings *settings)
{
    pthread_mutex_lock(&holder->lock);
    KxSettings *old = holder->current;
    holder->current = settings;
    pthread_mutex_unlock(&holder->lock);
    kx_settings_unref(old);
}
