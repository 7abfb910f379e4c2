/* SPDX-License-Identifier: Apache-2.0 */
/* keryx log: reading, searching and clearing the logs; the topics of the Debug log (LOG-04 to
 * LOG-20, LOG-65). */
#include "admin/command.h"

#include "admin/log-color.h"
#include "admin/log-follow.h"
#include "admin/log-save.h"
#include "base/error.h"
#include "log/log-read.h"

enum {
    TAIL_LINES = 20,
    FIND_LINES = 1000,
    FIND_SECONDS = 20,
    GENERATION_MAX = KX_LOG_KEEP_MAX,
};

static gboolean find_log(const char *name, KxLogId *ret_log, GError **error)
{
    if (kx_log_from_slug(name, ret_log))
        return TRUE;
    return kx_fail(error, KX_ERR_NOT_FOUND,
                   "there is no log '%s'; there are config, mail, security, warning, operations, "
                   "error, spam and debug",
                   name);
}

static KxLogReader *open_reader(const KxCall *call, GError **error)
{
    KxLogId log;
    if (!find_log(call->args[0], &log, error))
        return NULL;
    return kx_log_reader_open(call->context->core->logger, log,
                              (guint)kx_call_int(call, "generation", 0), error);
}

/* "2026-05-31", "2026-05-31 18:05", "2026-05-31 18:05:09" in the server's local time, as in the
 * logs. */
static gboolean parse_time(const char *text, gint64 *ret_seconds, GError **error)
{
    static const char *const FORMATS[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};
    for (guint i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *end = strptime(text, FORMATS[i], &tm);
        if (!end || *end != '\0')
            continue;
        *ret_seconds = (gint64)mktime(&tm);
        return TRUE;
    }
    return kx_fail(error, KX_ERR_INVALID,
                   "'%s' is not a time like 2026-05-31 or 2026-05-31 18:05:09", text);
}

/* Where --from or --since says to begin; `absent` if neither is given. */
static gboolean first_line(const KxCall *call, KxLogReader *reader, gint64 absent, gint64 *ret_line,
                           GError **error)
{
    const char *since = kx_call_text(call, "since");
    gint64 seconds = 0;
    *ret_line = kx_call_int(call, "from", -1);
    if (*ret_line >= 0)
        return TRUE;
    *ret_line = absent;
    if (!since)
        return TRUE;
    if (!parse_time(since, &seconds, error))
        return FALSE;
    *ret_line = (gint64)kx_log_reader_find_time(reader, seconds);
    return TRUE;
}

/* ---- list, tail, clear ---- */

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    json_t *all = json_array();
    for (KxLogId log = 0; log < KX_LOG_COUNT; log++) {
        g_autoptr(KxLogReader) reader =
            kx_log_reader_open(call->context->core->logger, log, 0, NULL);
        const char *file = kx_settings_text(settings, kx_setting_of_log(log, KX_LOG_ROW_FILE_NAME));
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:s, s:I}", "log", kx_log_slug(log), "title",
                                        kx_log_title(log), "file", file, "lines",
                                        (json_int_t)(reader ? kx_log_reader_count(reader) : 0)));
    }
    return all;
}

static json_t *tail(const KxCall *call, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxLogReader) reader = open_reader(call, &inner);
    /* A log that nobody has written to has no file yet. */
    if (!reader && kx_call_int(call, "generation", 0) == 0 &&
        kx_log_from_slug(call->args[0], &(KxLogId){0}) &&
        g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return json_pack("{s:[], s:[], s:i}", "lines", "colors", "next", 0);
    if (!reader) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return NULL;
    }
    guint64 count = kx_log_reader_count(reader);
    guint64 wanted = (guint64)kx_call_int(call, "lines", TAIL_LINES);
    gint64 from;
    if (!first_line(call, reader, -1, &from, error))
        return NULL;
    guint64 first = from >= 0 ? (guint64)from : count - MIN(count, wanted);
    if (first > count) /* cleared or rotated since */
        first = 0;
    g_auto(GStrv) lines =
        kx_log_reader_lines(reader, first, from >= 0 ? KX_LOG_READ_MAX : wanted, error);
    if (!lines)
        return NULL;
    g_autoptr(KxLogColors) colors = kx_log_colors_new(call->context->core->directory);
    json_t *texts = json_array(), *shown = json_array();
    for (guint i = 0; lines[i]; i++) {
        const char *color = kx_log_color(colors, lines[i]);
        json_array_append_new(texts, json_string(lines[i]));
        json_array_append_new(shown, color ? json_string(color) : json_null());
    }
    return json_pack("{s:o, s:o, s:I}", "lines", texts, "colors", shown, "next",
                     (json_int_t)(first + json_array_size(texts)));
}

