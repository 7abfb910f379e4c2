/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the forward host of a domain takes mail for a name, so that a backup server need not take
 * what it could only send back to a forged sender (DOM-35). The host is asked while it is up and
 * the answer is kept for a while; one that does not answer is left alone for a minute, and its
 * mail is taken.
 *
 * Threads: from any thread. A few may wait for an answer at the same time; the others are told to
 * come back.
 */
#pragma once

#include "directory/directory.h"
#include "flow/ask.h"

typedef struct KxVerifier KxVerifier;

typedef enum {
    KX_VERIFY_UNKNOWN, /* nobody can be asked: the mail is to be taken */
    KX_VERIFY_GOOD,
    KX_VERIFY_BAD,  /* the host refuses the name for good */
    KX_VERIFY_BUSY, /* too many are asking, or somebody asks about the same name: later */
} KxVerifyResult;

/* All is borrowed. */
KxVerifier *kx_verify_new(KxDirectory *directory, KxAsks *asks, KxLogger *logger);
void kx_verify_free(KxVerifier *verifier);

/* `address` is one of KX_DEST_FORWARD. */
KxVerifyResult kx_verify_address(KxVerifier *verifier, const char *address);
