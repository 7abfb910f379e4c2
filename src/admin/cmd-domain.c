/* SPDX-License-Identifier: Apache-2.0 */
/* keryx domain: local mail domains (DOM-01 to DOM-22). */
#include "admin/object.h"

static const KxOption fields[] = {
#define DOMAIN_OPTION(...) KX_FIELD_OPTION(__VA_ARGS__)
#define USER_OPTION(...)
#define IP_GROUP_OPTION(...)
#define KX_FIELD(object, id, name, logged, flags, normalise, spec, manual)                         \
    object##_OPTION(name, normalise, manual)
#include "directory/object-list.h"
#undef KX_FIELD
};

static json_t *to_json(const KxDomain *domain)
{
    return json_pack("{s:s, s:b, s:s?, s:o, s:s?}", "domain", domain->name, "primary",
                     domain->primary, "description", domain->description, "aliases",
                     kx_json_strings(domain->aliases), "bound-ip", domain->bound_ip);
}

static json_t *show(const KxCall *call, GError **error)
{
    g_autoptr(KxDomain) domain =
        kx_domain_get(call->context->core->directory, call->args[0], error);
    return domain ? to_json(domain) : NULL;
}

static json_t *add(const KxCall *call, GError **error)
{
    guint n;
    g_autofree KxField *values = kx_call_fields(call, &n);
    if (!kx_domain_add(call->context->core->directory, &call->context->admin, call->args[0], values,
                       n, error))
        return NULL;
    return show(call, error);
}

static json_t *set(const KxCall *call, GError **error)
{
    guint n;
    g_autofree KxField *values = kx_call_fields(call, &n);
    if (!kx_domain_set(call->context->core->directory, &call->context->admin, call->args[0], values,
                       n, error))
        return NULL;
    return show(call, error);
}

static json_t *remove_domain(const KxCall *call, GError **error)
{
    if (!kx_domain_remove(call->context->core->directory, &call->context->admin, call->args[0],
                          error))
        return NULL;
    return json_null();
}

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) domains = kx_domain_list(call->context->core->directory);
    json_t *all = json_array();
    for (guint i = 0; i < domains->len; i++)
        json_array_append_new(all, to_json(domains->pdata[i]));
    return all;
}

static const KxCommand commands[] = {
    {.words = "domain add",
     .args = "DOMAIN",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .run = add,
     .show = kx_show_nothing,
     .manual = "Adds a local domain. The first one is the primary domain."},
    {.words = "domain list",
     .args = "",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns =
         "domain:Domain,primary:Primary,aliases:Aliases,bound-ip:Address,description:Description",
     .manual = "Lists the local domains."},
    {.words = "domain show",
     .args = "DOMAIN",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one domain."},
    {.words = "domain set",
     .args = "DOMAIN",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .run = set,
     .show = kx_show_nothing,
     .manual = "Changes a domain. An empty value takes the field away."},
    {.words = "domain remove",
     .args = "DOMAIN",
     .min_args = 1,
     .max_args = 1,
     .run = remove_domain,
     .manual = "Removes a domain. It must be empty and not the primary one."},
};

const KxTopic kx_topic_domain = {"domain", "Local mail domains", commands, G_N_ELEMENTS(commands)};
