/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of Content-Type and Content-Disposition: RFC 2045 section 5.1, with the continuations
 * and character sets of RFC 2231 sections 3 and 4.
 *
 * Continuations ("name*0", "name*1*" ...) arrive joined. A value with a character set keeps the
 * form it has on the wire, charset'language'percent-encoded, and its name ends in "*"; this is also
 * what IMAP's BODYSTRUCTURE shows. All functions are pure and
 * thread-safe.
 */
#pragma once

#include <glib.h>

#define KX_MIME_MAX_PARAMS 200 /* per field; what follows is ignored */

typedef struct KxMimeParam {
    const char *name;  /* lower case, NUL-terminated; ends in "*" if the value is percent-encoded */
    const char *value; /* unquoted, NUL-terminated; may hold 8-bit bytes */
} KxMimeParam;

typedef struct KxMimeParams {
    const KxMimeParam *items;
    unsigned n;
} KxMimeParams;

/* The raw value of the plain parameter `name` (lower case), or NULL. */
const char *kx_mime_param_get(const KxMimeParams *params, const char *name);
