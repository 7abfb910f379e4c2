/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/auth-cache.h"

#include <pthread.h>
#include <sodium.h>

#include "directory/credentials.h"

typedef struct {
    KxAuthKey key;
    gint64 until;
} Entry;

struct KxAuthGate {
    guint8 secret[crypto_generichash_KEYBYTES];
    char *dummy;

    pthread_mutex_t lock;
    pthread_cond_t free_place; /* waits by the monotonic clock */
    guint places;
    GHashTable *entries; /* Entry, keyed by itself */
    GQueue order;        /* of the same entries, oldest first */
};

static guint hash_entry(gconstpointer data)
{
    guint hash;
    memcpy(&hash, data, sizeof hash); /* the key is a hash already */
    return hash;
}

static gboolean equal_entries(gconstpointer a, gconstpointer b)
{
    return sodium_memcmp(a, b, sizeof(KxAuthKey)) == 0;
}

static void init_locks(KxAuthGate *gate)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->free_place, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&gate->lock, NULL);
}

KxAuthGate *kx_auth_gate_new(guint places, GError **error)
{
    char random[33];
    guint8 raw[16];
    randombytes_buf(raw, sizeof raw);
    sodium_bin2hex(random, sizeof random, raw, sizeof raw);
    char *dummy = kx_verifier_new(random, error);
    if (dummy == NULL)
        return NULL;
    KxAuthGate *gate = g_new0(KxAuthGate, 1);
    randombytes_buf(gate->secret, sizeof gate->secret);
    gate->dummy = dummy;
    gate->places = places;
    init_locks(gate);
    gate->entries = g_hash_table_new_full(hash_entry, equal_entries, g_free, NULL);
    g_queue_init(&gate->order);
    return gate;
}

void kx_auth_gate_free(KxAuthGate *gate)
{
    if (gate == NULL)
        return;
    g_queue_clear(&gate->order);
    g_hash_table_unref(gate->entries);
    pthread_cond_destroy(&gate->free_place);
    pthread_mutex_destroy(&gate->lock);
    g_free(gate->dummy);
    sodium_memzero(gate->secret, sizeof gate->secret);
    g_free(gate);
}

const char *kx_auth_gate_dummy(const KxAuthGate *gate)
{
    return gate->dummy;
}

void kx_auth_gate_key(const KxAuthGate *gate, gint64 user, guint generation, const char *password,
                      KxAuthKey *ret_key)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, gate->secret, sizeof gate->secret, sizeof ret_key->bytes);
    crypto_generichash_update(&state, (const guint8 *)&user, sizeof user);
    crypto_generichash_update(&state, (const guint8 *)&generation, sizeof generation);
    crypto_generichash_update(&state, (const guint8 *)password, strlen(password));
    crypto_generichash_final(&state, ret_key->bytes, sizeof ret_key->bytes);
    sodium_memzero(&state, sizeof state);
}

gboolean kx_auth_gate_knows(KxAuthGate *gate, const KxAuthKey *key, gint64 now)
{
    pthread_mutex_lock(&gate->lock);
    const Entry *entry = g_hash_table_lookup(gate->entries, key);
    gboolean known = entry != NULL && now < entry->until;
    pthread_mutex_unlock(&gate->lock);
    return known;
}

/* Makes room and forgets what is too old. */
static void drop_old(KxAuthGate *gate, gint64 now)
{
    const Entry *oldest;
    while ((oldest = g_queue_peek_head(&gate->order)) != NULL &&
           (oldest->until <= now || gate->order.length >= KX_AUTH_CACHE_MAX))
        g_hash_table_remove(gate->entries, g_queue_pop_head(&gate->order));
}

void kx_auth_gate_remember(KxAuthGate *gate, const KxAuthKey *key, gint64 now, guint seconds)
{
    pthread_mutex_lock(&gate->lock);
    drop_old(gate, now);
    Entry *entry = g_hash_table_lookup(gate->entries, key);
    if (entry == NULL) {
        entry = g_new(Entry, 1);
        entry->key = *key;
        g_hash_table_add(gate->entries, entry);
        g_queue_push_tail(&gate->order, entry);
    }
    entry->until = now + (gint64)seconds * G_USEC_PER_SEC;
    pthread_mutex_unlock(&gate->lock);
}

gboolean kx_auth_gate_enter(KxAuthGate *gate, gint64 until)
{
    const struct timespec deadline = {until / G_USEC_PER_SEC, until % G_USEC_PER_SEC * 1000};
    int rc = 0;
    pthread_mutex_lock(&gate->lock);
    while (gate->places == 0 && rc == 0)
        rc = pthread_cond_timedwait(&gate->free_place, &gate->lock, &deadline);
    gboolean entered = gate->places > 0;
    if (entered)
        gate->places--;
    pthread_mutex_unlock(&gate->lock);
    return entered;
}

void kx_auth_gate_leave(KxAuthGate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->places++;
    pthread_cond_signal(&gate->free_place);
    pthread_mutex_unlock(&gate->lock);
}
