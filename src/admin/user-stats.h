/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user stats: sign-ins of users by service (USR-43 to USR-45). */
#pragma once

#include "admin/command.h"

json_t *kx_user_stats_run(const KxCall *call, GError **error);
