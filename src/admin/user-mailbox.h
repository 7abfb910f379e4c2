/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user show and keryx user recover: what a user's mailbox holds and keeps. */
#pragma once

#include "admin/command.h"

json_t *kx_user_show_run(const KxCall *call, GError **error);
json_t *kx_user_recover_run(const KxCall *call, GError **error);
void kx_user_recover_show(const json_t *result, FILE *out);
