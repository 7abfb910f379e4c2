/* SPDX-License-Identifier: Apache-2.0 */
/* keryx schedule: what the server does by itself, and when (SCHED-01 to SCHED-07). */
#include "admin/object.h"
#include "flow/scheduler.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-schedule.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static json_t *run(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) done =
        kx_scheduler_run(call->context->core->scheduler, call->args[0], error);
    if (!done)
        return NULL;
    json_t *results = json_array();
    for (guint i = 0; i < done->len; i++)
        json_array_append_new(results, json_string(done->pdata[i]));
    return json_pack("{s:o}", "results", results);
}

static void show_results(const json_t *result, FILE *out)
{
    size_t i;
    const json_t *text;
    json_array_foreach(json_object_get(result, "results"), i, text)
        fprintf(out, "%s\n", json_string_value(text));
}

/* When each comes next. */
static json_t *next_times(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) all = kx_object_list(call->context->core->directory, KX_OBJECT_SCHEDULE,
                                              &(KxQuery){0}, NULL, error);
    json_t *list = json_array();
    for (guint i = 0; all && i < all->len; i++) {
        const KxSchedule *schedule = all->pdata[i];
        gint64 next = kx_scheduler_next(call->context->core->scheduler, schedule);
        g_autoptr(GDateTime) time =
            next < G_MAXINT64 ? g_date_time_new_from_unix_local(next) : NULL;
        g_autofree char *text =
            time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("never");
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "schedule", schedule->name, "next", text));
    }
    return list;
}

static const KxCommand commands[] = {
    {.words = "schedule add",
     .args = "SCHEDULE",
     .api = "POST /schedules schedule",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a schedule."},
    {.words = "schedule list",
     .args = "",
     .api = "GET /schedules",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns =
         "schedule:Schedule,every:Every (s),at:At,range:Range,actions:Actions,disabled:Disabled",
     .manual = "Lists them."},
    {.words = "schedule show",
     .args = "SCHEDULE",
     .api = "GET /schedules/{schedule}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one of them."},
    {.words = "schedule set",
     .args = "SCHEDULE",
     .api = "PATCH /schedules/{schedule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes one of them. An empty value takes the field away."},
    {.words = "schedule rename",
     .args = "SCHEDULE NAME",
     .api = "POST /schedules/{schedule}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_rename,
     .show = kx_show_nothing,
     .manual = "Gives one of them another name."},
    {.words = "schedule remove",
     .args = "SCHEDULE",
     .api = "DELETE /schedules/{schedule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_SCHEDULE,
     .run = kx_object_run_remove,
     .manual = "Removes one of them."},
    {.words = "schedule next",
     .args = "",
     .api = "GET /schedule-times",
     .run = next_times,
     .flags = KX_COMMAND_READS | KX_COMMAND_SERVER,
     .columns = "schedule:Schedule,next:Next time",
     .manual = "Says when each schedule is due next."},
    {.words = "schedule run",
     .args = "SCHEDULE",
     .api = "POST /schedules/{schedule}/run",
     .min_args = 1,
     .max_args = 1,
     .run = run,
     .flags = KX_COMMAND_SERVER,
     .show = show_results,
     .manual = "Does now what a schedule says, whatever its times and range."},
};

const KxTopic kx_topic_schedule = {"schedule", "What is done when", commands,
                                   G_N_ELEMENTS(commands)};
