/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unbound.h>

#include "base/error.h"

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { MX_MAX = 100, ADDRESSES_MAX = 64, NAME_SERVERS_MAX = 16 };

struct KxResolver {
    struct ub_ctx *ctx;
};

/* ---- life ---- */

static gboolean ask_server(KxResolver *resolver, const char *address, GError **error)
{
    int rc = ub_ctx_set_fwd(resolver->ctx, address);
    return rc == 0 || kx_fail(error, KX_ERR_INVALID, "cannot use the DNS server '%s': %s", address,
                              ub_strerror(rc));
}

static guint use_resolv_conf(KxResolver *resolver, const char *text)
{
    guint used = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] && used < NAME_SERVERS_MAX; i++) {
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " \t", 3);
        if (words[0] && words[1] && g_str_equal(words[0], "nameserver") &&
            ask_server(resolver, words[1], NULL))
            used++;
    }
    return used;
}

static gboolean configure(KxResolver *resolver, const char *const *servers, const char *resolv_conf,
                          GError **error)
{
    for (const char *const *server = servers; *server; server++)
        if (!ask_server(resolver, *server, error))
            return FALSE;
    /* Without any server it would ask those of the root itself, which is what a host without a
     * resolver needs. */
    if (!*servers)
        use_resolv_conf(resolver, resolv_conf);
    ub_ctx_set_option(resolver->ctx, "do-not-query-localhost:", "no");
    /* Names that libunbound denies by itself, but a site's own servers may well have (RFC 6761). */
    ub_ctx_zone_remove(resolver->ctx, "test.");
    ub_ctx_set_option(resolver->ctx, "num-queries-per-thread:", "1024");
    return TRUE;
}

KxResolver *kx_resolver_new(const char *const *servers, const char *resolv_conf, GError **error)
{
    g_autoptr(KxResolver) resolver = g_new0(KxResolver, 1);
    resolver->ctx = ub_ctx_create();
    if (!resolver->ctx) {
        kx_fail(error, KX_ERR_FAILED, "libunbound cannot be initialised");
        return NULL;
    }
    return configure(resolver, servers, resolv_conf, error) ? g_steal_pointer(&resolver) : NULL;
}

void kx_resolver_free(KxResolver *resolver)
{
    if (!resolver)
        return;
    if (resolver->ctx)
        ub_ctx_delete(resolver->ctx);
    g_free(resolver);
}

/* ---- asking ---- */

static KxDnsAnswer ask(KxResolver *resolver, const char *name, int type,
                       struct ub_result **ret_result)
{
    if (ub_resolve(resolver->ctx, name, type, CLASS_IN, ret_result) != 0)
        return KX_DNS_FAILED;
    struct ub_result *result = *ret_result;
    if (result->havedata)
        return KX_DNS_FOUND;
    gboolean none = result->rcode == 0 || result->nxdomain;
    ub_resolve_free(result);
    *ret_result = NULL;
    return none ? KX_DNS_NONE : KX_DNS_FAILED;
}

/* ---- MX ---- */

static void free_mx(gpointer data)
{
    KxMx *mx = data;
    g_free(mx->name);
    g_free(mx);
}

/* A name in wire form: labels with their length before them, compression already undone. */
static char *read_name(const guint8 *wire, int len)
{
    g_autoptr(GString) name = g_string_new(NULL);
    int at = 0;
    while (at < len && wire[at] > 0) {
        int label = wire[at++];
        if (label > 63 || at + label > len)
            return NULL;
        if (memchr(wire + at, '\0', (size_t)label) || memchr(wire + at, '.', (size_t)label))
            return NULL;
        g_string_append_printf(name, "%s%.*s", name->len > 0 ? "." : "", label,
                               (const char *)wire + at);
        at += label;
    }
    return at < len ? g_string_free(g_steal_pointer(&name), FALSE) : NULL;
}

