/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is put in front of a message on its way to another server: signatures of the domain it is
 * from (DKIM), or, if it came from another server and is sent on, what was found out about it then
 * (ARC). Nothing, if it is neither, or the domain has no key.
 *
 * Thread-safe.
 */
#pragma once

#include "directory/directory.h"
#include "filter/key-files.h"
#include "flow/envelope.h"

typedef struct {
    KxDirectory *directory;
    KxDkimKeys *keys;
} KxSigner;

/* Whether kx_sign() would have to look at the message at all. */
gboolean kx_sign_is_wanted(const KxEnvelope *envelope);

/* Recipients of one group get the same fields; the caller's. */
char *kx_sign_group(const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt);

/* Fields for the content that goes to `rcpt` and others of its group; the caller's. NULL:
 * none, or with an error none that could be made. `content` is what is sent. */
char *kx_sign(const KxSigner *signer, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt,
              const char *content, size_t len, GError **error);

/* The domain in whose name the server signs what it writes itself: the one that has the host or
 * domain `name`, or else the primary one; the caller's. */
char *kx_sign_own_domain(KxDirectory *directory, const char *name);
