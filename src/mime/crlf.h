/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bare LF to CRLF, piece by piece. A CR that no LF follows stays as it is, and so does NUL: whether
 * they are allowed is for the caller to decide (see kx_crlf_scan()). Pure and thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxCrlf {
    char last; /* last byte seen; 0 at the start */
} KxCrlf;

#define KX_CRLF_INIT ((KxCrlf){0})

/* Appends the piece to `out` with every bare LF as CRLF. */
void kx_crlf_append(KxCrlf *state, GString *out, const char *data, size_t len);

typedef struct KxCrlfInfo {
    gboolean bare_lf;
    gboolean bare_cr;
    gboolean nul;
    size_t longest_line; /* bytes without the line ending */
} KxCrlfInfo;

/* What a whole piece of memory holds. */
void kx_crlf_scan(const char *data, size_t len, KxCrlfInfo *ret_info);
