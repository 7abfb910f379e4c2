/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a domain's provider of OpenID Connect, which its users show in place of passwords
 * (RFC 7628). What a provider says of itself (OpenID Connect Discovery 1.0) and its keys are
 * fetched by the courier and kept, so that sign-ins go on while it is away. A token that says by
 * itself whose it is (RFC 9068) is checked here; the provider is asked about any other (RFC 7662).
 *
 * Threads: all functions from any thread, but free.
 */
#pragma once

#include "directory/directory.h"
#include "flow/ask.h"
#include "log/log.h"

typedef struct KxOidc KxOidc;

/* All must outlive it. */
KxOidc *kx_oidc_new(KxDirectory *directory, KxAsks *asks, KxLogger *logger);
void kx_oidc_free(KxOidc *oidc); /* nobody may be in it any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxOidc, kx_oidc_free)

typedef enum {
    KX_OIDC_GOOD,
    KX_OIDC_REFUSED,
    KX_OIDC_SCOPE,  /* refused, as it lacks a scope */
    KX_OIDC_LATER,  /* the provider does not answer */
    KX_OIDC_ASK,    /* somebody has to be asked: do it again, and wait */
    KX_OIDC_NOBODY, /* there is no provider to know the token */
} KxOidcResult;

/* Somebody shows a token. */
typedef struct {
    const char *token;
    const char *login; /* whose it must be; NULL: whose it is */
    const char *local_ip;
    gboolean wait; /* for the provider, for half a minute at most */
} KxOidcShown;

typedef struct {
    KxDomain *domain;   /* whose provider it is about; NULL: none */
    KxUser *user;       /* of KX_OIDC_GOOD */
    const char *reason; /* of the others; static, for a log */
} KxOidcAnswer;

KxOidcResult kx_oidc_check(KxOidc *oidc, const KxOidcShown *shown, KxOidcAnswer *ret_answer);
void kx_oidc_answer_clear(KxOidcAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxOidcAnswer, kx_oidc_answer_clear)

/* Where the provider of the domain describes itself; free it. */
char *kx_oidc_configuration(const KxDomain *domain);

/* A step of a trial. */
typedef struct {
    const char *step; /* static */
    gboolean good;
    char *text; /* what was found */
} KxOidcStep;

/* Asks the provider of the domain anew, and tries the token if it is not NULL; up to the step that
 * fails. Waits. Free with g_ptr_array_unref(). KX_ERR_NOT_FOUND: no such domain; KX_ERR_INVALID: it
 * has no provider. */
GPtrArray *kx_oidc_test(KxOidc *oidc, const char *domain, const char *token, GError **error);
