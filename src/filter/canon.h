/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical forms of header fields and bodies that signatures are made of: RFC 6376
 * section 3.4. Linear; a body is digested piece by piece.
 */
#pragma once

#include "filter/mail-view.h"

/* The field in that form, with its line ending. */
void kx_canon_field(GString *out, const KxHeaderField *field, gboolean relaxed);
/* A field that is in no message yet, the same. */
void kx_canon_text(GString *out, const char *text, gboolean relaxed);

/* SHA-256 of the body in that form, and the length of it. */
const guint8 *kx_canon_body(KxMailView *mail, gboolean relaxed, guint64 *ret_len);

/* The fields of the names, of each the last one that was not taken before (section 5.4.2); names
 * that are not there any more add nothing. */
void kx_canon_fields(GString *out, const KxMailView *mail, char *const *names, gboolean relaxed);