/* ---- save ---- */

/* As much as one answer holds; the rest is asked for again. */
static json_t *save(const KxCall *call, GError **error)
{
    const char *format = kx_call_text(call, "format");
    gboolean html = g_strcmp0(format, "html") == 0;
    gint64 first, last = kx_call_int(call, "to", G_MAXINT64 - 1);
    if (format && !html && !g_str_equal(format, "txt")) {
        kx_fail(error, KX_ERR_INVALID, "format is txt or html");
        return NULL;
    }
    g_autoptr(KxLogReader) reader = open_reader(call, error);
    if (!reader || !first_line(call, reader, 0, &first, error))
        return NULL;
    gint64 end = MIN(last + 1, (gint64)kx_log_reader_count(reader));
    g_auto(GStrv) lines = kx_log_reader_lines(
        reader, (guint64)first, (guint64)CLAMP(end - first, 0, KX_LOG_READ_MAX), error);
    if (!lines)
        return NULL;
    g_autofree char *text = kx_log_format(call->context->core->directory, lines, html);
    gint64 next = first + (gint64)g_strv_length(lines);
    return json_pack("{s:s, s:I, s:b}", "text", text, "next", (json_int_t)next, "last",
                     next >= end || !lines[0]);
}

static json_t *clear(const KxCall *call, GError **error)
{
    KxLogId log;
    if (!find_log(call->args[0], &log, error) ||
        !kx_log_clear(call->context->core->logger, log, error))
        return NULL;
    kx_call_log(call, "%s log cleared", kx_log_title(log));
    return json_null();
}

/* ---- search ---- */

static gboolean add_line(KxLogReader *reader, guint64 number, json_t *found, GError **error)
{
    g_auto(GStrv) lines = kx_log_reader_lines(reader, number, 1, error);
    if (!lines)
        return FALSE;
    if (lines[0])
        json_array_append_new(
            found, json_pack("{s:I, s:s}", "number", (json_int_t)number, "line", lines[0]));
    return TRUE;
}

/* Goes on to the end, `max` lines or the time limit. TRUE in ret_more: there may be more. */
static gboolean collect(KxLogReader *reader, KxLogSearch *search, guint max, json_t *found,
                        gboolean *ret_more, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)FIND_SECONDS * G_USEC_PER_SEC;
    *ret_more = TRUE;
    while (json_array_size(found) < max && g_get_monotonic_time() < deadline) {
        guint64 line;
        KxLogSearchResult result = kx_log_reader_search(reader, search, &line, error);
        if (result == KX_LOG_SEARCH_FAILED)
            return FALSE;
        *ret_more = result != KX_LOG_SEARCH_END;
        if (result == KX_LOG_SEARCH_END)
            return TRUE;
        search->from = line;
        if (result == KX_LOG_SEARCH_PAUSED)
            continue;
        if (!add_line(reader, line, found, error))
            return FALSE;
        *ret_more = search->up ? line > 0 : line + 1 < kx_log_reader_count(reader);
        if (!*ret_more)
            return TRUE;
        search->from = search->up ? line - 1 : line + 1;
    }
    return TRUE;
}

