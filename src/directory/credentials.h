/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored of a password: an Argon2id verifier and the keys of SCRAM-SHA-256 and SCRAM-SHA-1.
 * Passwords are prepared with SASLprep (RFC 4013) when they are set and when they are checked, so
 * that an accented letter counts the same from every keyboard; characters newer than the profile's
 * Unicode 3.2 are let through unchanged. Thread-safe; kx_directory_open() has initialised
 * libsodium.
 */
#pragma once

#include <glib.h>

enum { KX_PASSWORD_MAX = 1000 }; /* bytes; caps the work one sign-in can ask for */

typedef struct {
    char *argon2id;      /* "$argon2id$v=19$m=19456,t=2,p=1$..." */
    char *scram_sha_256; /* as kx_scram_format() */
    char *scram_sha_1;
} KxCredentials;

/* KX_ERR_INVALID: empty, too long, not UTF-8, or with characters that SASLprep forbids (controls).
 * The result is a secret: overwrite it. */
char *kx_password_prepare(const char *password, GError **error);

/* From a prepared password; takes some 50 ms. */
KxCredentials *kx_credentials_new(const char *prepared, GError **error);
void kx_credentials_free(KxCredentials *credentials);

/* Makes many, on all processors. Each has either credentials or an error afterwards. */
typedef struct {
    const char *prepared;
    KxCredentials *credentials;
    GError *error;
} KxHashing;
void kx_credentials_new_all(KxHashing *work, guint n);

/* Only the Argon2id verifier. */
char *kx_verifier_new(const char *prepared, GError **error);
gboolean kx_verifier_check(const char *verifier, const char *prepared);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxCredentials, kx_credentials_free)
