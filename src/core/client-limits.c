/* SPDX-License-Identifier: Apache-2.0 */
#include "core/client-limits.h"

#include "base/ip-range.h"
#include "base/lock.h"

enum {
    CLIENTS_MAX = 100000,
    MINUTES = 60, /* of the window of messages */
    HOUR = 3600,  /* seconds */
};

typedef struct {
    guint connections;
    guint checks;            /* that wait for DNS */
    guint64 minute;          /* of the last message, since the start of the clock */
    guint32 counts[MINUTES]; /* of each minute, at its number modulo 60 */
    guint64 told;            /* the minute in which a refusal was told of, plus one */
    guint unknown;
    gint64 unknown_since; /* seconds of the monotonic clock */
    gint64 blocked_until;
} Client;

struct KxClientLimits {
    KxMutex lock;
    GHashTable *clients; /* name -> Client */
    gint64 tidied;       /* when idle ones were looked for */
};

KxClientLimits *kx_client_limits_new(void)
{
    KxClientLimits *limits = g_new0(KxClientLimits, 1);
    kx_mutex_init(&limits->lock);
    limits->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return limits;
}

void kx_client_limits_free(KxClientLimits *limits)
{
    if (limits == NULL)
        return;
    g_hash_table_unref(limits->clients);
    kx_mutex_clear(&limits->lock);
    g_free(limits);
}

