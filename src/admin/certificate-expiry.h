/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the certificates in the data directory (the current directory) are about to expire, or
 * have. Thread-safe. */
#pragma once

#include <jansson.h>

#include "log/log.h"

/* [{"name", "active", "state", "until"}] */
json_t *kx_certificates_expiring(void);

/* A line of the Warning log for each. */
void kx_certificates_warn(KxLogger *logger);
