/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip-range.h"

#include <arpa/inet.h>

#include "base/error.h"
#include "base/text.h"

enum { ENTRY_MAX = 200 };

gboolean kx_ip_parse(const char *ip, guint8 ret_bytes[static 16], gboolean *ret_v4)
{
    static const guint8 MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    guint8 raw[16];
    if (inet_pton(AF_INET, ip, raw) == 1) {
        memcpy(ret_bytes, MAPPED, sizeof MAPPED);
        memcpy(ret_bytes + 12, raw, 4);
        *ret_v4 = TRUE;
        return TRUE;
    }
    if (inet_pton(AF_INET6, ip, raw) != 1)
        return FALSE;
    memcpy(ret_bytes, raw, 16);
    *ret_v4 = memcmp(raw, MAPPED, sizeof MAPPED) == 0;
    return TRUE;
}

/* "255.255.0.0" -> 16; FALSE if there are ones behind a zero. */
static gboolean mask_bits(const char *mask, guint64 *ret_bits)
{
    struct in_addr raw;
    if (inet_pton(AF_INET, mask, &raw) != 1)
        return FALSE;
    guint32 inverse = ~ntohl(raw.s_addr);
    if ((inverse & (inverse + 1)) != 0)
        return FALSE;
    *ret_bits = 32 - (guint64)__builtin_popcount(inverse);
    return TRUE;
}

static gboolean parse_network(const char *network, const char *length, KxIpRange *range)
{
    guint64 bits = 0;
    if (!kx_ip_parse(network, range->low, &range->v4))
        return FALSE;
    if (!kx_parse_uint(length, range->v4 ? 32 : 128, &bits) &&
        !(range->v4 && mask_bits(length, &bits)))
        return FALSE;
    bits += range->v4 ? 96 : 0;
    memcpy(range->high, range->low, 16);
    for (guint64 i = bits; i < 128; i++) {
        guint8 bit = (guint8)(0x80 >> (i % 8));
        range->low[i / 8] &= (guint8)~bit;
        range->high[i / 8] |= bit;
    }
    return TRUE;
}

static gboolean parse_span(const char *first, const char *last, KxIpRange *range)
{
    gboolean v4;
    return kx_ip_parse(first, range->low, &range->v4) && kx_ip_parse(last, range->high, &v4) &&
           v4 == range->v4 && memcmp(range->low, range->high, 16) <= 0;
}

gboolean kx_ip_range_parse(const char *entry, KxIpRange *ret_range, GError **error)
{
    KxIpRange range;
    g_autofree char *first = g_strndup(entry, ENTRY_MAX);
    char *mark = strpbrk(first, "/-");
    char kind = mark != NULL ? *mark : '\0';
    if (mark != NULL)
        *mark++ = '\0';
    gboolean good;
    if (strlen(entry) > ENTRY_MAX)
        good = FALSE;
    else if (kind == '/')
        good = parse_network(g_strstrip(first), g_strstrip(mark), &range);
    else if (kind == '-')
        good = parse_span(g_strstrip(first), g_strstrip(mark), &range);
    else
        good = parse_span(first, first, &range);
    if (!good)
        return kx_fail(
            error, KX_ERR_INVALID,
            "'%s' is not an address, a network (192.0.2.0/24 or 192.0.2.0/255.255.255.0) "
            "or a range (192.0.2.1-192.0.2.9)",
            entry);
    *ret_range = range;
    return TRUE;
}

gboolean kx_ip_range_contains(const KxIpRange *range, const guint8 bytes[static 16], gboolean v4)
{
    return range->v4 == v4 && memcmp(range->low, bytes, 16) <= 0 &&
           memcmp(bytes, range->high, 16) <= 0;
}

GArray *kx_ip_ranges_parse(const char *entries)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(KxIpRange));
    g_auto(GStrv) parts = g_strsplit(entries, ",", -1);
    for (char **part = parts; *part; part++) {
        KxIpRange range;
        if (kx_ip_range_parse(g_strstrip(*part), &range, NULL))
            g_array_append_val(ranges, range);
    }
    return ranges;
}

gboolean kx_ip_ranges_contain(const GArray *ranges, const char *ip)
{
    guint8 bytes[16];
    gboolean v4;
    if (!kx_ip_parse(ip, bytes, &v4))
        return FALSE;
    for (guint i = 0; i < ranges->len; i++)
        if (kx_ip_range_contains(&g_array_index(ranges, KxIpRange, i), bytes, v4))
            return TRUE;
    return FALSE;
}

char *kx_ip_network(const char *ip)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, ip, &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address))
        return g_strdup(ip);
    memset(address.s6_addr + 8, 0, 8);
    return g_strdup(inet_ntop(AF_INET6, &address, text, sizeof text));
}

gboolean kx_ip_is_loopback(const char *ip)
{
    return g_str_has_prefix(ip, "127.") || g_str_equal(ip, "::1");
}
