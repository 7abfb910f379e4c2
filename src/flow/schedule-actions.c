/* SPDX-License-Identifier: Apache-2.0 */
/* What schedules do: a function for each row of directory/schedule-actions.h. */
#include "flow/etrn.h"
#include "flow/scheduler.h"

/* SCHED-04. */
static char *kx_schedule_action_send_queue(const KxScheduleTools *tools)
{
    guint n = kx_queue_run_scheduled(tools->queue);
    return n == 0 ? g_strdup("nothing waits") : g_strdup_printf("%u messages are being sent", n);
}

/* SCHED-05. */
static char *kx_schedule_action_download(const KxScheduleTools *tools)
{
    guint n = 0;
    kx_fetcher_begin(tools->fetcher, NULL, &n, NULL);
    return n == 0 ? g_strdup("no mailbox is to be read")
                  : g_strdup_printf("%u mailboxes are being read", n);
}

/* SCHED-06. */
static char *kx_schedule_action_etrn(const KxScheduleTools *tools)
{
    g_autoptr(GPtrArray) answers =
        kx_etrn_run(tools->directory, tools->asks, tools->logger, NULL, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; answers && i < answers->len; i++) {
        const KxEtrnAnswer *answer = answers->pdata[i];
        g_string_append_printf(text, "%s%s about %s: %u %s", i ? "; " : "", answer->server,
                               answer->domain, answer->code, answer->text);
    }
    return text->len ? g_strdup(text->str) : g_strdup("no server is to be asked");
}

char *kx_schedule_act(const KxScheduleTools *tools, const char *action)
{
    static const struct {
        const char *name;
        char *(*func)(const KxScheduleTools *tools);
    } actions[] = {
#define KX_SCHEDULE_ACTION(id, name, func) {name, kx_schedule_action_##func},
#include "directory/schedule-actions.h"
#undef KX_SCHEDULE_ACTION
    };
    for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
        if (g_str_equal(actions[i].name, action))
            return actions[i].func(tools);
    return g_strdup("this server has no such action");
}
