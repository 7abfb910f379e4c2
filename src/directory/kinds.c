/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/kinds.h"

#include "base/error.h"
#include "base/ip-range.h"
#include "base/text.h"
#include "directory/credentials.h"
#include "directory/foreign-hash.h"
#include "directory/names.h"
#include "directory/time-rule.h"
#include "directory/totp.h"
#include "settings/checks.h"

enum {
    TEXT_MAX = 1000,         /* bytes */
    LINES_MAX = 32 * 1024,   /* bytes */
    LIST_MAX = 100000,       /* entries: a group may hold a whole company */
    LIST_TEXT_MAX = 8000000, /* bytes */
    DAYS_MAX = 36500,        /* a hundred years */
    YEAR_DAYS = 365,
    SECRET_MAX = 8000, /* bytes: access tokens are long */
    MINUTES_MAX = 1440,
    SECONDS_MAX = 86400,
    INTERVAL_MAX = 31 * 86400, /* seconds */
};

/* Beyond this neither IMAP nor the database can say the number. */
static const guint64 AMOUNT_MAX = G_MAXINT64;

/* ---- single values ---- */

static char *parse_text(const char *value, GError **error)
{
    if (strlen(value) > TEXT_MAX || !g_utf8_validate(value, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "the text is longer than %d bytes or not UTF-8", TEXT_MAX);
        return NULL;
    }
    for (const char *at = value; *at != '\0'; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at))) {
            kx_fail(error, KX_ERR_INVALID, "the text may not contain control characters");
            return NULL;
        }
    return g_strdup(value);
}

/* Several lines, which end in LF; without white space at the end. */
static char *parse_lines(const char *value, GError **error)
{
    if (strlen(value) > LINES_MAX || !g_utf8_validate(value, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "the text is longer than %d bytes or not UTF-8", LINES_MAX);
        return NULL;
    }
    GString *text = g_string_new(value);
    g_string_replace(text, "\r\n", "\n", 0);
    for (const char *at = text->str; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c == '\n' || c == '\t' || !g_unichar_iscntrl(c))
            continue;
        kx_fail(error, KX_ERR_INVALID, "the text may not contain control characters");
        g_string_free(text, TRUE);
        return NULL;
    }
    return g_strchomp(g_string_free(text, FALSE));
}

static char *parse_language(const char *value, GError **error)
{
    g_autofree char *language = g_ascii_strdown(value, -1);
    return kx_check_language(language, error) ? g_steal_pointer(&language) : NULL;
}

static char *parse_bool(const char *value, GError **error)
{
    gboolean on;
    if (kx_bool_parse(value, &on))
        return g_strdup(on ? "yes" : "no");
    kx_fail(error, KX_ERR_INVALID, "'%s' is neither yes nor no", value);
    return NULL;
}

/* What other servers want to hear: kept as it is. */
static char *parse_secret(const char *value, GError **error)
{
    if (strlen(value) <= SECRET_MAX && strpbrk(value, "\r\n") == NULL)
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID, "the secret is longer than %d bytes or has several lines",
            SECRET_MAX);
    return NULL;
}

