/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/error.h"
#include "base/lock.h"
#include "courier/libraries.h"

enum {
    TYPE_A = 1,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_DNSKEY = 48,
    TYPE_TLSA = 52,
    CLASS_IN = 1
};
enum {
    MX_MAX = 100,
    ADDRESSES_MAX = 64,
    NAME_SERVERS_MAX = 16,
    TLSA_MAX = 32,
    TXT_MAX = 64,
    PTR_MAX = 64,
    ANCHORS_MAX = 32,
    PROBE_AGAIN = 60, /* seconds until servers without signatures are asked for some again */
};

struct KxResolver {
    struct ub_ctx *plain;      /* takes answers as they are; NULL: that may not be */
    struct ub_ctx *validating; /* NULL: no signatures are wanted */
    char *anchor;              /* the first trusted name */
    KxMutex lock;              /* of what follows; held while the servers are tried first */
    gboolean proven;           /* they have had signatures */
    gint64 tried;              /* monotonic; 0: never */
};

/* ---- life ---- */

static gboolean ask_server(struct ub_ctx *ctx, const char *address, GError **error)
{
    int rc = sym_ub_ctx_set_fwd(ctx, address);
    return rc == 0 || kx_fail(error, KX_ERR_INVALID, "cannot use the DNS server '%s': %s", address,
                              sym_ub_strerror(rc));
}

static guint use_resolv_conf(struct ub_ctx *ctx, const char *text)
{
    guint used = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] && used < NAME_SERVERS_MAX; i++) {
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(lines[i]), " \t", 3);
        if (words[0] && words[1] && g_str_equal(words[0], "nameserver") &&
            ask_server(ctx, words[1], NULL))
            used++;
    }
    return used;
}

static struct ub_ctx *new_context(const KxResolverOptions *options, GError **error)
{
    struct ub_ctx *ctx = sym_ub_ctx_create();
    if (!ctx) {
        kx_fail(error, KX_ERR_FAILED, "libunbound cannot be initialised");
        return NULL;
    }
    for (const char *const *server = options->servers; *server; server++)
        if (!ask_server(ctx, *server, error)) {
            sym_ub_ctx_delete(ctx);
            return NULL;
        }
    /* Without any server it would ask those of the root itself, which is what a host without a
     * resolver needs. */
    if (!*options->servers)
        use_resolv_conf(ctx, options->resolv_conf);
    sym_ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
    sym_ub_ctx_set_option(ctx, "unblock-lan-zones:", "yes"); /* PTR records of the inner network */
    sym_ub_ctx_set_option(ctx, "num-queries-per-thread:", "1024");
    return ctx;
}

/* Names that libunbound denies by itself, but a site's own servers may well have (RFC 6761). This
 * completes the context: options and anchors come before. */
static void complete(struct ub_ctx *ctx)
{
    sym_ub_ctx_zone_remove(ctx, "test.");
}

/* ---- trust anchors ---- */

/* A record of the presentation format; without comment, FALSE if nothing is left. */
static gboolean add_anchor(KxResolver *resolver, const char *record)
{
    g_autofree char *text = g_strndup(record, strcspn(record, ";"));
    g_strstrip(text);
    if (!*text || sym_ub_ctx_add_ta(resolver->validating, text) != 0)
        return FALSE;
    if (!resolver->anchor)
        resolver->anchor = g_strndup(text, strcspn(text, " \t"));
    return TRUE;
}

static gboolean add_anchors(KxResolver *resolver, const KxResolverOptions *options)
{
    g_auto(GStrv) root = g_strsplit(options->root_key, "\n", ANCHORS_MAX);
    const char *const *records =
        *options->anchors ? options->anchors : (const char *const *)(gpointer)root;
    guint added = 0;
    for (guint i = 0; records[i] && i < ANCHORS_MAX; i++)
        added += add_anchor(resolver, records[i]);
    return added > 0;
}

static gboolean make_validating(KxResolver *resolver, const KxResolverOptions *options,
                                GError **error)
{
    resolver->validating = new_context(options, error);
    if (!resolver->validating)
        return FALSE;
    gboolean trusts = add_anchors(resolver, options);
    complete(resolver->validating);
    resolver->proven = options->insist;
    return trusts || !options->insist ||
           kx_fail(error, KX_ERR_INVALID,
                   "there is no trust anchor for DNSSEC: install dns-root-data or set "
                   "dns.trust-anchors");
}

static gboolean configure(KxResolver *resolver, const KxResolverOptions *options, GError **error)
{
    if (options->validate && !make_validating(resolver, options, error))
        return FALSE;
    if (options->validate && options->insist)
        return TRUE;
    resolver->plain = new_context(options, error);
    if (resolver->plain)
        complete(resolver->plain);
    return resolver->plain != NULL;
}

