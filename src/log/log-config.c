/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-config.h"

#include "log/log-value.h"

/* A list longer than a line goes on in the next one. */
#define LIST_MAX (KX_LOG_LINE_MAX - KX_LOG_STAMP_LEN - 1)

static const char *const VERBS[] = {
    [KX_AUDIT_INSERT] = "insert",
    [KX_AUDIT_UPDATE] = "update",
    [KX_AUDIT_DELETE] = "delete",
};

static gboolean is_secret(const KxAuditField *field)
{
    g_autofree char *name = g_ascii_strdown(field->name, -1);
    return field->secret || g_str_has_suffix(name, "password") || g_str_has_suffix(name, "secret");
}

static void append_field(GString *list, const KxAuditField *field)
{
    g_string_append(list, field->name);
    g_string_append_c(list, '=');
    if (is_secret(field))
        g_string_append(list, "xxxxxx");
    else
        kx_log_append_quoted(list, field->value, '\'');
}

void kx_log_config_change(KxLogger *logger, const KxAuditConfig *change)
{
    g_autoptr(GString) line = g_string_new(NULL);
    kx_log_append_plain(line, change->user);
    g_string_append_printf(line, " - %s %s set ", VERBS[change->verb], change->type);
    size_t prefix = line->len;
    for (guint i = 0; i < change->field_count; i++) {
        g_autoptr(GString) field = g_string_new(NULL);
        append_field(field, &change->fields[i]);
        if (line->len > prefix && line->len + 2 + field->len > LIST_MAX) {
            kx_log(logger, KX_LOG_CONFIG, "%s", line->str);
            g_string_truncate(line, prefix);
        }
        if (line->len > prefix)
            g_string_append(line, ", ");
        g_string_append_len(line, field->str, (gssize)field->len);
    }
    kx_log(logger, KX_LOG_CONFIG, "%s", line->str);
}

void kx_log_config_action(KxLogger *logger, const char *user, const char *action)
{
    g_autoptr(GString) line = g_string_new(NULL);
    kx_log_append_plain(line, user);
    g_string_append(line, " - ");
    kx_log_append_plain(line, action);
    kx_log(logger, KX_LOG_CONFIG, "%s", line->str);
}