static char *parse_color(const char *value, GError **error)
{
    static const struct {
        const char *name, *color;
    } names[] = {
        {"red", "#ff0000"},  {"orange", "#ffa500"}, {"yellow", "#ffff00"}, {"green", "#00c000"},
        {"blue", "#4080ff"}, {"purple", "#c040c0"}, {"gray", "#a0a0a0"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(value, names[i].name) == 0)
            return g_strdup(names[i].color);
    if (*value == '#' && strlen(value) == strlen("#rrggbb") &&
        strspn(value + 1, "0123456789abcdefABCDEF") == strlen("rrggbb"))
        return g_ascii_strdown(value, -1);
    kx_fail(error, KX_ERR_INVALID,
            "'%.100s' is not a color: #RRGGBB, red, orange, yellow, green, blue, purple or gray",
            value);
    return NULL;
}

static char *parse_level(const char *value, GError **error)
{
    static const char *const levels[] = {"none", "read", "full", NULL};
    return kx_kind_parse_choice(levels, value, error);
}

static char *parse_ip(const char *value, GError **error)
{
    char *ip = kx_name_ip(value);
    if (ip == NULL)
        kx_fail(error, KX_ERR_INVALID, "'%s' is not an IPv4 or IPv6 address", value);
    return ip;
}

static char *parse_count(const char *value, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, AMOUNT_MAX, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a number", value);
    return NULL;
}

static char *parse_size(const char *value, GError **error)
{
    static const char UNITS[] = "KMG";
    size_t len = strlen(value);
    const char *unit = len > 0 ? strchr(UNITS, g_ascii_toupper(value[len - 1])) : NULL;
    guint shift = unit ? 10 * (guint)(unit - UNITS + 1) : 0;
    g_autofree char *digits = g_strndup(value, unit ? len - 1 : len);
    guint64 number;
    if (kx_parse_uint(digits, AMOUNT_MAX >> shift, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number << shift);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a size in bytes, which may carry K, M or G", value);
    return NULL;
}

/* Of days; `limit` says what there may be at most. */
static char *parse_up_to(const char *value, guint64 limit, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, limit, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a number of days from 0 to %" G_GUINT64_FORMAT,
            value, limit);
    return NULL;
}

static char *parse_days(const char *value, GError **error)
{
    return parse_up_to(value, DAYS_MAX, error);
}

static char *parse_year(const char *value, GError **error)
{
    return parse_up_to(value, YEAR_DAYS, error);
}

static char *parse_host(const char *value, GError **error)
{
    return kx_check_host_or_empty(value, error) ? g_ascii_strdown(value, -1) : NULL;
}

static char *parse_port(const char *value, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, G_MAXUINT16, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a port from 1 to 65535, or 0 for the usual one",
            value);
    return NULL;
}

char *kx_kind_parse_choice(const char *const *choices, const char *value, GError **error)
{
    for (guint i = 0; choices[i] != NULL; i++)
        if (g_ascii_strcasecmp(value, choices[i]) == 0)
            return g_strdup(choices[i]);
    g_autofree char *all = g_strjoinv(", ", (char **)(gpointer)choices);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not one of %s", value, all);
    return NULL;
}

static const char *const fetch_protocols[] = {"pop3", "imap", NULL};
static const char *const fetch_tls[] = {"tls", "starttls", "none", NULL};
static const char *const fetch_auth[] = {"auto",        "user",          "plain",   "login",
                                         "cram-md5",    "apop",          "xoauth2", "oauthbearer",
                                         "scram-sha-1", "scram-sha-256", NULL};

static char *parse_fetch_protocol(const char *value, GError **error)
{
    return kx_kind_parse_choice(fetch_protocols, value, error);
}

static char *parse_fetch_tls(const char *value, GError **error)
{
    return kx_kind_parse_choice(fetch_tls, value, error);
}

static char *parse_fetch_auth(const char *value, GError **error)
{
    return kx_kind_parse_choice(fetch_auth, value, error);
}

static const char *const forward_modes[] = {"online", "etrn", "schedule", NULL};

static char *parse_forward_mode(const char *value, GError **error)
{
    return kx_kind_parse_choice(forward_modes, value, error);
}

/* In the order of KxRelayTls. */
static const char *const relay_tls[] = {"may", "never", "must", "verify", "wrap", NULL};

static char *parse_relay_tls(const char *value, GError **error)
{
    return kx_kind_parse_choice(relay_tls, value, error);
}

static char *parse_seconds(const char *value, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, SECONDS_MAX, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a number of seconds from 0 to %d", value,
            SECONDS_MAX);
    return NULL;
}