KxResolver *kx_resolver_new(const KxResolverOptions *options, GError **error)
{
    g_autoptr(KxResolver) resolver = g_new0(KxResolver, 1);
    kx_mutex_init(&resolver->lock);
    if (!kx_courier_open_libraries(error))
        return NULL;
    return configure(resolver, options, error) ? g_steal_pointer(&resolver) : NULL;
}

void kx_resolver_free(KxResolver *resolver)
{
    if (!resolver)
        return;
    if (resolver->plain)
        sym_ub_ctx_delete(resolver->plain);
    if (resolver->validating)
        sym_ub_ctx_delete(resolver->validating);
    kx_mutex_clear(&resolver->lock);
    g_free(resolver->anchor);
    g_free(resolver);
}

/* ---- asking ---- */

/* Whether the servers have signatures: those of the first anchor's keys. */
static gboolean has_signatures(KxResolver *resolver)
{
    struct ub_result *result = NULL;
    if (sym_ub_resolve(resolver->validating, resolver->anchor, TYPE_DNSKEY, CLASS_IN, &result) != 0)
        return FALSE;
    gboolean secure = result->havedata && result->secure;
    sym_ub_resolve_free(result);
    return secure;
}

/* Servers that let these questions fall take long to say nothing; mail goes on meanwhile. */
static gboolean probe_again(KxResolver *resolver)
{
    gboolean proven = has_signatures(resolver);
    kx_mutex_lock(&resolver->lock);
    resolver->proven |= proven;
    kx_mutex_unlock(&resolver->lock);
    return proven;
}

gboolean kx_resolver_validates(KxResolver *resolver)
{
    if (!resolver->validating || !resolver->anchor)
        return FALSE;
    gint64 now = g_get_monotonic_time();
    kx_mutex_lock(&resolver->lock);
    gboolean first = resolver->tried == 0;
    gboolean due =
        !resolver->proven && (first || now - resolver->tried > PROBE_AGAIN * G_USEC_PER_SEC);
    if (due)
        resolver->tried = now;
    if (due && first)
        resolver->proven = has_signatures(resolver);
    gboolean proven = resolver->proven;
    kx_mutex_unlock(&resolver->lock);
    return due && !first ? probe_again(resolver) : proven;
}

static KxDnsAnswer ask(KxResolver *resolver, const char *name, int type,
                       struct ub_result **ret_result, gboolean *ret_secure)
{
    struct ub_ctx *ctx = kx_resolver_validates(resolver) ? resolver->validating : resolver->plain;
    *ret_secure = FALSE;
    int rc = ctx ? sym_ub_resolve(ctx, name, type, CLASS_IN, ret_result) : UB_INITFAIL;
    if (rc == UB_SYNTAX)
        return KX_DNS_NONE; /* nobody can have such a name */
    if (rc != 0)
        return KX_DNS_FAILED;
    struct ub_result *result = *ret_result;
    *ret_secure = result->secure != 0;
    if (result->havedata && !result->bogus)
        return KX_DNS_FOUND;
    gboolean none = !result->bogus && (result->rcode == 0 || result->nxdomain);
    sym_ub_resolve_free(result);
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

KxDnsAnswer kx_resolver_mx(KxResolver *resolver, const char *domain, GPtrArray **ret_mx,
                           gboolean *ret_secure)
{
    struct ub_result *result = NULL;
    KxDnsAnswer answer = ask(resolver, domain, TYPE_MX, &result, ret_secure);
    if (answer != KX_DNS_FOUND)
        return answer;
    GPtrArray *list = g_ptr_array_new_with_free_func(free_mx);
    for (int i = 0; result->data[i] && i < MX_MAX; i++)
        add_mx(list, result->data[i], result->len[i]);
    sym_ub_resolve_free(result);
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

/* "mx.example." as libunbound gives it, without the dot. */
static char *plain_name(const char *name)
{
    char *copy = g_strdup(name);
    size_t len = strlen(copy);
    if (len > 1 && copy[len - 1] == '.')
        copy[len - 1] = '\0';
    return copy;
}

static KxDnsAnswer add_records(KxResolver *resolver, const char *host, int type,
                               KxHostAnswer *answer)
{
    struct ub_result *result = NULL;
    int size = type == TYPE_A ? 4 : 16;
    gboolean secure = FALSE;
    KxDnsAnswer found = ask(resolver, host, type, &result, &secure);
    if (found != KX_DNS_FOUND)
        return found;
    for (int i = 0; result->data[i] && answer->addresses->len < ADDRESSES_MAX; i++)
        if (result->len[i] == size)
            (type == TYPE_A ? add_four : add_six)(answer->addresses, result->data[i]);
    answer->secure = answer->secure && secure;
    if (result->canonname && !answer->canonical) {
        g_autofree char *name = plain_name(result->canonname);
        if (g_ascii_strcasecmp(name, host) != 0)
            answer->canonical = g_steal_pointer(&name);
    }
    sym_ub_resolve_free(result);
    return KX_DNS_FOUND;
}

void kx_host_answer_clear(KxHostAnswer *answer)
{
    g_clear_pointer(&answer->addresses, g_array_unref);
    g_clear_pointer(&answer->canonical, g_free);
}

KxDnsAnswer kx_resolver_addresses(KxResolver *resolver, const char *host, KxHostAnswer *ret_answer)
{
    g_auto(KxHostAnswer) answer = {g_array_new(FALSE, TRUE, sizeof(KxHostAddress)), FALSE, NULL};
    if (!add_literal(answer.addresses, host)) {
        answer.secure = TRUE;
        KxDnsAnswer six = add_records(resolver, host, TYPE_AAAA, &answer);
        KxDnsAnswer four = add_records(resolver, host, TYPE_A, &answer);
        if (answer.addresses->len == 0)
            return six == KX_DNS_FAILED || four == KX_DNS_FAILED ? KX_DNS_FAILED : KX_DNS_NONE;
    }
    *ret_answer = answer;
    answer = (KxHostAnswer){0};
    return KX_DNS_FOUND;
}

/* ---- TLSA ---- */

static void free_tlsa(gpointer data)
{
    KxTlsa *tlsa = data;
    g_free(tlsa->data);
    g_free(tlsa);
}

static void add_tlsa(GPtrArray *list, const char *record, int len)
{
    const guint8 *wire = (const guint8 *)record;
    if (len < 3)
        return;
    KxTlsa *tlsa = g_new(KxTlsa, 1);
    *tlsa =
        (KxTlsa){wire[0], wire[1], wire[2], g_memdup2(wire + 3, (gsize)len - 3), (size_t)len - 3};
    g_ptr_array_add(list, tlsa);
}

KxDnsAnswer kx_resolver_tlsa(KxResolver *resolver, const char *host, guint port,
                             GPtrArray **ret_tlsa)
{
    struct ub_result *result = NULL;
    gboolean secure = FALSE;
    g_autofree char *name = g_strdup_printf("_%u._tcp.%s", port, host);
    KxDnsAnswer answer = ask(resolver, name, TYPE_TLSA, &result, &secure);
    if (answer != KX_DNS_FOUND)
        return answer;
    GPtrArray *list = g_ptr_array_new_with_free_func(free_tlsa);
    for (int i = 0; secure && result->data[i] && i < TLSA_MAX; i++)
        add_tlsa(list, result->data[i], result->len[i]);
    sym_ub_resolve_free(result);
    if (!secure) {
        g_ptr_array_unref(list);
        return KX_DNS_NONE;
    }
    *ret_tlsa = list; /* records too short to be any are unusable ones */
    return KX_DNS_FOUND;
}

/* ---- TXT ---- */

/* Strings with their length before them. */
static char *read_strings(const char *record, int len)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int at = 0; at < len;) {
        int part = (guint8)record[at++];
        g_string_append_len(text, record + at, MIN(part, len - at));
        at += part;
    }
    return g_utf8_make_valid(text->str, (gssize)text->len);
}

