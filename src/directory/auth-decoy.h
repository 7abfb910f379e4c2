/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is checked for names that nobody has. Passwords that were imported cost more to check than
 * our own alone, and how much depends on their scheme: so that the time of an answer does not tell
 * who exists, an unknown name costs what the account of somebody costs. Which one is chosen by a
 * keyed hash of the name, and so stays the same. Thread-safe.
 */
#pragma once

#include "directory/directory.h"

enum {
    KX_AUTH_DECOYS_MAX = 64,    /* stored passwords to choose from */
    KX_AUTH_DECOY_SECONDS = 60, /* before they are collected again */
};

typedef struct KxAuthDecoys KxAuthDecoys;

KxAuthDecoys *kx_auth_decoys_new(void);
void kx_auth_decoys_free(KxAuthDecoys *decoys);

/* An imported password "{SCHEME}..." to check beside our own dummy, to be freed; NULL: the name is
 * one of those that cost what our own form does. */
char *kx_auth_decoy(KxDirectory *directory, const char *login);
