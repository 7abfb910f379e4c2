/* SPDX-License-Identifier: Apache-2.0 */
/* keryx sorting: who gets downloaded mail (POP3D-14 to POP3D-19). */
#include "admin/object.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-sorting.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxCommand commands[] = {
    {.words = "sorting add",
     .args = "ADDRESS",
     .api = "POST /sorting-rules address",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_SORTING,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a rule for downloaded mail: ADDRESS is what is found in the header, "
               "name@domain, *@domain for all other names of a domain, or * for all mail that no "
               "other rule fits."},
    {.words = "sorting list",
     .args = "",
     .api = "GET /sorting-rules",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_SORTING,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "address:Address,deliver-to:Deliver to,disabled:Disabled,description:Description",
     .manual = "Lists the sorting rules."},
    {.words = "sorting show",
     .args = "ADDRESS",
     .api = "GET /sorting-rules/{address}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_SORTING,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one sorting rule."},
    {.words = "sorting set",
     .args = "ADDRESS",
     .api = "PATCH /sorting-rules/{address}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_SORTING,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a sorting rule. An empty value takes the field away."},
    {.words = "sorting remove",
     .args = "ADDRESS",
     .api = "DELETE /sorting-rules/{address}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_SORTING,
     .run = kx_object_run_remove,
     .manual = "Removes a sorting rule."},
};

const KxTopic kx_topic_sorting = {"sorting", "Rules that sort downloaded mail", commands,
                                  G_N_ELEMENTS(commands)};