static char *parse_minutes(const char *value, GError **error)
{
    guint64 number;
    if (kx_parse_uint(value, MINUTES_MAX, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a number of minutes from 0 to %d", value,
            MINUTES_MAX);
    return NULL;
}

/* "90s", "10m", "1h", "1d"; without a letter seconds, as it is shown. 0 is none. */
static char *parse_interval(const char *value, GError **error)
{
    static const char UNITS[] = "smhd";
    static const guint seconds[] = {1, 60, 3600, 86400};
    size_t len = strlen(value);
    const char *unit = len > 0 ? strchr(UNITS, g_ascii_tolower(value[len - 1])) : NULL;
    g_autofree char *digits = g_strndup(value, unit ? len - 1 : len);
    guint64 number, each = unit ? seconds[unit - UNITS] : 1;
    if (kx_parse_uint(digits, INTERVAL_MAX / each, &number))
        return g_strdup_printf("%" G_GUINT64_FORMAT, number * each);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a time like 10m, 1h or 1d", value);
    return NULL;
}

static char *parse_object_name(const char *value, GError **error)
{
    return kx_name_object(value, error);
}

/* ---- entries of lists ---- */

static char *parse_clock(const char *entry, GError **error)
{
    guint hour, minute;
    int end = 0;
    if (sscanf(entry, "%2u:%2u%n", &hour, &minute, &end) == 2 && entry[end] == '\0' && hour < 24 &&
        minute < 60)
        return g_strdup_printf("%02u:%02u", hour, minute);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a time of day like 20:00", entry);
    return NULL;
}

static char *parse_action(const char *entry, GError **error)
{
    static const char *const actions[] = {
#define KX_SCHEDULE_ACTION(id, name, func) name,
#include "directory/schedule-actions.h"
#undef KX_SCHEDULE_ACTION
        NULL};
    return kx_kind_parse_choice(actions, entry, error);
}

static gboolean check_range(const char *entry, GError **error)
{
    KxIpRange range;
    if (!g_str_has_prefix(entry, KX_NAME_IP_GROUP))
        return kx_ip_range_parse(entry, &range, error);
    g_autofree char *name = kx_name_object(entry + strlen(KX_NAME_IP_GROUP), error);
    return name != NULL;
}

/* "192.0.2.1", or with a description "192.0.2.1 # branch office" (TOOL-04). */
static char *parse_range(const char *entry, GError **error)
{
    const char *note = strstr(entry, " #");
    g_autofree char *range = g_strndup(entry, note != NULL ? (gsize)(note - entry) : strlen(entry));
    if (!check_range(g_strchomp(range), error))
        return NULL;
    g_autofree char *text = parse_text(note != NULL ? note + 2 : "", error);
    if (text == NULL)
        return NULL;
    return *g_strstrip(text) != '\0' ? g_strconcat(range, KX_NAME_NOTE, text, NULL)
                                     : g_steal_pointer(&range);
}

static char *parse_time(const char *entry, GError **error)
{
    KxTimeRule rule;
    return kx_time_rule_parse(entry, &rule, error) ? kx_time_rule_format(&rule) : NULL;
}

static char *parse_local(const char *entry, GError **error)
{
    if (strchr(entry, '@') == NULL)
        return kx_name_local(entry, error);
    kx_fail(error, KX_ERR_INVALID, "'%s': give only the part before @", entry);
    return NULL;
}

/* With its domain in the one form; the local part as it was given. */
static char *parse_address(const char *entry, GError **error)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(entry, &local, &given) || given == NULL || *entry == '"') {
        kx_fail(error, KX_ERR_INVALID, "'%.100s' is not an address (name@domain)", entry);
        return NULL;
    }
    g_autofree char *good = kx_name_local(local, error);
    g_autofree char *domain = good != NULL ? kx_name_domain(given, error) : NULL;
    return domain != NULL ? g_strdup_printf("%s@%s", good, domain) : NULL;
}

/* An address, or all of a domain. */
static char *parse_sort_target(const char *value, GError **error)
{
    return g_str_has_prefix(value, "*@") ? kx_name_sort_address(value, error)
                                         : parse_address(value, error);
}

/* "name@domain", "domain", ".domain" for all below it; "*@" before a domain changes nothing. */
static char *parse_pattern(const char *entry, GError **error)
{
    if (g_str_has_prefix(entry, "*@"))
        entry += 2;
    if (g_str_has_prefix(entry, "*."))
        entry++;
    if (strchr(entry, '@') != NULL)
        return parse_address(entry, error);
    gboolean below = *entry == '.';
    g_autofree char *domain = kx_name_domain(entry + below, error);
    return domain != NULL ? g_strconcat(below ? "." : "", domain, NULL) : NULL;
}

static char *parse_sender_pattern(const char *entry, GError **error)
{
    return strcmp(entry, "<>") == 0 ? g_strdup(entry) : parse_pattern(entry, error);
}

static const char *const relay_auths[] = {"smtp", "pop3", NULL};

