/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SASL mechanisms (RFC 4422) that clients may sign in with, strongest first, which is also the
 * order in which they are offered. Constant.
 */
#pragma once

#include "settings/settings.h"

/* A line with a response in base64: RFC 4954 section 4 asks for 12288 bytes, but tickets of an
 * Active Directory can have 48,000 (MaxTokenSize) before that. */
enum {
    KX_SASL_LINE_MAX = 63 * 1024,
    KX_SASL_DATA_MAX = 48 * 1024, /* and what is in it */
};

/* What must be there for a mechanism to work for everybody who might choose it: a client takes the
 * strongest that it is offered, and does not try another. */
typedef enum {
    KX_SASL_NEEDS_KEYS = 1 << 0,      /* made from each password, which imported hashes are not */
    KX_SASL_NEEDS_TOKENS = 1 << 1,    /* for mail */
    KX_SASL_NEEDS_PASSWORDS = 1 << 2, /* that can be had back */
    KX_SASL_NEEDS_REALM = 1 << 3,     /* of Kerberos, that a domain names */
    KX_SASL_NEEDS_NT_DOMAIN = 1 << 4, /* the same of a Windows domain */
    KX_SASL_NEEDS_AUTHORITY = 1 << 5, /* of certificates of clients */
} KxSaslNeed;

typedef enum {
    KX_SASL_BINDS = 1 << 0,  /* to the TLS channel (RFC 5056): offered inside TLS only */
    KX_SASL_CLEAR = 1 << 1,  /* sends the password itself */
    KX_SASL_HIDDEN = 1 << 2, /* a protocol's own command, which the core takes as an exchange */
    KX_SASL_SHOWS = 1 << 3,  /* offered to clients that have shown a certificate only */
} KxSaslFlag;

typedef struct {
    const char *name;
    const char *method; /* of the setting auth.methods that allows it */
    guint flags;        /* KxSaslFlag */
    guint needs;        /* KxSaslNeed */
} KxSaslMechanism;

/* What was never said before, in the form of a Message-ID, as CRAM-MD5 and APOP want it; free it.
 */
char *kx_sasl_timestamp(const KxSettings *settings);

extern const KxSaslMechanism KX_SASL_MECHANISMS[];
extern const guint KX_SASL_N_MECHANISMS;

/* The mechanism of that name in any case, or NULL. */
const KxSaslMechanism *kx_sasl_find(const char *name, size_t len);
gboolean kx_sasl_is_method(const char *name);

/* Where a mechanism is offered: `methods` are allowed, there is a TLS channel to bind to, passwords
 * may be sent as they are, and the client has shown a certificate. */
typedef struct {
    const char *const *methods;
    gboolean binds, clear, shown;
} KxSaslOffer;
/* Whether there is such a channel: inside TLS, and over SMTP only if the settings say so. */
gboolean kx_sasl_binds(const KxSettings *settings, gboolean secure, gboolean smtp);
gboolean kx_sasl_is_offered(const KxSaslOffer *offer, const KxSaslMechanism *mechanism);
/* The names of all that are, each after `before`, with blanks between; free it. */
char *kx_sasl_names(const KxSaslOffer *offer, const char *before);
