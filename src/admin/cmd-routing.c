/* SPDX-License-Identifier: Apache-2.0 */
/* keryx routing: to which servers mail goes (OVR-52, OVR-53). */
#include "admin/object.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-routing.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxCommand commands[] = {
    {.words = "routing add",
     .args = "RULE",
     .api = "POST /routing-rules rule",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a rule that gives mail of some senders or to some recipients to another "
               "server than DNS or the relay server says."},
    {.words = "routing list",
     .args = "",
     .api = "GET /routing-rules",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "priority:Priority,rule:Rule,recipients:Recipients,senders:Senders,host:Host,"
                "disabled:Disabled",
     .manual = "Lists the routing rules by name; they are tried by priority."},
    {.words = "routing show",
     .args = "RULE",
     .api = "GET /routing-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one routing rule."},
    {.words = "routing set",
     .args = "RULE",
     .api = "PATCH /routing-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a routing rule. An empty value takes the field away."},
    {.words = "routing rename",
     .args = "RULE NAME",
     .api = "POST /routing-rules/{rule}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_rename,
     .show = kx_show_nothing,
     .manual = "Gives a routing rule another name."},
    {.words = "routing remove",
     .args = "RULE",
     .api = "DELETE /routing-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_ROUTING,
     .run = kx_object_run_remove,
     .manual = "Removes a routing rule."},
};

const KxTopic kx_topic_routing = {"routing", "Rules that say which server mail goes to", commands,
                                  G_N_ELEMENTS(commands)};
