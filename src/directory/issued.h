/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that the server makes, in place of a user's password: tokens, which programs show as they
 * are (RFC 6750, RFC 7628), and application passwords, which a person types into one device. Each
 * opens only what its scopes say, may have an end, and is shown once; only its SHA-256 is kept,
 * which is enough for 120 random bits and more. It ends with its user, at its time, or when
 * somebody removes it, and with it the sessions that it opened. Thread-safe.
 */
#pragma once

#include "directory/directory.h"

typedef enum { KX_ISSUED_TOKEN, KX_ISSUED_APP_PASSWORD } KxIssuedKind;

/* What one opens. */
typedef enum {
    KX_SCOPE_IMAP = 1 << 0,
    KX_SCOPE_POP3 = 1 << 1,
    KX_SCOPE_SMTP = 1 << 2,  /* submission */
    KX_SCOPE_ADMIN = 1 << 3, /* the API of the administration */
    KX_SCOPES_MAIL = KX_SCOPE_IMAP | KX_SCOPE_POP3 | KX_SCOPE_SMTP,
} KxScope;

/* "imap,pop3" and back. Those of an application password are KX_SCOPES_MAIL at most. */
char *kx_scopes_text(guint scopes, const char *between);
gboolean kx_scopes_parse(KxIssuedKind kind, const char *text, guint *ret_scopes, GError **error);

typedef struct {
    gint64 id;
    KxIssuedKind kind;
    char *name; /* of tokens one only in the server, of application passwords for each user */
    char *user; /* "user@domain" */
    guint scopes;
    gboolean read_only;            /* of tokens: for the API */
    gint64 created, expires, used; /* Unix seconds; 0: never */
    char *used_for, *used_from;    /* the last time: service as in logs, and address; or empty */
} KxIssued;
void kx_issued_free(KxIssued *issued);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxIssued, kx_issued_free)

typedef struct {
    KxIssuedKind kind;
    const char *name, *user;
    guint scopes;
    gboolean read_only;
    gint64 expires;
} KxIssuedWish;

/* ret_secret is what is shown. KX_ERR_EXISTS, KX_ERR_NOT_FOUND (the user), KX_ERR_INVALID (the
 * name, or a time that is past), KX_ERR_TOO_BIG (there are too many), KX_ERR_DENIED (the user has
 * rights that `admin` has not). */
gboolean kx_issued_add(KxDirectory *directory, const KxAdmin *admin, const KxIssuedWish *wish,
                       char **ret_secret, GError **error);
/* `user` of application passwords. */
gboolean kx_issued_remove(KxDirectory *directory, const KxAdmin *admin, KxIssuedKind kind,
                          const char *user, const char *name, GError **error);
/* Of KxIssued by user and name; `user` NULL: of all. */
GPtrArray *kx_issued_list(KxDirectory *directory, KxIssuedKind kind, const char *user,
                          GError **error);

/* ---- use ---- */

/* Somebody shows one. */
typedef struct {
    KxIssuedKind kind;
    const char *secret;
    KxScope scope;
    const char *login,
        *local_ip;            /* whose it must be, as in kx_auth_password(); NULL: whose it is */
    const char *service, *ip; /* where that is noted as the last use */
} KxIssuedUse;

/* Whom it stands for; ret_id and ret_read_only may be NULL. NULL with a ret_reason (static text
 * for a log) if it may not be used for this, without one if there is none such. */
KxUser *kx_issued_use(KxDirectory *directory, const KxIssuedUse *use, gint64 *ret_id,
                      gboolean *ret_read_only, const char **ret_reason);
/* There is such a secret; whether it may be used is not asked. */
gboolean kx_issued_exists(KxDirectory *directory, KxIssuedKind kind, const char *secret);
/* It is still there, and not over. */
gboolean kx_issued_holds(KxDirectory *directory, gint64 id);
/* Stores what is noted of uses, now and then (directory/sign-ins.h). `changing` is held. */
gboolean kx_issued_flush(KxDirectory *directory, GError **error);
