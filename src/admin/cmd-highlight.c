/* SPDX-License-Identifier: Apache-2.0 */
/* keryx highlight: the colors of lines in the logs (LOG-09 to LOG-11). */
#include "admin/object.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-highlight.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxCommand commands[] = {
    {.words = "highlight add",
     .args = "NAME",
     .api = "POST /highlighting-rules rule",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_HIGHLIGHT,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual =
         "Adds a rule that colors whole lines of all logs, where they are shown on a terminal "
         "and in what keryx log save --format html writes. NAME says what it is for. Of "
         "several rules that fit a line the first in the order of their names counts."},
    {.words = "highlight list",
     .args = "",
     .api = "GET /highlighting-rules",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_HIGHLIGHT,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "rule:Rule,text:Text,regex:Regular expression,color:Color",
     .manual = "Lists the highlighting rules."},
    {.words = "highlight show",
     .args = "NAME",
     .api = "GET /highlighting-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_HIGHLIGHT,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one highlighting rule."},
    {.words = "highlight set",
     .args = "NAME",
     .api = "PATCH /highlighting-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_HIGHLIGHT,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes a highlighting rule. An empty value takes the field away."},
    {.words = "highlight remove",
     .args = "NAME",
     .api = "DELETE /highlighting-rules/{rule}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_HIGHLIGHT,
     .run = kx_object_run_remove,
     .manual = "Removes a highlighting rule."},
};

const KxTopic kx_topic_highlight = {"highlight", "Colors of lines in the logs", commands,
                                    G_N_ELEMENTS(commands)};
