/* SPDX-License-Identifier: Apache-2.0 */
/* keryx tls: how connections to other servers are protected (SMTP-28). */
#include "base/error.h"
#include "directory/hop.h"
#include "directory/names.h"
#include "flow/tls-reports.h"
#include "admin/command.h"

/* ---- what would become of mail ---- */

enum { STEP_SECONDS = 10, ALL_SECONDS = 90 };

static json_t *new_step(const char *about, const char *text)
{
    return json_pack("{s:s, s:s}", "about", about, "text", text);
}

static json_t *explain(const KxHop *hop, const KxAsk *ask, const char *domain)
{
    static const char *const words[] = {"never", "may", "must", "verify", "wrap"};
    json_t *steps = json_array();
    g_autofree char *way = kx_hop_text(hop);
    json_array_append_new(steps, new_step("Way", way));
    json_array_append_new(steps, new_step("Setting", words[hop->tls]));
    for (guint i = 0; ask->lines && i < ask->lines->len; i++) {
        const KxAskLine *line = ask->lines->pdata[i];
        json_array_append_new(steps, new_step(line->about, line->text));
    }
    return json_pack("{s:s, s:b, s:o}", "domain", domain, "delivers", ask->code / 100 == 2, "steps",
                     steps);
}

static json_t *check(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    g_auto(KxHop) hop = {0};
    g_autofree char *domain = kx_name_domain(call->args[0], error);
    if (!domain)
        return NULL;
    g_autofree char *address = g_strconcat("postmaster@", domain, NULL);
    kx_hop_find(core->directory, "", address, &hop);
    g_auto(KxAsk) ask = {.kind = KX_MAIL_EXPLAIN,
                         .host = hop.host,
                         .port = hop.port,
                         .mx = hop.mx,
                         .tls = hop.tls,
                         .user = hop.user,
                         .password = hop.password,
                         .seconds = STEP_SECONDS,
                         .whole = ALL_SECONDS};
    if (kx_asks_run(core->asks, &ask))
        return explain(&hop, &ask, domain);
    kx_fail(error, KX_ERR_IO, "%s", ask.text);
    return NULL;
}

static void show_steps(const json_t *result, FILE *out)
{
    size_t i;
    const json_t *step;
    json_array_foreach(json_object_get(result, "steps"), i, step)
        fprintf(out, "%-12s %s\n", json_string_value(json_object_get(step, "about")),
                json_string_value(json_object_get(step, "text")));
}

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
    {.words = "tls check",
     .args = "DOMAIN",
     .api = "POST /tls-check domain",
     .min_args = 1,
     .max_args = 1,
     .run = check,
     .flags = KX_COMMAND_SERVER,
     .show = show_steps,
     .manual = "Tries out how mail would go to a domain now, without sending any, and says step by "
               "step what decides: the way, the setting, MX records, DNSSEC and TLSA records, the "
               "policy of MTA-STS, TLS and certificate of each host, and whether it would get the "
               "mail."},
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
