/* SPDX-License-Identifier: Apache-2.0 */
/* keryx ipgroup: IP address groups, which settings refer to by name. */
#include "admin/object.h"

#include "base/error.h"

static const KxOption fields[] = {
#define DOMAIN_OPTION(...)
#define USER_OPTION(...)
#define IP_GROUP_OPTION(...) KX_FIELD_OPTION(__VA_ARGS__)
#define KX_FIELD(object, id, name, logged, flags, normalise, spec, manual)                         \
    object##_OPTION(name, normalise, manual)
#include "directory/object-list.h"
#undef KX_FIELD
};

static json_t *to_json(const KxIpGroup *group)
{
    return json_pack("{s:s, s:o, s:s?}", "group", group->name, "entries",
                     kx_json_strings(group->entries), "description", group->description);
}

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) groups = kx_ip_group_list(call->context->core->directory);
    json_t *all = json_array();
    for (guint i = 0; i < groups->len; i++)
        json_array_append_new(all, to_json(groups->pdata[i]));
    return all;
}

static json_t *show(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) groups = kx_ip_group_list(call->context->core->directory);
    for (guint i = 0; i < groups->len; i++) {
        const KxIpGroup *group = groups->pdata[i];
        if (g_ascii_strcasecmp(group->name, call->args[0]) == 0)
            return to_json(group);
    }
    kx_fail(error, KX_ERR_NOT_FOUND,
            "there is no IP address group '%s'; keryx ipgroup list shows all", call->args[0]);
    return NULL;
}

/* Running services take the new members over. */
static void tell_server(const KxCall *call)
{
    const KxServerHooks *server = call->context->server;
    if (server && server->access_changed)
        server->access_changed(server->data);
}

static json_t *set(const KxCall *call, GError **error)
{
    guint n;
    g_autofree KxField *values = kx_call_fields(call, &n);
    if (!kx_ip_group_set(call->context->core->directory, &call->context->admin, call->args[0],
                         values, n, error))
        return NULL;
    tell_server(call);
    return show(call, error);
}

static json_t *remove_group(const KxCall *call, GError **error)
{
    if (!kx_ip_group_remove(call->context->core->directory, &call->context->admin, call->args[0],
                            error))
        return NULL;
    tell_server(call);
    return json_null();
}

static const KxCommand commands[] = {
    {.words = "ipgroup set",
     .args = "GROUP",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .run = set,
     .show = kx_show_nothing,
     .manual = "Makes or changes an IP address group."},
    {.words = "ipgroup list",
     .args = "",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns = "group:Group,entries:Entries,description:Description",
     .manual = "Lists the IP address groups."},
    {.words = "ipgroup show",
     .args = "GROUP",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one IP address group."},
    {.words = "ipgroup remove",
     .args = "GROUP",
     .min_args = 1,
     .max_args = 1,
     .run = remove_group,
     .manual = "Removes an IP address group that no setting names."},
};

const KxTopic kx_topic_ipgroup = {"ipgroup", "Groups of IP addresses", commands,
                                  G_N_ELEMENTS(commands)};
