/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes of a second factor (TOTP, RFC 6238, as all programs know it: HMAC-SHA-1, 6 digits, 30
 * seconds). Pure and thread-safe.
 */
#pragma once

#include <glib.h>

/* A new secret of 160 bits in base32 (RFC 4648), to be overwritten. */
char *kx_totp_new(void);

/* A secret as another program shows it: blanks, dashes, small letters and padding do not count.
 * NULL with KX_ERR_INVALID: it is no base32, or of less than 80 bits. */
char *kx_totp_parse(const char *value, GError **error);

/* What a program is told by: otpauth://totp/... */
char *kx_totp_uri(const char *secret, const char *issuer, const char *account);

/* The number of the interval whose code it is, of the present one and those beside it, as clocks
 * differ; 0: of none. `now` in seconds of Unix time. */
guint64 kx_totp_find(const char *secret, const char *code, gint64 now);