static gint64 seconds_now(void)
{
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

/* The name under which an address or a login is kept. */
static char *name_of(const char *who)
{
    guint8 bytes[16];
    gboolean v4;
    g_autofree char *address = g_strdup(who);
    if (g_str_has_suffix(address, "/64"))
        address[strlen(address) - 3] = '\0';
    if (!kx_ip_parse(address, bytes, &v4) || v4)
        return g_strdup(who);
    g_autofree char *network = kx_ip_network(address);
    return g_strconcat(network, "/64", NULL);
}

/* ---- with the lock ---- */

/* What was sent in minutes that are more than an hour ago is taken out. */
static void slide(Client *client, guint64 minute)
{
    guint64 passed = MIN(minute - client->minute, (guint64)MINUTES);
    for (guint64 i = 1; i <= passed; i++)
        client->counts[(client->minute + i) % MINUTES] = 0;
    client->minute = minute;
}

static guint messages_of(Client *client, gint64 now)
{
    guint sum = 0;
    slide(client, (guint64)now / MINUTES);
    for (guint i = 0; i < MINUTES; i++)
        sum += client->counts[i];
    return sum;
}

static void settle_unknown(Client *client, gint64 now)
{
    if (client->unknown > 0 && now - client->unknown_since >= HOUR && now >= client->blocked_until)
        client->unknown = 0;
}

static gboolean is_idle(gpointer name, gpointer value, gpointer data)
{
    Client *client = value;
    gint64 now = *(const gint64 *)data;
    settle_unknown(client, now);
    return client->connections == 0 && client->checks == 0 && client->unknown == 0 &&
           client->blocked_until <= now && messages_of(client, now) == 0;
}

static void make_room(KxClientLimits *limits, gint64 now)
{
    if (g_hash_table_size(limits->clients) < CLIENTS_MAX || limits->tidied == now)
        return;
    limits->tidied = now;
    g_hash_table_foreach_remove(limits->clients, is_idle, &now);
}

/* NULL: there are too many. */
static Client *client_of(KxClientLimits *limits, const char *who, gint64 now)
{
    g_autofree char *name = name_of(who);
    Client *client = g_hash_table_lookup(limits->clients, name);
    if (client != NULL)
        return client;
    make_room(limits, now);
    if (g_hash_table_size(limits->clients) >= CLIENTS_MAX)
        return NULL;
    client = g_new0(Client, 1);
    client->minute = (guint64)now / MINUTES;
    g_hash_table_insert(limits->clients, g_steal_pointer(&name), client);
    return client;
}

static Client *find(KxClientLimits *limits, const char *who)
{
    g_autofree char *name = name_of(who);
    return g_hash_table_lookup(limits->clients, name);
}

/* ---- connections ---- */

guint kx_client_limits_connect(KxClientLimits *limits, const char *ip)
{
    kx_mutex_lock(&limits->lock);
    Client *client = client_of(limits, ip, seconds_now());
    guint connections = client != NULL ? ++client->connections : 0;
    kx_mutex_unlock(&limits->lock);
    return connections;
}

static void forget_idle(KxClientLimits *limits, const char *ip, Client *client)
{
    gint64 now = seconds_now();
    if (!is_idle(NULL, client, &now))
        return;
    g_autofree char *name = name_of(ip);
    g_hash_table_remove(limits->clients, name);
}

void kx_client_limits_disconnect(KxClientLimits *limits, const char *ip)
{
    kx_mutex_lock(&limits->lock);
    Client *client = find(limits, ip);
    if (client != NULL && client->connections > 0)
        client->connections--;
    if (client != NULL)
        forget_idle(limits, ip, client);
    kx_mutex_unlock(&limits->lock);
}

/* ---- checks ---- */

gboolean kx_client_limits_begin_check(KxClientLimits *limits, const char *ip, guint most)
{
    kx_mutex_lock(&limits->lock);
    Client *client = client_of(limits, ip, seconds_now());
    gboolean room = client != NULL && client->checks < most;
    if (room)
        client->checks++;
    kx_mutex_unlock(&limits->lock);
    return room;
}

void kx_client_limits_end_check(KxClientLimits *limits, const char *ip)
{
    kx_mutex_lock(&limits->lock);
    Client *client = find(limits, ip);
    client->checks--;
    forget_idle(limits, ip, client);
    kx_mutex_unlock(&limits->lock);
}

/* ---- messages ---- */

static KxLimitResult take_message(Client *client, guint most, gboolean count, gint64 now)
{
    if (messages_of(client, now) < most) {
        client->counts[client->minute % MINUTES] += count ? 1 : 0;
        return KX_LIMIT_KEPT;
    }
    gboolean told = client->told == client->minute + 1;
    client->told = client->minute + 1;
    return told ? KX_LIMIT_OVER : KX_LIMIT_OVER_NEW;
}

KxLimitResult kx_client_limits_message(KxClientLimits *limits, const char *who, guint most,
                                       gboolean count)
{
    gint64 now = seconds_now();
    if (most == 0)
        return KX_LIMIT_KEPT;
    kx_mutex_lock(&limits->lock);
    Client *client = client_of(limits, who, now);
    KxLimitResult result = client != NULL ? take_message(client, most, count, now) : KX_LIMIT_KEPT;
    kx_mutex_unlock(&limits->lock);
    return result;
}

/* ---- unknown recipients ---- */

static gboolean take_unknown(Client *client, guint most, guint seconds, gint64 now)
{
    settle_unknown(client, now);
    if (client->unknown++ == 0)
        client->unknown_since = now;
    if (client->unknown < most || client->blocked_until > now)
        return FALSE;
    client->blocked_until = now + seconds;
    return TRUE;
}

gboolean kx_client_limits_unknown(KxClientLimits *limits, const char *ip, guint most, guint seconds)
{
    gint64 now = seconds_now();
    if (most == 0)
        return FALSE;
    kx_mutex_lock(&limits->lock);
    Client *client = client_of(limits, ip, now);
    gboolean blocks = client != NULL && take_unknown(client, most, seconds, now);
    kx_mutex_unlock(&limits->lock);
    return blocks;
}

gboolean kx_client_limits_is_blocked(KxClientLimits *limits, const char *ip)
{
    gint64 now = seconds_now();
    kx_mutex_lock(&limits->lock);
    Client *client = find(limits, ip);
    if (client != NULL && client->blocked_until != 0 && client->blocked_until <= now) {
        client->blocked_until = 0; /* it begins anew */
        client->unknown = 0;
    }
    gboolean blocked = client != NULL && client->blocked_until > now;
    kx_mutex_unlock(&limits->lock);
    return blocked;
}

/* ---- for administrators ---- */

static void free_limit(gpointer data)
{
    KxClientLimit *limit = data;
    g_free(limit->who);
    g_free(limit);
}

static int compare(gconstpointer a, gconstpointer b)
{
    const KxClientLimit *left = *(KxClientLimit *const *)a, *right = *(KxClientLimit *const *)b;
    return strcmp(left->who, right->who);
}

GPtrArray *kx_client_limits_list(KxClientLimits *limits)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_limit);
    gint64 now = seconds_now();
    GHashTableIter iter;
    gpointer name, value;
    kx_mutex_lock(&limits->lock);
    g_hash_table_iter_init(&iter, limits->clients);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        Client *client = value;
        settle_unknown(client, now);
        KxClientLimit *limit = g_new(KxClientLimit, 1);
        *limit = (KxClientLimit){g_strdup(name), client->connections, messages_of(client, now),
                                 client->unknown, (guint)MAX(client->blocked_until - now, 0)};
        g_ptr_array_add(list, limit);
    }
    kx_mutex_unlock(&limits->lock);
    g_ptr_array_sort(list, compare);
    return list;
}

static gboolean forgive(Client *client)
{
    guint connections = client->connections, checks = client->checks;
    gint64 now = seconds_now();
    client->connections = client->checks = 0;
    gboolean was_idle = is_idle(NULL, client, &now);
    *client =
        (Client){.connections = connections, .checks = checks, .minute = (guint64)now / MINUTES};
    return !was_idle;
}

guint kx_client_limits_forgive(KxClientLimits *limits, const char *who)
{
    guint n = 0;
    GHashTableIter iter;
    gpointer value;
    kx_mutex_lock(&limits->lock);
    Client *one = who != NULL ? find(limits, who) : NULL;
    if (one != NULL)
        n = forgive(one) ? 1 : 0;
    g_hash_table_iter_init(&iter, limits->clients);
    while (who == NULL && g_hash_table_iter_next(&iter, NULL, &value))
        n += forgive(value) ? 1 : 0;
    kx_mutex_unlock(&limits->lock);
    return n;
}
