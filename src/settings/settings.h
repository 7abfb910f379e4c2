/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: every one is a row of one typed table (settings/settings-list.h): name, type, bounds,
 * default, spec row, flags and one line of manual text. From the table come the enum below,
 * validation, storage, the command line, the export format and the reference manual.
 *
 * A KxSettings is an immutable snapshot of all values. Readers take the current snapshot once per
 * command and keep it as long as they like; a change makes a new snapshot. Thread-safe.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_SETTING_BOOL,     /* "yes" or "no" (also true/false/on/off/1/0 on input) */
    KX_SETTING_INT,      /* min..max */
    KX_SETTING_SIZE,     /* bytes; input may carry K, M, G; min..max */
    KX_SETTING_DURATION, /* seconds; input may carry s, m, h, d; min..max */
    KX_SETTING_TEXT,     /* UTF-8 without control characters, at most max bytes; KX_SETTING_LINES */
    KX_SETTING_CHOICE,   /* one of the words in `choices` ("a|b|c") */
    KX_SETTING_LIST,     /* comma-separated texts; each checked by `choices` or `check`; at most max
                            entries */
} KxSettingType;

typedef enum {
    KX_SETTING_EDGE = 1 << 0,     /* sent to the edge role */
    KX_SETTING_COURIER = 1 << 1,  /* sent to the courier role */
    KX_SETTING_SECRET = 1 << 2,   /* masked in logs and listings */
    KX_SETTING_RESTART = 1 << 3,  /* takes effect at the next start */
    KX_SETTING_IP_GROUP = 1 << 4, /* TEXT that names an IP address group, or is empty */
    KX_SETTING_LINES = 1 << 5,    /* TEXT that may have several lines */
} KxSettingFlags;

/* Extra check of a text or list entry: returns FALSE with KX_ERR_INVALID. */
typedef gboolean (*KxSettingCheck)(const char *value, GError **error);

typedef struct {
    const char *name; /* "smtp.max-recipients" */
    KxSettingType type;
    gint64 min, max;
    const char *choices;  /* of CHOICE, and of LIST where only certain words may stand */
    const char *preset;   /* the default, as text */
    guint flags;          /* KxSettingFlags */
    const char *spec;     /* row ids, space-separated, or "" */
    const char *manual;   /* one line */
    KxSettingCheck check; /* or NULL */
} KxSettingRow;

typedef enum {
#define KX_SETTING(id, ...) KX_SET_##id,
#include "settings/settings-list.h"
#undef KX_SETTING
    KX_SET_COUNT
} KxSettingId;

/* Families of rows: KX_LOG_ROWS rows for each log and KX_SERVICE_ROWS for each service, in
 * the order of the two enums below, so that code which serves them all can count instead of name:
 * kx_setting_of_log(2, KX_LOG_ROW_ROTATE) is log.security.rotate. */
typedef enum {
    KX_LOG_ROW_FILE,
    KX_LOG_ROW_FILE_NAME,
    KX_LOG_ROW_ROTATE,
    KX_LOG_ROW_MAX_SIZE,
    KX_LOG_ROW_KEEP,
    KX_LOG_ROW_SYSLOG,
    KX_LOG_ROW_SYSLOG_SERVER,
    KX_LOG_ROW_SYSLOG_PORT,
    KX_LOG_ROW_SYSLOG_TRANSPORT,
    KX_LOG_ROW_SYSLOG_FORMAT,
    KX_LOG_ROW_SYSLOG_FACILITY,
    KX_LOG_ROW_SYSLOG_SEVERITY,
    KX_LOG_ROWS
} KxLogRow;

typedef enum {
    KX_SERVICE_ROW_STARTUP,
    KX_SERVICE_ROW_LISTEN,
    KX_SERVICE_ROW_ACCESS_GROUP,
    KX_SERVICE_ROW_MAX_CONNECTIONS,
    KX_SERVICE_ROWS
} KxServiceRow;

#define KX_LOG_FAMILY_COUNT ((KX_SET_LOG_DEBUG_FILE - KX_SET_LOG_CONFIG_FILE) / KX_LOG_ROWS + 1)
#define KX_SERVICE_FAMILY_COUNT                                                                    \
    ((KX_SET_SERVICE_ADMIN_STARTUP - KX_SET_SERVICE_SMTP_STARTUP) / KX_SERVICE_ROWS + 1)

/* Logs count as in log/log-list.h: config, mail, security, warning, operations, error, spam, debug;
 * services smtp, smtps, submission, imap, imaps, pop3, pop3s, http, https, admin. */
KxSettingId kx_setting_of_log(guint log, KxLogRow row);
KxSettingId kx_setting_of_service(guint service, KxServiceRow row);

typedef struct KxSettings KxSettings;

const KxSettingRow *kx_setting_row(KxSettingId id);
gboolean kx_setting_find(const char *name, KxSettingId *ret_id); /* exact name */

/* Checks one value as kx_settings_with() would. */
gboolean kx_setting_check(KxSettingId id, const char *value, GError **error);

KxSettings *kx_settings_new_defaults(void);
KxSettings *kx_settings_ref(KxSettings *settings);
void kx_settings_unref(KxSettings *settings);

gboolean kx_settings_bool(const KxSettings *settings, KxSettingId id);
gint64 kx_settings_int(const KxSettings *settings, KxSettingId id);       /* INT, SIZE, DURATION */
const char *kx_settings_text(const KxSettings *settings, KxSettingId id); /* TEXT, CHOICE */
const char *const *kx_settings_list(const KxSettings *settings, KxSettingId id);
char *kx_settings_format(const KxSettings *settings,
                         KxSettingId id); /* canonical text of any type */
gboolean kx_settings_is_default(const KxSettings *settings, KxSettingId id);

/* A copy with some values changed: pairs of id and text. All or none; the error (KX_ERR_INVALID)
 * names setting, value and what is allowed. */
typedef struct {
    KxSettingId id;
    const char *value; /* NULL: back to the default */
} KxSettingChange;
KxSettings *kx_settings_with(const KxSettings *settings, const KxSettingChange *changes, guint n,
                             GError **error);

/* All values with any of `flags` as a blob for another role, and back (onto the defaults). The blob
 * names only what differs from the defaults. Unpacking checks every value again: KX_ERR_INVALID
 * names what was wrong. */
GBytes *kx_settings_pack(const KxSettings *settings, guint flags);
KxSettings *kx_settings_unpack(const void *bytes, size_t len, GError **error);

/* The current snapshot of a process. */
typedef struct KxSettingsHolder KxSettingsHolder;
KxSettingsHolder *kx_settings_holder_new(KxSettings *first); /* takes the reference */
void kx_settings_holder_free(KxSettingsHolder *holder);
KxSettings *kx_settings_get(KxSettingsHolder *holder);                /* a new reference */
void kx_settings_put(KxSettingsHolder *holder, KxSettings *settings); /* takes the reference */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSettings, kx_settings_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSettingsHolder, kx_settings_holder_free)
