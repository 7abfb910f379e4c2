/* SPDX-License-Identifier: Apache-2.0 */
/* keryx search text: a row of the topic's table, and what it runs. */
#pragma once

#include "admin/command.h"

json_t *kx_search_text_run(const KxCall *call, GError **error);
int kx_search_text_ask(const KxInvocation *invocation);
void kx_search_text_show(const json_t *result, FILE *out);

#define KX_SEARCH_TEXT_OPTIONS                                                                     \
    {                                                                                              \
        {"type", KX_OPTION_TEXT, "TYPE",                                                           \
         "Type that a message would declare, like \"text/plain; charset=iso-8859-2\". What the "   \
         "content itself shows counts more."},                                                     \
    }

/* The second argument is the content, which the command line adds. */
#define KX_SEARCH_TEXT_COMMAND                                                                     \
    .words = "search text", .args = "FILE", .min_args = 1, .max_args = 2,                          \
    .run = kx_search_text_run, .local = kx_search_text_ask, .show = kx_search_text_show,           \
    .flags = KX_COMMAND_SERVER,                                                                    \
    .manual =                                                                                      \
        "Prints the text that the server finds in a file, as it would in an attachment. Search "   \
        "finds messages by it. There is text in HTML, PDF, RTF, Office Open XML, OpenDocument "    \
        "and "                                                                                     \
        "plain text, calendars and address cards."
