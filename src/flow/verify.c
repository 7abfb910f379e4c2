/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/verify.h"

#include "base/lock.h"
#include "directory/hop.h"

enum {
    ANSWERS_MAX = 20000, /* kept */
    ASKING_MAX = 4,      /* at the same time: those who ask are workers that others need */
    WAIT = 10,           /* seconds for one answer */
    DOWN = 60,           /* seconds that a host which did not answer is left alone */
};

typedef struct {
    char *key;
    KxVerifyResult result;
    gint64 until; /* monotonic microseconds */
    GList *place; /* in `order` */
} Answer;

struct KxVerifier {
    KxDirectory *directory;
    KxAsks *asks;
    KxLogger *logger;
    KxMutex lock;        /* of what follows */
    GHashTable *answers; /* key -> Answer */
    GQueue order;        /* Answer, oldest first */
    GHashTable *asking;  /* set of keys */
    GHashTable *down;    /* host and port -> gint64: until when */
};

static void answer_free(gpointer data)
{
    Answer *answer = data;
    g_free(answer->key);
    g_free(answer);
}

KxVerifier *kx_verify_new(KxDirectory *directory, KxAsks *asks, KxLogger *logger)
{
    KxVerifier *verifier = g_new0(KxVerifier, 1);
    verifier->directory = directory;
    verifier->asks = asks;
    verifier->logger = logger;
    kx_mutex_init(&verifier->lock);
    verifier->answers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, answer_free);
    g_queue_init(&verifier->order);
    verifier->asking = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    verifier->down = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return verifier;
}

void kx_verify_free(KxVerifier *verifier)
{
    if (!verifier)
        return;
    g_hash_table_unref(verifier->down);
    g_hash_table_unref(verifier->asking);
    g_queue_clear(&verifier->order);
    g_hash_table_unref(verifier->answers);
    kx_mutex_clear(&verifier->lock);
    g_free(verifier);
}

/* ---- what is known; with the lock held ---- */

static void forget(KxVerifier *verifier, Answer *answer)
{
    g_queue_delete_link(&verifier->order, answer->place);
    g_hash_table_remove(verifier->answers, answer->key);
}

static gboolean find_answer(KxVerifier *verifier, const char *key, gint64 now,
                            KxVerifyResult *ret_result)
{
    Answer *answer = g_hash_table_lookup(verifier->answers, key);
    if (answer && answer->until <= now) {
        forget(verifier, answer);
        answer = NULL;
    }
    if (answer)
        *ret_result = answer->result;
    return answer != NULL;
}

static void keep_answer(KxVerifier *verifier, const char *key, KxVerifyResult result, gint64 now)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(verifier->directory);
    gint64 seconds = kx_settings_int(settings, result == KX_VERIFY_GOOD ? KX_SET_VERIFY_KEEP_GOOD
                                                                        : KX_SET_VERIFY_KEEP_BAD);
    Answer *answer = g_new(Answer, 1);
    *answer = (Answer){g_strdup(key), result, now + seconds * G_USEC_PER_SEC, NULL};
    Answer *old = g_hash_table_lookup(verifier->answers, key);
    if (old)
        forget(verifier, old);
    if (verifier->order.length >= ANSWERS_MAX)
        forget(verifier, verifier->order.head->data);
    g_queue_push_tail(&verifier->order, answer);
    answer->place = verifier->order.tail;
    g_hash_table_insert(verifier->answers, answer->key, answer);
}

static gboolean is_down(KxVerifier *verifier, const char *host, gint64 now)
{
    const gint64 *until = g_hash_table_lookup(verifier->down, host);
    if (until && *until <= now) {
        g_hash_table_remove(verifier->down, host);
        until = NULL;
    }
    return until != NULL;
}

/* ---- asking ---- */

static KxVerifyResult judge(guint code)
{
    return code / 100 == 2 ? KX_VERIFY_GOOD : code / 100 == 5 ? KX_VERIFY_BAD : KX_VERIFY_UNKNOWN;
}

static KxVerifyResult ask_host(KxVerifier *verifier, const KxHop *hop, const char *address,
                               gboolean *ret_reached)
{
    KxAskName name = {.name = address};
    g_auto(KxAsk) ask = {.kind = KX_MAIL_VERIFY,
                         .host = hop->host,
                         .port = hop->port,
                         .tls = hop->tls,
                         .seconds = WAIT,
                         .names = &name,
                         .n_names = 1};
    *ret_reached = kx_asks_run(verifier->asks, &ask);
    kx_debug(verifier->logger, KX_DEBUG_QUEUE, "%s about <%s>: %s", hop->host, address,
             name.text ? name.text : ask.text);
    return judge(name.code);
}

static KxVerifyResult ask(KxVerifier *verifier, const KxHop *hop, const char *address,
                          const char *key, const char *host)
{
    gboolean reached = FALSE;
    kx_mutex_unlock(&verifier->lock);
    KxVerifyResult result = ask_host(verifier, hop, address, &reached);
    gint64 now = g_get_monotonic_time();
    kx_mutex_lock(&verifier->lock);
    g_hash_table_remove(verifier->asking, key);
    if (result != KX_VERIFY_UNKNOWN) {
        keep_answer(verifier, key, result, now);
    } else if (!reached) {
        gint64 *until = g_new(gint64, 1);
        *until = now + DOWN * G_USEC_PER_SEC;
        g_hash_table_replace(verifier->down, g_strdup(host), until);
    }
    return result;
}

/* With the lock held. */
static KxVerifyResult find(KxVerifier *verifier, const KxHop *hop, const char *address)
{
    gint64 now = g_get_monotonic_time();
    g_autofree char *host = g_strdup_printf("%s:%u", hop->host, hop->port);
    g_autofree char *key = g_strdup_printf("%s %s", host, address);
    KxVerifyResult result;
    if (find_answer(verifier, key, now, &result))
        return result;
    if (is_down(verifier, host, now))
        return KX_VERIFY_UNKNOWN;
    if (g_hash_table_contains(verifier->asking, key) ||
        g_hash_table_size(verifier->asking) >= ASKING_MAX)
        return KX_VERIFY_BUSY;
    g_hash_table_add(verifier->asking, g_strdup(key));
    return ask(verifier, hop, address, key, host);
}

KxVerifyResult kx_verify_address(KxVerifier *verifier, const char *address)
{
    g_auto(KxHop) hop = {0};
    kx_hop_find(verifier->directory, "", address, &hop);
    if (!hop.verify || hop.mode == KX_FORWARD_SCHEDULE || !kx_hop_online(verifier->directory))
        return KX_VERIFY_UNKNOWN;
    kx_mutex_lock(&verifier->lock);
    KxVerifyResult result = find(verifier, &hop, address);
    kx_mutex_unlock(&verifier->lock);
    return result;
}
