/* SPDX-License-Identifier: Apache-2.0 */
/* What sasl.c, which runs exchanges, and the files of the mechanisms share. */
#pragma once

#include "core/session-private.h"
#include "settings/sasl.h"

typedef enum {
    KX_SASL_NEXT_CONTINUE,  /* the challenge goes to the client */
    KX_SASL_NEXT_CHECK,     /* name and password are to be checked */
    KX_SASL_NEXT_ASK,       /* somebody elsewhere is to be asked: ask() of the steps goes on */
    KX_SASL_NEXT_LATER,     /* who was asked does not answer; `reason` says why */
    KX_SASL_NEXT_ACCEPT,    /* the user has proved who he is */
    KX_SASL_NEXT_REFUSE,    /* `reason` says why, for the Warning log */
    KX_SASL_NEXT_TELL,      /* the same, and the challenge tells the client, who answers: */
    KX_SASL_NEXT_OVER,      /* what was refused is over */
    KX_SASL_NEXT_MALFORMED, /* not what the mechanism asks for */
} KxSaslNext;

/* What binds to the TLS channel of the session (RFC 5929, RFC 9266); empty: not there. */
typedef struct {
    GBytes *exporter, *end_point, *unique;
} KxSaslBindings;

typedef struct KxSasl KxSasl;

/* How the core runs a mechanism. */
typedef struct {
    const char *name;     /* as KxSaslMechanism has it */
    const char *greeting; /* first challenge when there was no initial response; NULL: */
    char *(*greet)(KxSession *session); /* makes one, which becomes the state */
    KxSaslNext (*respond)(KxSession *session, KxSasl *sasl, KxSlice response);
    /* After KX_SASL_NEXT_ASK, in a thread that may wait (core/checkers.h), among those who wait for
     * the same `lane`; the name is set too. NULL: the mechanism asks nobody. */
    KxSaslNext (*ask)(KxSession *session, KxSasl *sasl);
} KxSaslSteps;

/* An exchange. What points to something is freed with it. */
struct KxSasl {
    const KxSaslMechanism *mechanism;
    const KxSaslSteps *steps;
    KxSaslBindings bindings;
    GBytes *certificate, *chain; /* that the client has shown (DER), as the edge says; NULL: none */
    guint round;
    char *challenge;       /* the next, if it is a text, */
    GBytes *token;         /* or else this, or nothing */
    char *name, *password; /* as the client gives them; the name also for logs */
    KxUser *user;          /* who will be accepted */
    gint64 issued;         /* by what the server issued to him (directory/issued.h), or 0 */
    const char *reason;    /* static, or of the state */
    gboolean uncounted;    /* a failure does not count */
    char *lane;            /* what ask() waits for */
    gpointer state;        /* of the mechanism */
    GDestroyNotify state_free;
};

/* Channel binding is offered to the client. */
gboolean kx_session_binds(KxSession *session);

/* Valid UTF-8 without NUL, of at most `max` bytes. */
gboolean kx_sasl_is_clean(KxSlice text, size_t max);

/* Whether who signs in is locked out; sets `reason`. */
gboolean kx_sasl_is_locked(KxSession *session, KxSasl *sasl);

/* A name as GS2 writes it (RFC 5801 section 4): "=2C" is a comma, "=3D" an equals sign, and nothing
 * else begins with one: NULL. */
char *kx_sasl_unescape(const char *text);

/* sasl-plain.c, sasl-scram.c, sasl-digest.c, sasl-digest-md5.c, sasl-oauth.c, sasl-external.c,
 * sasl-gss.c */
KxSaslNext kx_sasl_plain(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_login(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_scram(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_cram_md5(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_apop(KxSession *session, KxSasl *sasl, KxSlice response);
char *kx_sasl_cram_challenge(KxSession *session);
KxSaslNext kx_sasl_digest_md5(KxSession *session, KxSasl *sasl, KxSlice response);
char *kx_sasl_digest_challenge(KxSession *session);
KxSaslNext kx_sasl_oauthbearer(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_oauth_ask(KxSession *session, KxSasl *sasl);
KxSaslNext kx_sasl_xoauth2(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_external(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_gssapi(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_gss_spnego(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_ntlm(KxSession *session, KxSasl *sasl, KxSlice response);
KxSaslNext kx_sasl_ask_gss(KxSession *session, KxSasl *sasl);

enum { KX_SASL_NAME_MAX = 400, KX_SASL_TEXT_MAX = 1024 };
