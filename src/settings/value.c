/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/value.h"

#include "base/error.h"
#include "settings/checks.h"

enum { VALUE_MAX = 64 * 1024 }; /* bytes of any value as text */

typedef struct {
    char letter;
    gint64 factor;
} Unit;

/* Largest first: the canonical form uses the first unit that divides the number. */
static const Unit SIZE_UNITS[] = {{'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}, {'\0', 1}};
static const Unit DURATION_UNITS[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}, {'\0', 1}};
static const Unit PLAIN_UNITS[] = {{'\0', 1}};

static const Unit *units_of(KxSettingType type)
{
    if (type == KX_SETTING_SIZE)
        return SIZE_UNITS;
    return type == KX_SETTING_DURATION ? DURATION_UNITS : PLAIN_UNITS;
}

static char *format_number(KxSettingType type, gint64 number)
{
    const Unit *unit = units_of(type);
    if (number == 0)
        return g_strdup("0");
    while (unit->letter != '\0' && number % unit->factor != 0)
        unit++;
    const char suffix[] = {unit->letter, '\0'};
    return g_strdup_printf("%" G_GINT64_FORMAT "%s", number / unit->factor, suffix);
}

/* Digits with an optional sign and unit. Too large numbers saturate: the range check names them. */
static gboolean scan_number(KxSettingType type, const char *text, gint64 *ret_number)
{
    gboolean negative = *text == '-';
    const char *at = text + negative;
    gint64 number = 0;
    gboolean over = FALSE;
    if (!g_ascii_isdigit(*at))
        return FALSE;
    for (; g_ascii_isdigit(*at); at++)
        over |= __builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, *at - '0', &number);
    const Unit *unit = units_of(type);
    while (g_ascii_tolower(unit->letter) != g_ascii_tolower(*at)) {
        if (unit->letter == '\0')
            return FALSE;
        unit++;
    }
    if (*at != '\0' && at[1] != '\0')
        return FALSE;
    over |= __builtin_mul_overflow(number, unit->factor, &number);
    if (over)
        number = G_MAXINT64;
    *ret_number = negative ? -number : number;
    return TRUE;
}

static gboolean parse_number(const KxSettingRow *row, const char *text, KxSettingValue *value,
                             GError **error)
{
    static const char *const WANTED[] = {
        [KX_SETTING_INT] = "a whole number",
        [KX_SETTING_SIZE] = "a size (a number of bytes, or with K, M or G, like 25M)",
        [KX_SETTING_DURATION] = "a duration (a number of seconds, or with s, m, h or d, like 5m)",
    };
    if (!scan_number(row->type, text, &value->number))
        return kx_fail(error, KX_ERR_INVALID, "%s: '%s' is not %s", row->name, text,
                       WANTED[row->type]);
    gboolean below = value->number < row->min;
    if (!below && value->number <= row->max)
        return TRUE;
    g_autofree char *limit = format_number(row->type, below ? row->min : row->max);
    return kx_fail(error, KX_ERR_INVALID, "%s: %s is %s allowed value, %s", row->name, text,
                   below ? "below the smallest" : "above the largest", limit);
}

gboolean kx_setting_amount_parse(KxSettingType type, const char *text, gint64 *ret_number,
                                 GError **error)
{
    gint64 number;
    if (!scan_number(type, text, &number) || number < 0)
        return kx_fail(error, KX_ERR_INVALID, "'%s' is not a %s", text,
                       type == KX_SETTING_SIZE ? "size like 500K or 25M" : "time like 30m or 2h");
    *ret_number = number;
    return TRUE;
}

static gboolean parse_bool(const KxSettingRow *row, const char *text, KxSettingValue *value,
                           GError **error)
{
    gboolean on;
    if (kx_bool_parse(text, &on)) {
        value->number = on;
        return TRUE;
    }
    return kx_fail(error, KX_ERR_INVALID, "%s: '%s' is neither yes nor no", row->name, text);
}

static gboolean has_control(const KxSettingRow *row, const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gboolean line = row->flags & KX_SETTING_LINES && strchr("\r\n\t", *text);
        if (g_unichar_iscntrl(g_utf8_get_char(text)) && !line)
            return TRUE;
    }
    return FALSE;
}

static gboolean run_check(const KxSettingRow *row, const char *text, GError **error)
{
    if (row->check == NULL || row->check(text, error))
        return TRUE;
    g_prefix_error(error, "%s: ", row->name);
    return FALSE;
}

static gboolean parse_text(const KxSettingRow *row, const char *text, KxSettingValue *value,
                           GError **error)
{
    size_t len = strlen(text);
    if (len < (size_t)row->min)
        return kx_fail(error, KX_ERR_INVALID, "%s: may not be empty", row->name);
    if (len > (size_t)row->max)
        return kx_fail(error, KX_ERR_INVALID,
                       "%s: %" G_GSIZE_FORMAT " bytes are above the longest allowed text, "
                       "%" G_GINT64_FORMAT,
                       row->name, len, row->max);
    if (!run_check(row, text, error))
        return FALSE;
    value->text = g_strdup(text);
    return TRUE;
}

