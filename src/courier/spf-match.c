/* SPDX-License-Identifier: Apache-2.0 */
/* Mechanisms: RFC 7208 section 5. */
#include <arpa/inet.h>
#include <string.h>

#include "courier/spf-private.h"

gboolean kx_spf_count(KxSpf *spf)
{
    return ++spf->lookups <= KX_SPF_LOOKUPS_MAX;
}

gboolean kx_spf_is_late(const KxSpf *spf)
{
    return g_get_monotonic_time() >= spf->deadline;
}

static KxDnsAnswer find_addresses(KxSpf *spf, const char *host, KxHostAnswer *ret_found)
{
    return kx_spf_is_late(spf) ? KX_DNS_FAILED
                               : kx_resolver_addresses(spf->resolver, host, ret_found);
}

/* An answer that has nothing; FALSE: these are too many. */
static gboolean count_void(KxSpf *spf, KxDnsAnswer answer)
{
    return answer != KX_DNS_NONE || ++spf->voids <= KX_SPF_VOID_MAX;
}

/* ---- addresses ---- */

static gboolean same_network(const guint8 *a, const guint8 *b, guint bits)
{
    guint bytes = bits / 8, rest = bits % 8;
    return memcmp(a, b, bytes) == 0 && (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

static gboolean is_in(const KxSpf *spf, const KxHostAddress *host, const KxSpfTerm *term)
{
    const struct sockaddr *any = (const struct sockaddr *)&host->address;
    const void *bytes =
        any->sa_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)any)->sin_addr
            : &((const struct sockaddr_in6 *)(const void *)any)->sin6_addr;
    return any->sa_family == (spf->six ? AF_INET6 : AF_INET) &&
           same_network(spf->ip, bytes, spf->six ? term->six : term->four);
}

static KxSpfMatch match_literal(const KxSpf *spf, const KxSpfTerm *term)
{
    guint8 bytes[16];
    gboolean six = term->kind == KX_SPF_IP6;
    return six == spf->six && inet_pton(six ? AF_INET6 : AF_INET, term->spec, bytes) == 1 &&
                   same_network(spf->ip, bytes, six ? term->six : term->four)
               ? KX_SPF_YES
               : KX_SPF_NO;
}

static KxSpfMatch match_host(KxSpf *spf, const char *host, const KxSpfTerm *term, gboolean count)
{
    g_auto(KxHostAnswer) found = {0};
    KxDnsAnswer answer = find_addresses(spf, host, &found);
    if (count && !count_void(spf, answer))
        return KX_SPF_PERMERROR;
    if (answer != KX_DNS_FOUND)
        return answer == KX_DNS_FAILED ? KX_SPF_TEMPERROR : KX_SPF_NO;
    for (guint i = 0; i < found.addresses->len; i++)
        if (is_in(spf, &g_array_index(found.addresses, KxHostAddress, i), term))
            return KX_SPF_YES;
    return KX_SPF_NO;
}

static KxSpfMatch match_a(KxSpf *spf, const KxSpfTerm *term, const char *name)
{
    return match_host(spf, name, term, TRUE);
}

static KxSpfMatch match_mx(KxSpf *spf, const KxSpfTerm *term, const char *name)
{
    g_autoptr(GPtrArray) hosts = NULL;
    gboolean secure;
    KxDnsAnswer answer =
        kx_spf_is_late(spf) ? KX_DNS_FAILED : kx_resolver_mx(spf->resolver, name, &hosts, &secure);
    if (!count_void(spf, answer))
        return KX_SPF_PERMERROR;
    if (answer != KX_DNS_FOUND)
        return answer == KX_DNS_FAILED ? KX_SPF_TEMPERROR : KX_SPF_NO;
    if (hosts->len > KX_SPF_NAMES_MAX)
        return KX_SPF_PERMERROR;
    KxSpfMatch match = KX_SPF_NO;
    for (guint i = 0; i < hosts->len && match == KX_SPF_NO; i++)
        match = match_host(spf, ((const KxMx *)hosts->pdata[i])->name, term, FALSE);
    return match;
}

/* Whether there is an IPv4 address, also for a client that has another (section 5.7). */
static KxSpfMatch match_exists(KxSpf *spf, const KxSpfTerm *term, const char *name)
{
    g_auto(KxHostAnswer) found = {0};
    KxDnsAnswer answer = find_addresses(spf, name, &found);
    if (!count_void(spf, answer))
        return KX_SPF_PERMERROR;
    if (answer == KX_DNS_FAILED)
        return KX_SPF_TEMPERROR;
    for (guint i = 0; answer == KX_DNS_FOUND && i < found.addresses->len; i++)
        if (g_array_index(found.addresses, KxHostAddress, i).address.ss_family == AF_INET)
            return KX_SPF_YES;
    return KX_SPF_NO;
}

/* ---- names ---- */

static gboolean is_below(const char *name, const char *domain)
{
    size_t len = strlen(name), own = strlen(domain);
    return len > own && name[len - own - 1] == '.' &&
           g_ascii_strcasecmp(name + len - own, domain) == 0;
}

static int rank(const char *name, const char *domain)
{
    return g_ascii_strcasecmp(name, domain) == 0 ? 0 : is_below(name, domain) ? 1 : 2;
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer domain)
{
    return rank(*(const char *const *)a, domain) - rank(*(const char *const *)b, domain);
}

static GPtrArray *find_names(KxSpf *spf)
{
    static const KxSpfTerm exact = {.four = 32, .six = 128};
    GPtrArray *good = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = NULL;
    if (kx_spf_is_late(spf) || kx_resolver_ptr(spf->resolver, spf->text, &names) != KX_DNS_FOUND)
        return good;
    for (guint i = 0; i < names->len && i < KX_SPF_NAMES_MAX; i++)
        if (match_host(spf, names->pdata[i], &exact, FALSE) == KX_SPF_YES)
            g_ptr_array_add(good, g_strdup(names->pdata[i]));
    return good;
}

/* A record may have hundreds of %{p}, which are no terms that count: they are looked for once. */
const GPtrArray *kx_spf_names(KxSpf *spf, const char *domain)
{
    if (!spf->names)
        spf->names = find_names(spf);
    g_ptr_array_sort_with_data(spf->names, compare_names, (gpointer)domain);
    return spf->names;
}

static KxSpfMatch match_ptr(KxSpf *spf, const KxSpfTerm *term, const char *name)
{
    const GPtrArray *names = kx_spf_names(spf, name);
    return names->len > 0 && rank(names->pdata[0], name) < 2 ? KX_SPF_YES : KX_SPF_NO;
}

/* ---- any ---- */

KxSpfMatch kx_spf_match(KxSpf *spf, const KxSpfTerm *term, const char *domain)
{
    static KxSpfMatch (*const ASKS[])(KxSpf *, const KxSpfTerm *, const char *) = {
        [KX_SPF_A] = match_a,
        [KX_SPF_MX] = match_mx,
        [KX_SPF_PTR] = match_ptr,
        [KX_SPF_EXISTS] = match_exists,
    };
    if (term->kind == KX_SPF_ALL)
        return KX_SPF_YES;
    if (term->kind == KX_SPF_IP4 || term->kind == KX_SPF_IP6)
        return match_literal(spf, term);
    if (!kx_spf_count(spf))
        return KX_SPF_PERMERROR;
    g_autofree char *name = term->spec ? kx_spf_expand(spf, term->spec, domain) : g_strdup(domain);
    return *name ? ASKS[term->kind](spf, term, name) : KX_SPF_PERMERROR;
}