static char *parse_relay_auth(const char *value, GError **error)
{
    return kx_kind_parse_choice(relay_auths, value, error);
}

static char *parse_folder(const char *entry, GError **error)
{
    const char *name = entry + strlen(KX_NAME_PUBLIC);
    if (*name != '\0' && name[strlen(name) - 1] != '/' && strstr(name, "//") == NULL)
        return parse_text(entry, error);
    kx_fail(error, KX_ERR_INVALID, "'%s' is not a public folder (#public/Folder)", entry);
    return NULL;
}

static char *parse_target(const char *entry, GError **error)
{
    if (g_str_has_prefix(entry, KX_NAME_PUBLIC))
        return parse_folder(entry, error);
    return strchr(entry, '@') != NULL ? parse_address(entry, error) : kx_name_local(entry, error);
}

static const char *const overrides[] = {"", "no", "yes", NULL};
static const char *const levels[] = {"none", "read", "full", NULL};

const KxKind kx_kind_bool = {KX_CLASS_BOOL, "yes|no", NULL, parse_bool};
const KxKind kx_kind_totp = {KX_CLASS_TEXT, "SECRET", NULL, kx_totp_parse};
const KxKind kx_kind_color = {KX_CLASS_TEXT, "COLOR", NULL, parse_color};
const KxKind kx_kind_text = {KX_CLASS_TEXT, "TEXT", NULL, parse_text};
const KxKind kx_kind_lines = {KX_CLASS_TEXT, "TEXT", NULL, parse_lines};
const KxKind kx_kind_password = {KX_CLASS_SECRET, "SECRET", NULL, kx_password_prepare};
const KxKind kx_kind_hash = {KX_CLASS_SECRET, "{SCHEME}HASH", NULL, kx_foreign_hash_parse};
const KxKind kx_kind_language = {KX_CLASS_TEXT, "LANGUAGE", NULL, parse_language};
const KxKind kx_kind_ip = {KX_CLASS_TEXT, "ADDRESS", NULL, parse_ip};
const KxKind kx_kind_domain = {KX_CLASS_TEXT, "DOMAIN", NULL, kx_name_domain};
const KxKind kx_kind_size = {KX_CLASS_NUMBER, "SIZE", NULL, parse_size};
const KxKind kx_kind_count = {KX_CLASS_NUMBER, "NUMBER", NULL, parse_count};
const KxKind kx_kind_days = {KX_CLASS_NUMBER, "DAYS", NULL, parse_days};
const KxKind kx_kind_year = {KX_CLASS_NUMBER, "DAYS", NULL, parse_year};
const KxKind kx_kind_own_days = {KX_CLASS_TEXT, "DAYS", NULL, parse_days};
const KxKind kx_kind_host = {KX_CLASS_TEXT, "HOST", NULL, parse_host};
const KxKind kx_kind_port = {KX_CLASS_NUMBER, "PORT", NULL, parse_port};
const KxKind kx_kind_forward_mode = {KX_CLASS_CHOICE, "online|etrn|schedule", forward_modes,
                                     parse_forward_mode};
const KxKind kx_kind_relay_tls = {KX_CLASS_CHOICE, "may|never|must|verify|wrap", relay_tls,
                                  parse_relay_tls};
const KxKind kx_kind_interval = {KX_CLASS_NUMBER, "INTERVAL", NULL, parse_interval};
const KxKind kx_kind_clock_times = {KX_CLASS_LIST, "HH:MM,...", NULL, parse_clock, TRUE};
const KxKind kx_kind_actions = {KX_CLASS_LIST, "ACTION,...", NULL, parse_action};
const KxKind kx_kind_range_name = {KX_CLASS_TEXT, "RANGE", NULL, parse_object_name};
const KxKind kx_kind_group_name = {KX_CLASS_TEXT, "GROUP", NULL, parse_object_name};
const KxKind kx_kind_override = {KX_CLASS_CHOICE, "yes|no", overrides, parse_bool};
const KxKind kx_kind_level = {KX_CLASS_CHOICE, "none|read|full", levels, parse_level};
const KxKind kx_kind_domains = {KX_CLASS_LIST, "DOMAIN,...", NULL, kx_name_domain, TRUE};
const KxKind kx_kind_locals = {KX_CLASS_LIST, "NAME,...", NULL, parse_local, TRUE};
const KxKind kx_kind_users = {KX_CLASS_LIST, "USER,...", NULL, kx_name_local, TRUE};
const KxKind kx_kind_groups = {KX_CLASS_LIST, "GROUP,...", NULL, kx_name_object, TRUE};
const KxKind kx_kind_addresses = {KX_CLASS_LIST, "ADDRESS,...", NULL, parse_address};
const KxKind kx_kind_targets = {KX_CLASS_LIST, "TARGET,...", NULL, parse_target};
const KxKind kx_kind_ranges = {KX_CLASS_LIST, "ENTRY,...", NULL, parse_range};

