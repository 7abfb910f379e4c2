/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user remove: an account goes, and its mailbox stays, goes or moves (USR-41, USR-42). */
#pragma once

#include "admin/command.h"

json_t *kx_user_remove_run(const KxCall *call, GError **error);
void kx_user_remove_show(const json_t *result, FILE *out);
