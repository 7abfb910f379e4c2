/* SPDX-License-Identifier: Apache-2.0 */
/* keryx etrn: servers that hold mail for us (ETRN-01 to ETRN-04). */
#include "admin/object.h"
#include "flow/etrn.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-etrn.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

/* That a server has nothing, refuses or does not answer is no failure (ETRN-04). */
static json_t *run(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(GPtrArray) answers = kx_etrn_run(core->directory, core->asks, core->logger,
                                               call->n_args > 0 ? call->args[0] : NULL, error);
    if (!answers)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < answers->len; i++) {
        const KxEtrnAnswer *answer = answers->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s}", "server", answer->server,
                                              "domain", answer->domain, "code", (int)answer->code,
                                              "answer", answer->text));
    }
    return list;
}

static const KxCommand commands[] = {
    {.words = "etrn add",
     .args = "SERVER",
     .api = "POST /etrn-servers server",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a server that holds mail for domains here, which is asked for it by ETRN when "
               "this server starts, by schedules and by etrn run."},
    {.words = "etrn list",
     .args = "",
     .api = "GET /etrn-servers",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "server:Server,host:Host,domains:Domains,user:User,disabled:Disabled",
     .manual = "Lists them."},
    {.words = "etrn show",
     .args = "SERVER",
     .api = "GET /etrn-servers/{server}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one of them."},
    {.words = "etrn set",
     .args = "SERVER",
     .api = "PATCH /etrn-servers/{server}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes one of them. An empty value takes the field away."},
    {.words = "etrn rename",
     .args = "SERVER NAME",
     .api = "POST /etrn-servers/{server}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_rename,
     .show = kx_show_nothing,
     .manual = "Gives one of them another name."},
    {.words = "etrn remove",
     .args = "SERVER",
     .api = "DELETE /etrn-servers/{server}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_ETRN,
     .run = kx_object_run_remove,
     .manual = "Removes one of them."},
    {.words = "etrn run",
     .args = "[SERVER]",
     .api = "POST /etrn-servers/{server}/run; POST /etrn-requests",
     .max_args = 1,
     .run = run,
     .flags = KX_COMMAND_SERVER,
     .columns = "server:Server,domain:Domain,code:Code,answer:Answer",
     .manual = "Asks one of the servers, or all of them that are not disabled, for the mail they "
               "hold; it comes over new connections. Says what each answered; code 0: nothing."},
};

const KxTopic kx_topic_etrn = {"etrn", "Mail that other servers hold for us", commands,
                               G_N_ELEMENTS(commands)};
