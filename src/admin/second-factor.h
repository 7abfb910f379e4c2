/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user second-factor (TOOL-14). */
#pragma once

#include "admin/command.h"

json_t *kx_second_factor_run_new(const KxCall *call, GError **error);
json_t *kx_second_factor_run_remove(const KxCall *call, GError **error);
void kx_second_factor_show(const json_t *result, FILE *out);
