/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS for outgoing mail: where mail for a domain goes (RFC 5321 section 5.1) and the addresses of
 * hosts, with what DNSSEC says of them (RFC 4035), which DANE stands on (RFC 7672). libunbound
 * asks, validates and caches.
 *
 * Threads: all functions from any thread; they block, at most for the time libunbound gives a name.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

typedef struct KxResolver KxResolver;

typedef struct {
    const char *const
        *servers;            /* to ask, "192.0.2.1" or "192.0.2.1@5353"; an empty list: those of */
    const char *resolv_conf; /* the text of /etc/resolv.conf */
    const char *const *anchors; /* DS or DNSKEY records that are trusted; an empty list: those of */
    const char *root_key;       /* the text of dns-root-data's root.key */
    gboolean validate;          /* ask for signatures */
    gboolean insist;            /* without them there are no answers */
} KxResolverOptions;

/* What the options point to is used during the call only. With `validate` and without `insist`
 * nothing is validated while the servers have no signatures for the first anchor, because then
 * there would be no answers at all. Once they had some, they must go on having them. */
KxResolver *kx_resolver_new(const KxResolverOptions *options, GError **error);
void kx_resolver_free(KxResolver *resolver);

typedef enum {
    KX_DNS_FOUND,
    KX_DNS_NONE,   /* there is no such name, or it has no such record */
    KX_DNS_FAILED, /* no answer can be had now, or its signature is wrong */
} KxDnsAnswer;

typedef struct {
    char *name; /* "": the null MX (RFC 7505) */
    guint preference;
} KxMx;

/* Whether answers are validated at present; asks, if that is not known yet. */
gboolean kx_resolver_validates(KxResolver *resolver);

/* By preference, equal ones in random order (SMTP-03). Free with g_ptr_array_unref(). `ret_secure`
 * is set for KX_DNS_NONE too: there is securely none. */
KxDnsAnswer kx_resolver_mx(KxResolver *resolver, const char *domain, GPtrArray **ret_mx,
                           gboolean *ret_secure);

typedef struct {
    struct sockaddr_storage address; /* without port */
    socklen_t len;
} KxHostAddress;

typedef struct {
    GArray *addresses; /* KxHostAddress */
    gboolean secure;   /* all of them, and the way to them */
    char *canonical;   /* the name that CNAME records lead to; NULL: the host's own */
} KxHostAnswer;

void kx_host_answer_clear(KxHostAnswer *answer);

/* IPv6 first, then IPv4, each as the server gave them; a textual address stands for itself. */
KxDnsAnswer kx_resolver_addresses(KxResolver *resolver, const char *host, KxHostAnswer *ret_answer);

/* A TLSA record (RFC 6698 section 2.1). */
typedef struct {
    guint8 usage, selector, matching;
    guint8 *data;
    size_t len;
} KxTlsa;

/* The records for TLS on a TCP port of the host; insecure ones count as none. Free with
 * g_ptr_array_unref(). */
KxDnsAnswer kx_resolver_tlsa(KxResolver *resolver, const char *host, guint port,
                             GPtrArray **ret_tlsa);

/* The strings of each TXT record joined; char *, of UTF-8 or what looks like it. */
KxDnsAnswer kx_resolver_txt(KxResolver *resolver, const char *name, GPtrArray **ret_texts);

/* The names that an address has by its PTR records (char *), whoever may have written these. */
KxDnsAnswer kx_resolver_ptr(KxResolver *resolver, const char *ip, GPtrArray **ret_names);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxResolver, kx_resolver_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxHostAnswer, kx_host_answer_clear)
