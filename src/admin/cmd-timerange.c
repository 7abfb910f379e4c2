/* SPDX-License-Identifier: Apache-2.0 */
/* keryx timerange: named times (TOOL-06 to TOOL-10). */
#include "admin/object.h"

#include "base/error.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-time-range.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxOption check_options[] = {
    {"at", KX_OPTION_TEXT, "TIME", "A local time, as 2026-12-24 08:00."},
};

static GDateTime *read_time(const char *text, GError **error)
{
    guint year, month, day, hour, minute;
    int end = 0;
    GDateTime *time = NULL;
    if (!text)
        return g_date_time_new_now_local();
    if (sscanf(text, "%4u-%2u-%2u %2u:%2u%n", &year, &month, &day, &hour, &minute, &end) == 5 &&
        !text[end])
        time = g_date_time_new_local((int)year, (int)month, (int)day, (int)hour, (int)minute, 0);
    if (!time)
        kx_fail(error, KX_ERR_INVALID, "'%s' is not a time like 2026-12-24 08:00", text);
    return time;
}

static json_t *check(const KxCall *call, GError **error)
{
    KxRecord *range =
        kx_object_get(call->context->core->directory, KX_OBJECT_TIME_RANGE, call->args[0], error);
    g_autoptr(GDateTime) time = range ? read_time(kx_call_text(call, "at"), error) : NULL;
    gboolean valid = time && kx_time_range_holds((const KxTimeRange *)(gpointer)range, time);
    kx_object_free(KX_OBJECT_TIME_RANGE, range);
    if (!time)
        return NULL;
    g_autofree char *text = g_date_time_format(time, "%Y-%m-%d %H:%M %Z");
    return json_pack("{s:s, s:b}", "time", text, "valid", valid);
}

static const KxCommand commands[] = {
    {.words = "timerange add",
     .args = "RANGE",
     .api = "POST /time-ranges range",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a time range."},
    {.words = "timerange list",
     .args = "",
     .api = "GET /time-ranges",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "range:Range,entries:Entries,description:Description",
     .manual = "Lists the time ranges."},
    {.words = "timerange show",
     .args = "RANGE",
     .api = "GET /time-ranges/{range}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one time range."},
    {.words = "timerange set",
     .args = "RANGE",
     .api = "PATCH /time-ranges/{range}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a time range. An empty value takes the field away."},
    {.words = "timerange rename",
     .args = "RANGE NAME",
     .api = "POST /time-ranges/{range}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_rename,
     .show = kx_show_nothing,
     .manual = "Gives a time range another name."},
    {.words = "timerange remove",
     .args = "RANGE",
     .api = "DELETE /time-ranges/{range}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_TIME_RANGE,
     .run = kx_object_run_remove,
     .manual = "Removes a time range."},
    {.words = "timerange check",
     .args = "RANGE",
     .api = "GET /time-ranges/{range}/check",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(check_options),
     .run = check,
     .flags = KX_COMMAND_READS,
     .manual = "Says whether a time range is valid now, or at another time."},
};

const KxTopic kx_topic_timerange = {"timerange", "Ranges of time", commands,
                                    G_N_ELEMENTS(commands)};
