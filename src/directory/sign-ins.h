/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed in to which service, when last, from where, and how often (USR-43, USR-44). A sign-in
 * is noted in memory; what was noted goes to server.db now and then, in one transaction, so that
 * signing in costs no write. Whoever looks sees all of it. After a kill -9 what was noted since the
 * last flush is lost; a clean end loses nothing.
 *
 * Threads: all functions from any thread. Statistics are no configuration: no line in the Config
 * log.
 */
#pragma once

#include "directory/directory.h"

enum { KX_SIGN_INS_SECONDS = 30 }; /* between two flushes of a running server */

typedef struct {
    char *login;   /* "user@domain" */
    char *service; /* "IMAP", as in logs */
    gint64 last;   /* Unix seconds */
    guint64 count;
    char *address; /* from where the last time */
} KxSignIn;

void kx_sign_in_free(KxSignIn *sign_in);

void kx_sign_ins_note(KxDirectory *directory, const KxUser *user, const char *service,
                      const char *address);
gboolean kx_sign_ins_flush(KxDirectory *directory, GError **error);

/* Of one user, of those of a domain, or with NULL of all: KxSignIn by login and service; free with
 * g_ptr_array_unref(). KX_ERR_NOT_FOUND. */
GPtrArray *kx_sign_ins_of_user(KxDirectory *directory, const char *login, GError **error);
GPtrArray *kx_sign_ins_list(KxDirectory *directory, const char *domain, GError **error);
