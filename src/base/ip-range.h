/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of IP addresses: the entries of IP address groups, and who may use a service. Pure and
 * thread-safe. */
#pragma once

#include <glib.h>

/* Both ends belong to it. IPv4 addresses fill the last 4 bytes of an IPv4-mapped address. */
typedef struct {
    guint8 low[16];
    guint8 high[16];
    gboolean v4;
} KxIpRange;

/* A host, NETWORK/BITS, NETWORK/MASK (IPv4) or FIRST-LAST. Host bits in a network are ignored. */
gboolean kx_ip_range_parse(const char *entry, KxIpRange *ret_range, GError **error);

/* FALSE if the text is no address. */
gboolean kx_ip_parse(const char *ip, guint8 ret_bytes[static 16], gboolean *ret_v4);

gboolean kx_ip_range_contains(const KxIpRange *range, const guint8 bytes[static 16], gboolean v4);

/* Entries with commas between, as an array of KxIpRange. An entry that is none is left out: it lets
 * nobody in. */
GArray *kx_ip_ranges_parse(const char *entries);

/* FALSE also if `ip` is no address. */
gboolean kx_ip_ranges_contain(const GArray *ranges, const char *ip);

/* Who is behind an address: itself, or the /64 network of an IPv6 address, as one who has a network
 * has all its addresses. What is no address is returned as it is. Free it. */
char *kx_ip_network(const char *ip);

/* The text is an address of this host itself. */
gboolean kx_ip_is_loopback(const char *ip);