static json_t *search(const KxCall *call, GError **error)
{
    g_autoptr(KxLogReader) reader = open_reader(call, error);
    if (!reader)
        return NULL;
    guint64 count = kx_log_reader_count(reader);
    KxLogSearch wish = {
        .text = call->args[1],
        .regex = kx_call_flag(call, "regex"),
        .match_case = kx_call_flag(call, "match-case"),
        .up = kx_call_flag(call, "up"),
    };
    gint64 from;
    if (!first_line(call, reader, wish.up && count > 0 ? (gint64)count - 1 : 0, &from, error))
        return NULL;
    wish.from = (guint64)from;
    json_auto_t *found = json_array();
    gboolean more;
    if (!collect(reader, &wish, (guint)kx_call_int(call, "lines", FIND_LINES), found, &more, error))
        return NULL;
    return json_pack("{s:O, s:b, s:I}", "lines", found, "more", more, "next",
                     (json_int_t)wish.from);
}

static void show_found(const json_t *result, FILE *out)
{
    const json_t *lines = json_object_get(result, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++)
        kx_show_log_line(json_object_get(json_array_get(lines, i), "line"), out);
    if (json_is_true(json_object_get(result, "more")))
        fprintf(out, "(there may be more: go on with --from %" JSON_INTEGER_FORMAT ")\n",
                json_integer_value(json_object_get(result, "next")));
}

/* ---- debug topics ---- */

static json_t *debug_list(const KxCall *call, GError **error)
{
    guint64 mask = kx_logger_get_debug(call->context->core->logger);
    json_t *all = json_array();
    for (KxDebugTopic topic = 0; topic < KX_DEBUG_COUNT; topic++) {
        const KxDebugTopicInfo *info = kx_debug_topic_info(topic);
        json_array_append_new(all, json_pack("{s:s, s:b, s:s, s:s}", "topic", info->slug, "on",
                                             (mask & KX_DEBUG_BIT(topic)) != 0, "title",
                                             info->title, "group", info->group));
    }
    return all;
}

static gboolean read_topics(const KxCall *call, guint64 *ret_mask, GError **error)
{
    guint64 mask = 0;
    for (guint i = 0; i < call->n_args; i++) {
        KxDebugTopic topic;
        if (g_str_equal(call->args[i], "all"))
            mask = KX_DEBUG_ALL;
        else if (kx_debug_topic_from_slug(call->args[i], &topic))
            mask |= KX_DEBUG_BIT(topic);
        else
            return kx_fail(error, KX_ERR_NOT_FOUND,
                           "there is no debug topic '%s'; keryx log debug list shows all",
                           call->args[i]);
    }
    *ret_mask = mask;
    return TRUE;
}

static json_t *debug_switch(const KxCall *call, gboolean on, GError **error)
{
    guint64 named = 0, mask = kx_logger_get_debug(call->context->core->logger);
    if (!read_topics(call, &named, error))
        return NULL;
    mask = on ? mask | named : mask & ~named;
    g_autoptr(GString) value = g_string_new(NULL);
    for (KxDebugTopic topic = 0; topic < KX_DEBUG_COUNT; topic++)
        if (mask & KX_DEBUG_BIT(topic))
            g_string_append_printf(value, "%s%s", value->len ? "," : "",
                                   kx_debug_topic_info(topic)->slug);
    KxSettingChange change = {KX_SET_LOG_DEBUG_TOPICS, value->str};
    if (!kx_directory_set(call->context->core->directory, &call->context->admin, &change, 1, error))
        return NULL;
    return json_null();
}

static json_t *debug_on(const KxCall *call, GError **error)
{
    return debug_switch(call, TRUE, error);
}

static json_t *debug_off(const KxCall *call, GError **error)
{
    return debug_switch(call, FALSE, error);
}

/* ---- the table ---- */

#define GENERATION_OPTION                                                                          \
    {                                                                                              \
        "generation", KX_OPTION_INT, "N", "The N-th older file instead of the current one.",       \
            .max = GENERATION_MAX                                                                  \
    }

#define SINCE_OPTION                                                                               \
    {                                                                                              \
        "since", KX_OPTION_TEXT, "TIME",                                                           \
            "From this time on: 2026-05-31, '2026-05-31 18:05' or with seconds, as in the logs."   \
    }

