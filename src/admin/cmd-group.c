/* SPDX-License-Identifier: Apache-2.0 */
/* keryx group: groups of users (GRP-01 to GRP-11). */
#include "admin/object.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-group.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxCommand commands[] = {
    {.words = "group add",
     .args = "GROUP@DOMAIN",
     .api = "POST /groups group",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_add,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Adds a group of users of a domain. Its name is no address: --addresses gives it "
               "some."},
    {.words = "group list",
     .args = "[DOMAIN]",
     .api = "GET /groups domain",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "group:Group,source:Data source,addresses:Addresses,members:Members,"
                "description:Description",
     .manual = "Lists the groups of one domain, or all."},
    {.words = "group show",
     .args = "GROUP@DOMAIN",
     .api = "GET /groups/{group}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .manual = "Shows one group."},
    {.words = "group set",
     .args = "GROUP@DOMAIN",
     .api = "PATCH /groups/{group}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_set,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Changes a group. An empty value takes the field away."},
    {.words = "group rename",
     .args = "GROUP@DOMAIN NAME",
     .api = "POST /groups/{group}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_rename,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Gives a group another name; its members stay in it."},
    {.words = "group remove",
     .args = "GROUP@DOMAIN",
     .api = "DELETE /groups/{group}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_GROUP,
     .run = kx_object_run_remove,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual = "Removes a group. Its members stay."},
};

const KxTopic kx_topic_group = {"group", "Groups of users", commands, G_N_ELEMENTS(commands)};