static void add_mx(GPtrArray *list, const char *record, int len)
{
    const guint8 *wire = (const guint8 *)record;
    char *name = len > 2 ? read_name(wire + 2, len - 2) : NULL;
    if (!name)
        return;
    KxMx *mx = g_new(KxMx, 1);
    *mx = (KxMx){name, (guint)wire[0] << 8 | wire[1]};
    g_ptr_array_add(list, mx);
}

static void shuffle(GPtrArray *list)
{
    for (guint i = list->len; i > 1; i--) {
        guint other = (guint)g_random_int_range(0, (gint32)i);
        gpointer hold = list->pdata[i - 1];
        list->pdata[i - 1] = list->pdata[other];
        list->pdata[other] = hold;
    }
}

static int compare_mx(gconstpointer a, gconstpointer b)
{
    guint left = (*(const KxMx *const *)a)->preference,
          right = (*(const KxMx *const *)b)->preference;
    return left < right ? -1 : left > right;
}

KxDnsAnswer kx_resolver_mx(KxResolver *resolver, const char *domain, GPtrArray **ret_mx)
{
    struct ub_result *result = NULL;
    KxDnsAnswer answer = ask(resolver, domain, TYPE_MX, &result);
    if (answer != KX_DNS_FOUND)
        return answer;
    GPtrArray *list = g_ptr_array_new_with_free_func(free_mx);
    for (int i = 0; result->data[i] && i < MX_MAX; i++)
        add_mx(list, result->data[i], result->len[i]);
    ub_resolve_free(result);
    shuffle(list);
    g_ptr_array_sort(list, compare_mx); /* stable */
    *ret_mx = list;
    return KX_DNS_FOUND;
}

/* ---- addresses ---- */

static void add_four(GArray *list, const void *bytes)
{
    KxHostAddress host = {.len = sizeof(struct sockaddr_in)};
    struct sockaddr_in *address = (struct sockaddr_in *)(void *)&host.address;
    address->sin_family = AF_INET;
    memcpy(&address->sin_addr, bytes, sizeof address->sin_addr);
    g_array_append_val(list, host);
}

static void add_six(GArray *list, const void *bytes)
{
    KxHostAddress host = {.len = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)(void *)&host.address;
    address->sin6_family = AF_INET6;
    memcpy(&address->sin6_addr, bytes, sizeof address->sin6_addr);
    g_array_append_val(list, host);
}

static gboolean add_literal(GArray *list, const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        add_four(list, &four);
    else if (inet_pton(AF_INET6, host, &six) == 1)
        add_six(list, &six);
    return list->len > 0;
}

static KxDnsAnswer add_records(KxResolver *resolver, const char *host, int type, GArray *list)
{
    struct ub_result *result = NULL;
    int size = type == TYPE_A ? 4 : 16;
    KxDnsAnswer answer = ask(resolver, host, type, &result);
    if (answer != KX_DNS_FOUND)
        return answer;
    for (int i = 0; result->data[i] && list->len < ADDRESSES_MAX; i++)
        if (result->len[i] == size)
            (type == TYPE_A ? add_four : add_six)(list, result->data[i]);
    ub_resolve_free(result);
    return KX_DNS_FOUND;
}

KxDnsAnswer kx_resolver_addresses(KxResolver *resolver, const char *host, GArray **ret_addresses)
{
    g_autoptr(GArray) list = g_array_new(FALSE, TRUE, sizeof(KxHostAddress));
    if (!add_literal(list, host)) {
        KxDnsAnswer six = add_records(resolver, host, TYPE_AAAA, list);
        KxDnsAnswer four = add_records(resolver, host, TYPE_A, list);
        if (list->len == 0)
            return six == KX_DNS_FAILED || four == KX_DNS_FAILED ? KX_DNS_FAILED : KX_DNS_NONE;
    }
    *ret_addresses = g_steal_pointer(&list);
    return KX_DNS_FOUND;
}