KxDnsAnswer kx_resolver_txt(KxResolver *resolver, const char *name, GPtrArray **ret_texts)
{
    struct ub_result *result = NULL;
    gboolean secure = FALSE;
    KxDnsAnswer answer = ask(resolver, name, TYPE_TXT, &result, &secure);
    if (answer != KX_DNS_FOUND)
        return answer;
    *ret_texts = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; result->data[i] && i < TXT_MAX; i++)
        g_ptr_array_add(*ret_texts, read_strings(result->data[i], result->len[i]));
    sym_ub_resolve_free(result);
    return KX_DNS_FOUND;
}

/* ---- PTR ---- */

/* "4.3.2.1.in-addr.arpa"; NULL: no address. */
static char *reverse_name(const char *ip)
{
    guint8 bytes[16];
    gboolean four = inet_pton(AF_INET, ip, bytes) == 1;
    if (!four && inet_pton(AF_INET6, ip, bytes) != 1)
        return NULL;
    GString *name = g_string_new(NULL);
    for (int i = four ? 3 : 15; i >= 0; i--) {
        if (four)
            g_string_append_printf(name, "%u.", bytes[i]);
        else
            g_string_append_printf(name, "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
    }
    g_string_append(name, four ? "in-addr.arpa" : "ip6.arpa");
    return g_string_free(name, FALSE);
}

KxDnsAnswer kx_resolver_ptr(KxResolver *resolver, const char *ip, GPtrArray **ret_names)
{
    struct ub_result *result = NULL;
    gboolean secure = FALSE;
    g_autofree char *name = reverse_name(ip);
    KxDnsAnswer answer = name ? ask(resolver, name, TYPE_PTR, &result, &secure) : KX_DNS_NONE;
    if (answer != KX_DNS_FOUND)
        return answer;
    *ret_names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; result->data[i] && i < PTR_MAX; i++) {
        char *found = read_name((const guint8 *)result->data[i], result->len[i]);
        if (found)
            g_ptr_array_add(*ret_names, found);
    }
    sym_ub_resolve_free(result);
    return KX_DNS_FOUND;
}
