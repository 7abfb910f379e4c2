/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/manual.h"

#include "settings/settings.h"
#include "settings/value.h"

static const char INTRO[] =
    "# Settings\n"
    "\n"
    "Made from the table in `src/settings/settings-list.h` by `keryx config manual`; do not edit.\n"
    "\n"
    "`keryx config set NAME VALUE` changes a setting, `keryx config unset NAME` brings back its "
    "default.\n"
    "Changes work at once, but for those marked *at the next start*.\n"
    "\n"
    "Sizes are bytes and may carry K, M or G; durations are seconds and may carry s, m, h or d.\n"
    "Lists are separated by commas.\n";

static void append_range(GString *out, const KxSettingRow *row)
{
    KxSettingValue low = {.number = row->min};
    KxSettingValue high = {.number = row->max};
    g_autofree char *min = kx_setting_value_format(row, &low);
    g_autofree char *max = kx_setting_value_format(row, &high);
    g_string_append_printf(out, "%s to %s", min, max);
}

static void append_words(GString *out, const char *choices)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    for (guint i = 0; words[i] != NULL; i++)
        g_string_append_printf(out, "%s`%s`", i > 0 ? ", " : "", words[i]);
}

static void append_allowed(GString *out, const KxSettingRow *row)
{
    switch (row->type) {
    case KX_SETTING_BOOL:
        g_string_append(out, "`yes` or `no`");
        break;
    case KX_SETTING_INT:
        append_range(out, row);
        break;
    case KX_SETTING_SIZE:
        g_string_append(out, "size, ");
        append_range(out, row);
        break;
    case KX_SETTING_DURATION:
        g_string_append(out, "duration, ");
        append_range(out, row);
        break;
    case KX_SETTING_TEXT:
        g_string_append_printf(out, "text of at most %" G_GINT64_FORMAT " bytes", row->max);
        break;
    case KX_SETTING_CHOICE:
        append_words(out, row->choices);
        break;
    case KX_SETTING_LIST:
        g_string_append_printf(out, "list of at most %" G_GINT64_FORMAT, row->max);
        if (row->choices != NULL) {
            g_string_append(out, " of ");
            append_words(out, row->choices);
        }
        break;
    }
}

/* "smtp" of "smtp.max-size"; "log.mail" and "service.imap" are areas of their own. */
static size_t area_length(const char *name)
{
    return (size_t)(strrchr(name, '.') - name);
}

static void append_row(GString *out, const KxSettingRow *row)
{
    g_string_append_printf(out, "### %s\n\n%s\n\n- Allowed: ", row->name, row->manual);
    append_allowed(out, row);
    if (*row->preset == '\0')
        g_string_append(out, "\n- Default: empty\n");
    else
        g_string_append_printf(out, "\n- Default: `%s`\n", row->preset);
    if (row->flags & KX_SETTING_RESTART)
        g_string_append(out, "- Takes effect at the next start\n");
    if (*row->spec != '\0')
        g_string_append_printf(out, "- Specification: %s\n", row->spec);
    g_string_append_c(out, '\n');
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    const KxSettingRow *left = *(const KxSettingRow *const *)a;
    const KxSettingRow *right = *(const KxSettingRow *const *)b;
    size_t la = area_length(left->name), lb = area_length(right->name);
    int order = strncmp(left->name, right->name, MIN(la, lb));
    if (order == 0)
        order = (la > lb) - (la < lb);
    return order != 0 ? order : strcmp(left->name, right->name);
}

char *kx_settings_manual(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new();
    for (guint i = 0; i < KX_SET_COUNT; i++)
        g_ptr_array_add(rows, (gpointer)kx_setting_row((KxSettingId)i));
    g_ptr_array_sort(rows, compare_rows);
    GString *out = g_string_new(INTRO);
    const KxSettingRow *last = NULL;
    for (guint i = 0; i < rows->len; i++) {
        const KxSettingRow *row = rows->pdata[i];
        size_t area = area_length(row->name);
        if (last == NULL || area != area_length(last->name) ||
            strncmp(last->name, row->name, area) != 0)
            g_string_append_printf(out, "\n## %.*s\n\n", (int)area, row->name);
        append_row(out, row);
        last = row;
    }
    while (out->len > 1 && out->str[out->len - 2] == '\n')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}
