/* SPDX-License-Identifier: Apache-2.0 */
/* keryx template: what new accounts get (USR-62 to USR-67). */
#include "admin/object.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-template.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxCommand commands[] = {
    {.words = "template add",
     .args = "TEMPLATE",
     .api = "POST /templates template",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a template. keryx user add --template makes accounts with what it says."},
    {.words = "template list",
     .args = "",
     .api = "GET /templates",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "template:Template,domain:Domain,description:Description",
     .manual = "Lists the templates."},
    {.words = "template show",
     .args = "TEMPLATE",
     .api = "GET /templates/{template}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one template."},
    {.words = "template set",
     .args = "TEMPLATE",
     .api = "PATCH /templates/{template}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a template; accounts made with it stay as they are. An empty value takes "
               "the field away."},
    {.words = "template rename",
     .args = "TEMPLATE NAME",
     .api = "POST /templates/{template}/rename name",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_rename,
     .show = kx_show_nothing,
     .manual = "Gives a template another name."},
    {.words = "template remove",
     .args = "TEMPLATE",
     .api = "DELETE /templates/{template}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_TEMPLATE,
     .run = kx_object_run_remove,
     .manual = "Removes a template. Accounts made with it stay."},
};

const KxTopic kx_topic_template = {"template", "Templates for accounts", commands,
                                   G_N_ELEMENTS(commands)};
