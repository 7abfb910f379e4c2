/* SPDX-License-Identifier: Apache-2.0 */
/* See date.h. */
#include "mime/date.h"
#include "mime/lex-private.h"

#define DAY_SECONDS 86400
#define MAX_OFFSET  (24 * 60 - 1)

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

typedef struct Fields {
    int year, month, day; /* month 1 to 12 */
    int hour, minute, second;
    int offset;
} Fields;

/* The first three letters decide: "June" is seen in the wild. */
static int find_month(const char *text, size_t len)
{
    for (int i = 0; i < 12 && len >= 3; i++) {
        if (g_ascii_strncasecmp(text, months[i], 3) == 0)
            return i + 1;
    }
    return 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years run from March so that the leap
 * day comes last, and are grouped by the calendar's cycle of 400. */
static gint64 days_from_civil(int year, int month, int day)
{
    gint64 y = month <= 2 ? year - 1 : year;
    gint64 era = y / 400;
    gint64 year_of_era = y - era * 400;
    gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(gint64 days, int *ret_year, int *ret_month, int *ret_day)
{
    gint64 z = days + 719468;
    gint64 era = z / 146097;
    gint64 day_of_era = z - era * 146097;
    gint64 year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    gint64 shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

static gboolean is_valid(const Fields *f)
{
    return f->year >= 1 && f->year <= 9999 && f->month >= 1 && f->month <= 12 && f->day >= 1 &&
           f->day <= days_in_month(f->year, f->month) && f->hour <= 23 && f->minute <= 59 &&
           f->second <= 60;
}

static gboolean finish(const Fields *f, KxDate *ret_date)
{
    if (!is_valid(f))
        return FALSE;
    gint64 local = days_from_civil(f->year, f->month, f->day) * DAY_SECONDS + f->hour * 3600 +
                   f->minute * 60 + f->second;
    *ret_date = (KxDate){.unix_seconds = local - f->offset * 60, .offset_minutes = f->offset};
    return TRUE;
}

/* A number of 1 to `max_digits` digits; returns how many were read, 0 on failure. */
static unsigned read_number(KxLex *lex, unsigned max_digits, int *ret_value)
{
    unsigned n = 0;
    int value = 0;
    while (lex->pos < lex->end && g_ascii_isdigit(*lex->pos) && n < max_digits) {
        value = value * 10 + (*lex->pos++ - '0');
        n++;
    }
    if (n == 0 || (lex->pos < lex->end && g_ascii_isdigit(*lex->pos)))
        return 0;
    *ret_value = value;
    return n;
}

static size_t read_alpha(KxLex *lex, const char **ret_start)
{
    *ret_start = lex->pos;
    while (lex->pos < lex->end && g_ascii_isalpha(*lex->pos))
        lex->pos++;
    return (size_t)(lex->pos - *ret_start);
}

/* Between day, month and year stands white space, or a hyphen with some senders. */
static void skip_separator(KxLex *lex)
{
    kx_lex_skip(lex, NULL);
    while (lex->pos < lex->end && strchr("-,./", *lex->pos) && *lex->pos != '\0') {
        lex->pos++;
        kx_lex_skip(lex, NULL);
    }
}

/* RFC 5322 section 4.3: 00 to 49 are 20xx; other years of two or three digits are 19xx. */
static gboolean read_year(KxLex *lex, int *ret_year)
{
    unsigned digits = read_number(lex, 4, ret_year);
    if (digits == 2 && *ret_year < 50)
        *ret_year += 2000;
    else if (digits == 2 || digits == 3)
        *ret_year += 1900;
    return digits >= 2;
}

/* [":" second], all with white space allowed around the colons. */
static gboolean read_time(KxLex *lex, Fields *f)
{
    int *const numbers[] = {&f->hour, &f->minute, &f->second};
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        kx_lex_skip(lex, NULL);
        if (i > 0 && !kx_lex_accept(lex, ':') && !(i == 1 && kx_lex_accept(lex, '.')))
            return i == 2;
        kx_lex_skip(lex, NULL);
        if (read_number(lex, 2, numbers[i]) == 0)
            return FALSE;
    }
    return TRUE;
}

static int read_named_zone(const char *name, size_t len)
{
    static const struct {
        char name[4];
        int hours;
    } zones[] = {
        {"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
        {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(zones) && len == 3; i++) {
        if (g_ascii_strncasecmp(name, zones[i].name, 3) == 0)
            return zones[i].hours * 60;
    }
    return 0; /* UT, GMT, Z, military letters (RFC 5322 section 4.3) and the unknown */
}

static int read_zone(KxLex *lex)
{
    kx_lex_skip(lex, NULL);
    gboolean west = kx_lex_accept(lex, '-');
    if (!west && !kx_lex_accept(lex, '+')) {
        const char *name;
        size_t len = read_alpha(lex, &name);
        return read_named_zone(name, len);
    }
    int number;
    if (read_number(lex, 4, &number) != 4 || number / 100 > 23 || number % 100 > 59)
        return 0;
    int offset = number / 100 * 60 + number % 100;
    return west ? -offset : offset;
}

gboolean kx_date_parse_rfc5322(const char *text, size_t len, KxDate *ret_date)
{
    KxLex lex = {text, text + len};
    Fields f = {0};
    const char *word;
    kx_lex_skip(&lex, NULL);
    if (read_alpha(&lex, &word) > 0)
        skip_separator(&lex);
    if (read_number(&lex, 2, &f.day) == 0)
        return FALSE;
    skip_separator(&lex);
    size_t word_len = read_alpha(&lex, &word);
    f.month = find_month(word, word_len);
    skip_separator(&lex);
    if (f.month == 0 || !read_year(&lex, &f.year))
        return FALSE;
    skip_separator(&lex);
    if (lex.pos < lex.end && !read_time(&lex, &f))
        return FALSE;
    f.offset = read_zone(&lex);
    return finish(&f, ret_date);
}

static gboolean read_fixed(const char *text, unsigned digits, int *ret_value)
{
    int value = 0;
    for (unsigned i = 0; i < digits; i++) {
        if (!g_ascii_isdigit(text[i]))
            return FALSE;
        value = value * 10 + (text[i] - '0');
    }
    *ret_value = value;
    return TRUE;
}

/* "Mon-yyyy" */
static gboolean read_month_year(const char *text, Fields *f)
{
    f->month = find_month(text, 3);
    return f->month > 0 && text[3] == '-' && read_fixed(text + 4, 4, &f->year);
}

gboolean kx_date_parse_imap_datetime(const char *text, size_t len, KxDate *ret_date)
{
    Fields f = {0};
    int zone;
    if (len != KX_IMAP_DATETIME_SIZE - 1)
        return FALSE;
    unsigned day_digits = text[0] == ' ' ? 1 : 2;
    if (!read_fixed(text + 2 - day_digits, day_digits, &f.day) || text[2] != '-' ||
        !read_month_year(text + 3, &f) || text[11] != ' ' || !read_fixed(text + 12, 2, &f.hour) ||
        text[14] != ':' || !read_fixed(text + 15, 2, &f.minute) || text[17] != ':' ||
        !read_fixed(text + 18, 2, &f.second) || text[20] != ' ' ||
        (text[21] != '+' && text[21] != '-') || !read_fixed(text + 22, 4, &zone) ||
        zone % 100 > 59 || zone / 100 > 23)
        return FALSE;
    f.offset = zone / 100 * 60 + zone % 100;
    if (text[21] == '-')
        f.offset = -f.offset;
    return finish(&f, ret_date);
}

gboolean kx_date_parse_imap_date(const char *text, size_t len, gint64 *ret_day)
{
    Fields f = {0};
    if (len != 10 && len != 11)
        return FALSE;
    unsigned day_digits = (unsigned)len - 9;
    if (!read_fixed(text, day_digits, &f.day) || text[day_digits] != '-' ||
        !read_month_year(text + day_digits + 1, &f) || !is_valid(&f))
        return FALSE;
    *ret_day = days_from_civil(f.year, f.month, f.day);
    return TRUE;
}

static gint64 floor_div(gint64 a, gint64 b)
{
    return a / b - (a % b < 0);
}

static gint64 local_seconds(const KxDate *date)
{
    gint64 first = days_from_civil(1, 1, 1) * DAY_SECONDS;
    gint64 last = days_from_civil(9999, 12, 31) * DAY_SECONDS + DAY_SECONDS - 1;
    return CLAMP(CLAMP(date->unix_seconds, first, last) +
                     CLAMP(date->offset_minutes, -MAX_OFFSET, MAX_OFFSET) * 60,
                 first, last);
}

gint64 kx_date_local_day(const KxDate *date)
{
    return floor_div(local_seconds(date), DAY_SECONDS);
}

void kx_date_format_imap_datetime(const KxDate *date, char out[static KX_IMAP_DATETIME_SIZE])
{
    gint64 local = local_seconds(date);
    gint64 day = floor_div(local, DAY_SECONDS);
    int second = (int)(local - day * DAY_SECONDS);
    int year, month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    int offset = CLAMP(date->offset_minutes, -MAX_OFFSET, MAX_OFFSET);
    g_snprintf(out, KX_IMAP_DATETIME_SIZE, "%2d-%s-%04d %02d:%02d:%02d %c%02d%02d", day_of_month,
               months[month - 1], year, second / 3600, second / 60 % 60, second % 60,
               offset < 0 ? '-' : '+', ABS(offset) / 60, ABS(offset) % 60);
}