static const KxOption tail_options[] = {
    {"lines", KX_OPTION_INT, "N", "How many lines; 20 if not given.", .max = KX_LOG_READ_MAX,
     .letter = 'n'},
    {"from", KX_OPTION_INT, "N", "From this line on (the first is 0) instead of the last ones.",
     .max = G_MAXINT64},
    SINCE_OPTION,
    {"follow", KX_OPTION_FLAG, NULL, "Goes on with new lines as they are written, until Ctrl-C.",
     .letter = 'f'},
    GENERATION_OPTION,
};
static const KxOption save_options[] = {
    {"format", KX_OPTION_TEXT, "txt|html",
     "Plain text, for programs, or a page with the colors of keryx highlight; txt if not given."},
    {"from", KX_OPTION_INT, "N", "From this line on (the first is 0) instead of all.",
     .max = G_MAXINT64},
    {"to", KX_OPTION_INT, "N", "Up to this line, which is the last one.", .max = G_MAXINT64 - 1},
    SINCE_OPTION,
    GENERATION_OPTION,
};
static const KxOption search_options[] = {
    {"regex", KX_OPTION_FLAG, NULL, "The text is a regular expression (PCRE)."},
    {"match-case", KX_OPTION_FLAG, NULL, "Upper and lower case differ."},
    {"up", KX_OPTION_FLAG, NULL, "Towards the beginning."},
    {"from", KX_OPTION_INT, "N", "First line looked at (the first is 0).", .max = G_MAXINT64},
    SINCE_OPTION,
    {"lines", KX_OPTION_INT, "N", "Most lines shown; 1000 if not given.", .max = KX_LOG_READ_MAX,
     .letter = 'n'},
    GENERATION_OPTION,
};

static const KxCommand commands[] = {
    {.words = "log list",
     .args = "",
     .api = "GET /logs",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns = "log:Log,title:Title,file:File,lines:Lines",
     .manual = "Lists the logs."},
    {.words = "log tail",
     .args = "LOG",
     .api = "GET /logs/{log}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(tail_options),
     .run = tail,
     .local = kx_log_follow,
     .flags = KX_COMMAND_READS,
     .show = kx_show_log_lines,
     .manual = "Shows the end of a log."},
    {.words = "log search",
     .args = "LOG TEXT",
     .api = "GET /logs/{log}/search text",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(search_options),
     .run = search,
     .flags = KX_COMMAND_READS,
     .show = show_found,
     .manual = "Shows the lines of a log that hold a text."},
    {.words = "log save",
     .args = "LOG",
     .api = "GET /logs/{log}/text",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(save_options),
     .run = save,
     .local = kx_log_save,
     .flags = KX_COMMAND_READS,
     .manual =
         "Writes a log, or a part of it, to standard output as plain text or as an HTML page. "
         "In the API the answer is a piece of it, and the number of the line after it."},
    {.words = "log clear",
     .args = "LOG",
     .api = "POST /logs/{log}/clear",
     .min_args = 1,
     .max_args = 1,
     .run = clear,
     .manual = "Empties a log and its file. Older files of the log stay."},
    {.words = "log debug list",
     .args = "",
     .api = "GET /debug-topics",
     .run = debug_list,
     .flags = KX_COMMAND_READS,
     .columns = "topic:Topic,on:On,title:Title,group:Group",
     .manual = "Lists what the Debug log can record, and what it does."},
    {.words = "log debug on",
     .args = "TOPIC...",
     .api = "POST /debug-topics/on topics...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .run = debug_on,
     .manual = "Switches topics of the Debug log on, at once; 'all' means every one."},
    {.words = "log debug off",
     .args = "TOPIC...",
     .api = "POST /debug-topics/off topics...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .run = debug_off,
     .manual = "Switches topics of the Debug log off; 'all' means every one."},
};

const KxTopic kx_topic_log = {"log", "Logs", commands, G_N_ELEMENTS(commands)};
