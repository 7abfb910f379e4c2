/* SPDX-License-Identifier: Apache-2.0 */
/* Lists for other programs: CSV (RFC 4180) and XML. `columns` as in KxCommand: the titles head the
 * CSV columns, the keys name the XML elements. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* A cell that a spreadsheet would take for a formula gets an apostrophe in front. */
void kx_export_csv(const char *columns, const json_t *list, char separator, FILE *out);
void kx_export_xml(const char *root, const char *row, const char *columns, const json_t *list,
                   FILE *out);

/* Options of a command whose result is such a list, and its `local`: asks, and writes the format
 * that was wished. */
#define KX_EXPORT_OPTIONS                                                                          \
    {"csv", KX_OPTION_FLAG, NULL, "Writes the list as CSV, for spreadsheets.", .local = TRUE},     \
        {"separator", KX_OPTION_TEXT, "CHARACTER",                                                 \
         "Between the columns of the CSV; a comma if absent. Some spreadsheets want a "            \
         "semicolon.",                                                                             \
         .local = TRUE},                                                                           \
    {                                                                                              \
        "xml", KX_OPTION_FLAG, NULL, "Writes the list as XML.", .local = TRUE                      \
    }
typedef struct KxInvocation KxInvocation;
int kx_export_local(const KxInvocation *invocation);
