/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error domain of the whole program. The message is one line for a person and says what to do;
 * the code is what a caller may branch on.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_ERR_FAILED,    /* anything not worth branching on */
    KX_ERR_NOT_FOUND, /* the named object does not exist */
    KX_ERR_EXISTS,    /* an object of that name exists already */
    KX_ERR_INVALID,   /* bad input: syntax, range, unknown name */
    KX_ERR_DENIED,    /* the caller may not do this */
    KX_ERR_IN_USE,    /* locked, busy, or referred to by something else */
    KX_ERR_TOO_BIG,   /* a cap on length, count or depth was hit */
    KX_ERR_OVERQUOTA, /* no room for the account */
    KX_ERR_IO,        /* disk, database or socket failure; retrying later may help */
    KX_ERR_CORRUPT,   /* stored data does not make sense */
    KX_ERR_PROTOCOL,  /* the peer broke the protocol */
    KX_ERR_BUSY,      /* temporary lack of resources */
    KX_ERR_CONFLICT,  /* somebody else changed it meanwhile: look again */
} KxErrorCode;

#define KX_ERROR (kx_error_quark())
GQuark kx_error_quark(void);

/* Sets *error with code KX_ERR_IO from errno: "<formatted text>: <strerror>". Always returns FALSE.
 */
gboolean kx_error_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Sets *error and returns FALSE, so that "return kx_fail(error, KX_ERR_INVALID, ...)" reads well.
 */
gboolean kx_fail(GError **error, KxErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);
