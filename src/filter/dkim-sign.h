/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing: DKIM-Signature (RFC 6376 section 5) and ARC-Message-Signature (RFC 8617 section 4.1.2),
 * which is the same with another name. Relaxed forms, no body length, and From once more than it is
 * there, so that nobody can add another.
 *
 * Pure; the digest of the body is kept in the view for the next signature.
 */
#pragma once

#include "filter/dkim-key.h"

/* The field with its line ending, to stand in front of the message; NULL: it cannot be made.
 * `domain` is an A-label name. `now` in Unix seconds. */
char *kx_dkim_sign(const KxDkimKey *key, const char *domain, KxMailView *mail, gint64 now);

/* The same as the ARC-Message-Signature of that instance. */
char *kx_dkim_sign_arc(const KxDkimKey *key, const char *domain, KxMailView *mail, gint64 now,
                       guint instance);

/* Completes a field that ends in "b=" with the signature over `text`, in which it stands last as it
 * is, in the relaxed form. Takes the field; NULL: it cannot be made. */
char *kx_dkim_complete(const KxDkimKey *key, GString *field, GString *text);
