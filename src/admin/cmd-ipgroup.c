/* SPDX-License-Identifier: Apache-2.0 */
/* keryx ipgroup: IP address groups, which settings refer to by name. */
#include "admin/object.h"

#include "base/error.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-ip-group.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

/* Running services take the new members over. */
static void tell_server(const KxCall *call)
{
    const KxServerHooks *server = call->context->server;
    if (server && server->access_changed)
        server->access_changed(server->data);
}

static gboolean exists(const KxCall *call)
{
    KxRecord *record =
        kx_object_get(call->context->core->directory, KX_OBJECT_IP_GROUP, call->args[0], NULL);
    kx_object_free(KX_OBJECT_IP_GROUP, record);
    return record != NULL;
}

static json_t *set(const KxCall *call, GError **error)
{
    json_t *result = exists(call) ? kx_object_run_set(call, error) : kx_object_run_add(call, error);
    if (result)
        tell_server(call);
    return result;
}

static json_t *rename_group(const KxCall *call, GError **error)
{
    json_t *result = kx_object_run_rename(call, error);
    if (result)
        tell_server(call);
    return result;
}

static json_t *remove_group(const KxCall *call, GError **error)
{
    json_t *result = kx_object_run_remove(call, error);
    if (result)
        tell_server(call);
    return result;
}

static const KxCommand commands[] = {
    {.words = "ipgroup set",
     .args = "GROUP",
     .api = "PUT /ip-groups/{group}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_IP_GROUP,
     .run = set,
     .show = kx_show_nothing,
     .manual = "Makes or changes an IP address group."},
    {.words = "ipgroup list",
     .args = "",
     .api = "GET /ip-groups",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_IP_GROUP,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "group:Group,entries:Entries,description:Description",
     .manual = "Lists the IP address groups."},
    {.words = "ipgroup show",
     .args = "GROUP",
     .api = "GET /ip-groups/{group}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_IP_GROUP,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one IP address group."},
    {.words = "ipgroup rename",
     .args = "GROUP NAME",
     .api = "POST /ip-groups/{group}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_IP_GROUP,
     .run = rename_group,
     .show = kx_show_nothing,
     .manual = "Gives an IP address group another name; settings and groups that name it follow."},
    {.words = "ipgroup remove",
     .args = "GROUP",
     .api = "DELETE /ip-groups/{group}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_IP_GROUP,
     .run = remove_group,
     .manual = "Removes an IP address group that no setting and no other group names."},
};

const KxTopic kx_topic_ipgroup = {"ipgroup", "Groups of IP addresses", commands,
                                  G_N_ELEMENTS(commands)};
