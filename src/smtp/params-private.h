/* SPDX-License-Identifier: Apache-2.0 */
/* How parameters of MAIL and RCPT are read. Private to params*.c. */
#pragma once

#include "smtp/params.h"

/* One parameter, not NUL-terminated; value is NULL if there is no "=". */
typedef struct {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
} KxParam;

/* FALSE if it is empty or longer. */
gboolean kx_param_copy(const KxParam *param, char *out, size_t max);

/* ---- params-time.c: of a KxMailParams ---- */

gboolean kx_param_read_hold_for(const KxParam *param, gboolean utf8, void *out);
gboolean kx_param_read_hold_until(const KxParam *param, gboolean utf8, void *out);
gboolean kx_param_read_by(const KxParam *param, gboolean utf8, void *out);
gboolean kx_param_read_priority(const KxParam *param, gboolean utf8, void *out);
