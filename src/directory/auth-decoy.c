/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/auth-decoy.h"

#include "directory/directory-private.h"
#include "directory/names.h"

struct KxAuthDecoys {
    pthread_mutex_t lock;
    GPtrArray *stored;        /* texts, evenly out of all imported passwords */
    guint accounts, imported; /* that have a password; of these */
    guint seen;               /* of these, while collecting */
    gint64 until;             /* monotonic; then it is collected again */
};

KxAuthDecoys *kx_auth_decoys_new(void)
{
    KxAuthDecoys *decoys = g_new0(KxAuthDecoys, 1);
    pthread_mutex_init(&decoys->lock, NULL);
    decoys->stored = g_ptr_array_new_with_free_func(g_free);
    return decoys;
}

void kx_auth_decoys_free(KxAuthDecoys *decoys)
{
    if (decoys == NULL)
        return;
    g_ptr_array_unref(decoys->stored);
    pthread_mutex_destroy(&decoys->lock);
    g_free(decoys);
}

/* ---- collecting ---- */

typedef void (*Take)(KxAuthDecoys *decoys, const char *verifier);

static void for_each_verifier(KxDirectory *directory, KxAuthDecoys *decoys, Take take)
{
    GHashTableIter domains, users;
    gpointer domain, user;
    g_hash_table_iter_init(&domains, directory->domains);
    while (g_hash_table_iter_next(&domains, NULL, &domain)) {
        g_hash_table_iter_init(&users, ((KxDomainEntry *)domain)->users);
        while (g_hash_table_iter_next(&users, NULL, &user))
            if (((KxUserEntry *)user)->verifier != NULL)
                take(decoys, ((KxUserEntry *)user)->verifier);
    }
}

static void count(KxAuthDecoys *decoys, const char *verifier)
{
    decoys->accounts++;
    decoys->imported += *verifier == '{';
}

/* Each n-th of the imported ones, so that there are at most KX_AUTH_DECOYS_MAX. */
static void take_some(KxAuthDecoys *decoys, const char *verifier)
{
    guint step = decoys->imported / KX_AUTH_DECOYS_MAX + 1;
    if (*verifier == '{' && decoys->seen++ % step == 0)
        g_ptr_array_add(decoys->stored, g_strdup(verifier));
}

static void collect(KxDirectory *directory, KxAuthDecoys *decoys)
{
    g_ptr_array_set_size(decoys->stored, 0);
    decoys->accounts = decoys->imported = decoys->seen = 0;
    kx_rw_lock_read(&directory->lock);
    for_each_verifier(directory, decoys, count);
    if (decoys->imported > 0)
        for_each_verifier(directory, decoys, take_some);
    kx_rw_lock_unlock(&directory->lock);
}

/* ---- choosing ---- */

char *kx_auth_decoy(KxDirectory *directory, const char *login)
{
    KxAuthDecoys *decoys = directory->decoys;
    g_autofree char *folded = kx_name_fold(login);
    KxAuthKey key;
    guint32 choice[2];
    char *decoy = NULL;
    kx_auth_gate_key(directory->gate, 0, 0, folded != NULL ? folded : login, &key);
    memcpy(choice, key.bytes, sizeof choice);
    pthread_mutex_lock(&decoys->lock);
    gint64 now = g_get_monotonic_time();
    if (now >= decoys->until) {
        collect(directory, decoys);
        decoys->until = now + (gint64)KX_AUTH_DECOY_SECONDS * G_USEC_PER_SEC;
    }
    if (decoys->stored->len > 0 && choice[0] % decoys->accounts < decoys->imported)
        decoy = g_strdup(decoys->stored->pdata[choice[1] % decoys->stored->len]);
    pthread_mutex_unlock(&decoys->lock);
    return decoy;
}
