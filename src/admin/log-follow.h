/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on a terminal. */
#pragma once

#include "admin/command.h"

void kx_show_log_line(const json_t *line, FILE *out);

/* The "lines" of `keryx log tail`. */
void kx_show_log_lines(const json_t *result, FILE *out);

/* `keryx log tail`; with --follow it asks again and again for what is new, until a signal or a
 * failure ends it. */
int kx_log_follow(const KxInvocation *invocation);