const KxKind kx_kind_senders = {KX_CLASS_LIST, "PATTERN,...", NULL, parse_sender_pattern};
const KxKind kx_kind_recipients = {KX_CLASS_LIST, "PATTERN,...", NULL, parse_pattern};
const KxKind kx_kind_relay_auth = {KX_CLASS_CHOICE, "smtp|pop3", relay_auths, parse_relay_auth};
const KxKind kx_kind_source_ips = {KX_CLASS_LIST, "ADDRESS,...", NULL, parse_ip};
const KxKind kx_kind_secret = {KX_CLASS_TEXT, "SECRET", NULL, parse_secret};
const KxKind kx_kind_address = {KX_CLASS_TEXT, "ADDRESS", NULL, parse_address};
const KxKind kx_kind_sort_target = {KX_CLASS_TEXT, "ADDRESS", NULL, parse_sort_target};
const KxKind kx_kind_header_name = {KX_CLASS_TEXT, "NAME", NULL, kx_name_header};
const KxKind kx_kind_minutes = {KX_CLASS_NUMBER, "MINUTES", NULL, parse_minutes};
const KxKind kx_kind_seconds = {KX_CLASS_NUMBER, "SECONDS", NULL, parse_seconds};
const KxKind kx_kind_fetch_protocol = {KX_CLASS_CHOICE, "pop3|imap", fetch_protocols,
                                       parse_fetch_protocol};
const KxKind kx_kind_fetch_tls = {KX_CLASS_CHOICE, "tls|starttls|none", fetch_tls, parse_fetch_tls};
const KxKind kx_kind_fetch_auth = {
    KX_CLASS_CHOICE,
    "auto|user|plain|login|cram-md5|apop|xoauth2|oauthbearer|scram-sha-1|scram-sha-256", fetch_auth,
    parse_fetch_auth};
const KxKind kx_kind_times = {KX_CLASS_LIST, "TIME,...", NULL, parse_time};

/* ---- lists ---- */

static int compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean take_entry(const KxKind *kind, char *part, GHashTable *seen, GPtrArray *list,
                           GError **error)
{
    char *text = kind->normalise(g_strstrip(part), error);
    if (text == NULL)
        return FALSE;
    if (g_hash_table_add(seen, kx_name_fold(text)))
        g_ptr_array_add(list, text);
    else
        g_free(text);
    return TRUE;
}

static char *parse_list(const KxKind *kind, const char *value, GError **error)
{
    if (strlen(value) > LIST_TEXT_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the list is longer than %d bytes", LIST_TEXT_MAX);
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit(value, ",", LIST_MAX + 1);
    if (g_strv_length(parts) > LIST_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the list has more than %d entries", LIST_MAX);
        return NULL;
    }
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; parts[i] != NULL; i++)
        if (!take_entry(kind, parts[i], seen, list, error))
            return NULL;
    if (kind->sorted)
        g_ptr_array_sort(list, compare_texts);
    g_ptr_array_add(list, NULL);
    return g_strjoinv(",", (char **)list->pdata);
}

char *kx_kind_parse(const KxKind *kind, const char *value, GError **error)
{
    return kind->class == KX_CLASS_LIST ? parse_list(kind, value, error)
                                        : kind->normalise(value, error);
}

guint kx_kind_choice(const KxKind *kind, const char *text)
{
    for (guint i = 0; kind->choices[i] != NULL; i++)
        if (g_strcmp0(kind->choices[i], text) == 0)
            return i;
    return 0;
}
