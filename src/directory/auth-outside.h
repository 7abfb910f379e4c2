/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that are not kept here: of accounts from a directory elsewhere (directory/mapped.h),
 * and of those whose field `authentication` says so (DOM-23, USR-14). Who is asked there waits for
 * an answer; so do the functions that ask.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include "directory/directory.h"

typedef enum {
    KX_OUTSIDE_DIRECTORY,
    KX_OUTSIDE_KERBEROS,
    KX_OUTSIDE_PAM,
    KX_OUTSIDE_KINDS,
} KxOutsideKind;

/* Whose password is checked where. */
typedef struct {
    KxOutsideKind kind;
    char *account; /* "name@domain" */
    char *where;   /* the domain of the directory, the realm, the PAM service */
} KxOutside;

/* FALSE: it is checked here, if there is such an account at all. */
gboolean kx_outside_find(KxDirectory *directory, const char *login, const char *local_ip,
                         KxOutside *ret_outside);
void kx_outside_clear(KxOutside *outside);

/* What somebody who shows the password would have to wait for, to be freed; NULL: for nothing, as
 * it is checked here, is malformed, or was taken a moment ago. */
char *kx_outside_asks(KxDirectory *directory, const char *login, const char *password,
                      const char *local_ip);

/* What somebody has shown. */
typedef struct {
    const char *given;    /* as it came */
    const char *prepared; /* by kx_password_prepare() */
    const char *ip;       /* where from; NULL: not said */
} KxOutsidePassword;

/* As kx_auth_password(). */
KxAuthResult kx_outside_password(KxDirectory *directory, const KxOutside *outside,
                                 const KxOutsidePassword *password, KxUser **ret_user,
                                 const char **ret_reason);

/* The realm of the domain's users (DOM-25), to be freed; NULL: there is none. */
char *kx_domain_realm(const KxDomain *domain);
/* The PAM service of the domain's users (DOM-24). */
const char *kx_domain_pam_service(const KxDomain *domain);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxOutside, kx_outside_clear)
