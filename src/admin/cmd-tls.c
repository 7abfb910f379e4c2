/* SPDX-License-Identifier: Apache-2.0 */
/* keryx tls: how connections to other servers are protected (SMTP-28). */
#include "base/error.h"
#include "flow/tls-reports.h"
#include "admin/command.h"

/* ---- reports ---- */

static json_t *list_reports(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) days = kx_tls_reports_list(call->context->core->tls_reports, error);
    json_t *list = days ? json_array() : NULL;
    for (guint i = 0; days && i < days->len; i++) {
        const KxTlsDay *day = days->pdata[i];
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(day->day * KX_TLS_DAY);
        g_autofree char *date = g_date_time_format(time, "%Y-%m-%d");
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:s}", "domain", day->domain,
                                              "day", date, "successful", (json_int_t)day->good,
                                              "failed", (json_int_t)day->failed, "to", day->rua));
    }
    return list;
}

static json_t *send_reports(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) done = kx_tls_reports_send(call->context->core->tls_reports, error);
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

static const KxCommand commands[] = {
    {.words = "tls report list",
     .args = "",
     .api = "GET /tls-reports",
     .run = list_reports,
     .flags = KX_COMMAND_READS | KX_COMMAND_SERVER,
     .columns = "domain:Domain,day:Day (UTC),successful:Successful,failed:Failed,to:Report goes to",
     .manual = "Lists what was noted of connections to domains that want reports of TLS (RFC 8460) "
               "and is not reported yet; nothing is noted while smtp.tls-reports is empty."},
    {.words = "tls report send",
     .args = "",
     .api = "POST /tls-reports/send",
     .run = send_reports,
     .flags = KX_COMMAND_SERVER,
     .show = show_results,
     .manual = "Sends these reports now, instead of in the first hours of the next day, and says "
               "what became of each."},
};

const KxTopic kx_topic_tls = {"tls", "How mail to other servers is protected", commands,
                              G_N_ELEMENTS(commands)};
