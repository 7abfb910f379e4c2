/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MTA-STS policies of domains (RFC 8461): found by a TXT record, fetched by HTTPS, kept for as
 * long as they say. A policy that is kept holds until it expires, whatever becomes of the record
 * and the web server: else who can make these vanish could make the policy vanish. The core keeps
 * them on disk; here they are in memory.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include <openssl/ssl.h>

#include "courier/resolver.h"
#include "courier/sts-policy.h"
#include "ipc/message.h"

typedef struct KxStsCache KxStsCache;

/* What is told to the core, and what it kept. */
typedef struct {
    char *domain, *id, *text;
    gint64 fetched, expires; /* Unix seconds */
} KxStsNews;

/* `wake` is called, from any thread, when there are news. The certificates that `tls` trusts vouch
 * for web servers. */
KxStsCache *kx_sts_cache_new(SSL_CTX *tls, void (*wake)(gpointer data), gpointer data);
void kx_sts_cache_free(KxStsCache *cache);

void kx_sts_cache_add(KxStsCache *cache, const KxStsNews *policy); /* copies it */
/* The next policy that was fetched; NULL: no more. */
KxStsNews *kx_sts_cache_news(KxStsCache *cache);
void kx_sts_news_free(KxStsNews *news);

/* The policy that holds for the domain, the caller's; NULL: none, and `ret_problem` says why that
 * which is announced could not be had. May ask DNS and a web server, and take half a minute. */
KxStsPolicy *kx_sts_cache_find(KxStsCache *cache, KxResolver *resolver, const char *domain,
                               guint port, KxTlsResult *ret_problem);

/* Whether some policy is to be fetched again before it expires; quick. */
gboolean kx_sts_cache_is_due(KxStsCache *cache);
/* Fetches one of these; takes as long as finding. */
void kx_sts_cache_refresh(KxStsCache *cache, KxResolver *resolver, guint port);

/* ---- sts-fetch.c ---- */

/* The policy from https://mta-sts.DOMAIN:PORT/.well-known/mta-sts.txt. */
KxStsPolicy *kx_sts_fetch(KxResolver *resolver, SSL_CTX *tls, const char *domain, guint port,
                          GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxStsCache, kx_sts_cache_free)
