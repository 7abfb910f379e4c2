/* SPDX-License-Identifier: Apache-2.0 */
/* keryx domain: local mail domains (DOM-01 to DOM-22), and how many mailboxes they had (HOST-03).
 */
#include "admin/export.h"
#include "admin/object.h"
#include "directory/usage.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-domain.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxOption usage_options[] = {
    {"from", KX_OPTION_TEXT, "MONTH", "From this month on, like 2026-01."},
    {"to", KX_OPTION_TEXT, "MONTH", "Until this month."},
    KX_EXPORT_OPTIONS,
};

static json_t *run_usage(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) all =
        kx_usage_list(call->context->core->directory, call->n_args > 0 ? call->args[0] : NULL,
                      kx_call_text(call, "from"), kx_call_text(call, "to"), error);
    if (all == NULL)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < all->len; i++) {
        const KxDomainUsage *usage = all->pdata[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:I}", "month", usage->month, "domain",
                                        usage->domain, "mailboxes", (json_int_t)usage->mailboxes));
    }
    return list;
}

static const KxCommand commands[] = {
    {.words = "domain add",
     .args = "DOMAIN",
     .api = "POST /domains domain",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_DOMAIN,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a local domain. The first one is the primary domain."},
    {.words = "domain list",
     .args = "",
     .api = "GET /domains",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_DOMAIN,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns =
         "domain:Domain,primary:Primary,aliases:Aliases,bound-ip:Address,description:Description",
     .manual = "Lists the local domains."},
    {.words = "domain show",
     .args = "DOMAIN",
     .api = "GET /domains/{domain}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_DOMAIN,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one domain."},
    {.words = "domain set",
     .args = "DOMAIN",
     .api = "PATCH /domains/{domain}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_DOMAIN,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a domain. An empty value takes the field away."},
    {.words = "domain remove",
     .args = "DOMAIN",
     .api = "DELETE /domains/{domain}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_DOMAIN,
     .run = kx_object_run_remove,
     .manual = "Removes a domain. It must be empty and not the primary one."},
    {.words = "domain usage",
     .args = "[DOMAIN]",
     .api = "GET /usage domain",
     .max_args = 1,
     KX_OPTIONS(usage_options),
     .run = run_usage,
     .local = kx_export_local,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "month:Month,domain:Domain,mailboxes:Mailboxes",
     .manual = "Lists how many mailboxes each domain had at most, month by month. All accounts "
               "count, disabled ones too; months of domains that are gone stay."},
};

const KxTopic kx_topic_domain = {"domain", "Local mail domains", commands, G_N_ELEMENTS(commands)};