/* The canonical word, or NULL. */
static char *find_choice(const char *choices, const char *text)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    for (guint i = 0; words[i] != NULL; i++)
        if (g_ascii_strcasecmp(words[i], text) == 0)
            return g_strdup(words[i]);
    return NULL;
}

static gboolean fail_choice(const KxSettingRow *row, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(row->choices, "|", -1);
    g_autofree char *list = g_strjoinv(", ", words);
    return kx_fail(error, KX_ERR_INVALID, "%s: '%s' is not one of: %s", row->name, text, list);
}

static gboolean parse_choice(const KxSettingRow *row, const char *text, KxSettingValue *value,
                             GError **error)
{
    value->text = find_choice(row->choices, text);
    return value->text != NULL || fail_choice(row, text, error);
}

static gboolean check_entry(const KxSettingRow *row, char **entry, GError **error)
{
    g_strstrip(*entry);
    if (**entry == '\0')
        return kx_fail(error, KX_ERR_INVALID, "%s: the list has an empty entry", row->name);
    if (row->choices == NULL)
        return run_check(row, *entry, error);
    char *word = find_choice(row->choices, *entry);
    if (word == NULL)
        return fail_choice(row, *entry, error);
    g_free(*entry);
    *entry = word;
    return TRUE;
}

static gboolean parse_list(const KxSettingRow *row, const char *text, KxSettingValue *value,
                           GError **error)
{
    g_auto(GStrv) entries = NULL;
    if (text[strspn(text, " ")] == '\0')
        entries = g_new0(char *, 1);
    else
        entries = g_strsplit(text, ",", (gint)row->max + 1);
    guint n = g_strv_length(entries);
    if (n > row->max)
        return kx_fail(error, KX_ERR_INVALID,
                       "%s: at most %" G_GINT64_FORMAT " entries are allowed", row->name, row->max);
    if (n < row->min)
        return kx_fail(error, KX_ERR_INVALID, "%s: the list needs at least %" G_GINT64_FORMAT,
                       row->name, row->min);
    for (guint i = 0; i < n; i++)
        if (!check_entry(row, &entries[i], error))
            return FALSE;
    value->list = g_steal_pointer(&entries);
    return TRUE;
}

gboolean kx_setting_value_parse(const KxSettingRow *row, const char *text,
                                KxSettingValue *ret_value, GError **error)
{
    typedef gboolean (*Parse)(const KxSettingRow *, const char *, KxSettingValue *, GError **);
    static const Parse PARSE[] = {
        [KX_SETTING_BOOL] = parse_bool,   [KX_SETTING_INT] = parse_number,
        [KX_SETTING_SIZE] = parse_number, [KX_SETTING_DURATION] = parse_number,
        [KX_SETTING_TEXT] = parse_text,   [KX_SETTING_CHOICE] = parse_choice,
        [KX_SETTING_LIST] = parse_list,
    };
    KxSettingValue value = {0};
    if (strlen(text) > VALUE_MAX)
        return kx_fail(error, KX_ERR_INVALID, "%s: the value is longer than %d bytes", row->name,
                       VALUE_MAX);
    if (!g_utf8_validate(text, -1, NULL) || has_control(row, text))
        return kx_fail(error, KX_ERR_INVALID,
                       "%s: the value must be UTF-8 text without control characters", row->name);
    if (!PARSE[row->type](row, text, &value, error))
        return FALSE;
    *ret_value = value;
    return TRUE;
}

char *kx_setting_value_format(const KxSettingRow *row, const KxSettingValue *value)
{
    if (row->type == KX_SETTING_BOOL)
        return g_strdup(value->number ? "yes" : "no");
    if (value->list != NULL)
        return g_strjoinv(",", value->list);
    return value->text != NULL ? g_strdup(value->text) : format_number(row->type, value->number);
}

void kx_setting_value_copy(KxSettingValue *to, const KxSettingValue *from)
{
    *to = (KxSettingValue){
        .number = from->number, .text = g_strdup(from->text), .list = g_strdupv(from->list)};
}

gboolean kx_setting_value_equal(const KxSettingValue *a, const KxSettingValue *b)
{
    if (a->list != NULL && b->list != NULL)
        return g_strv_equal((const gchar *const *)a->list, (const gchar *const *)b->list);
    return a->number == b->number && g_strcmp0(a->text, b->text) == 0;
}

void kx_setting_value_clear(KxSettingValue *value)
{
    g_clear_pointer(&value->text, g_free);
    g_clear_pointer(&value->list, g_strfreev);
}
