/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS for outgoing mail: where mail for a domain goes (RFC 5321 section 5.1) and the addresses of
 * hosts. libunbound asks and caches.
 *
 * Threads: all functions from any thread; they block, at most for the time libunbound gives a name.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

typedef struct KxResolver KxResolver;

/* `servers` are the addresses to ask, "192.0.2.1" or "192.0.2.1@5353"; an empty list: those of
 * `resolv_conf`, the text of /etc/resolv.conf. */
KxResolver *kx_resolver_new(const char *const *servers, const char *resolv_conf, GError **error);
void kx_resolver_free(KxResolver *resolver);

typedef enum {
    KX_DNS_FOUND,
    KX_DNS_NONE,   /* there is no such name, or it has no such record */
    KX_DNS_FAILED, /* no answer can be had now */
} KxDnsAnswer;

typedef struct {
    char *name; /* "": the null MX (RFC 7505) */
    guint preference;
} KxMx;

/* By preference, equal ones in random order (SMTP-03). Free with g_ptr_array_unref(). */
KxDnsAnswer kx_resolver_mx(KxResolver *resolver, const char *domain, GPtrArray **ret_mx);

typedef struct {
    struct sockaddr_storage address; /* without port */
    socklen_t len;
} KxHostAddress;

/* IPv6 first, then IPv4, each as the server gave them; a textual address stands for itself. */
KxDnsAnswer kx_resolver_addresses(KxResolver *resolver, const char *host, GArray **ret_addresses);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxResolver, kx_resolver_free)
