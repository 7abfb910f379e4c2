/* SPDX-License-Identifier: Apache-2.0 */
/* From the settings log.* to a logger. */
#pragma once

#include "log/log.h"
#include "settings/settings.h"

/* Takes over everything at once; a value that cannot be used is reported in the Error log. */
void kx_log_apply_settings(KxLogger *logger, const KxSettings *settings);
