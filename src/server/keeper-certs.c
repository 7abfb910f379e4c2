/* SPDX-License-Identifier: Apache-2.0 */
/* Reads certificates and keys from the data directory and hands them to the edges, which parse
 * them. */
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "server/keeper-private.h"

enum { CHAIN_MAX = 65536, KEY_MAX = 16384, OCSP_MAX = 8192, CERTIFICATES_MAX = 1000 };

typedef struct {
    char *name;
    char *chain, *key;
    size_t chain_len, key_len;
    char *ocsp; /* or NULL */
    size_t ocsp_len;
} Pair;

static void pair_free(gpointer data)
{
    Pair *pair = data;
    g_free(pair->name);
    g_free(pair->chain);
    g_free(pair->ocsp);
    if (pair->key)
        explicit_bzero(pair->key, pair->key_len);
    g_free(pair->key);
    g_free(pair);
}

/* Intermediates that an administrator put into sslca/ follow every certificate (CERT-16). */
static char *read_intermediates(void)
{
    GString *all = g_string_new(NULL);
    GDir *dir = g_dir_open(KX_PATH_CA, 0, NULL);
    const char *entry;
    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(KX_PATH_CA, entry, NULL);
        g_autofree char *text = NULL;
        if (kx_read_file(path, CHAIN_MAX, &text, NULL, NULL))
            g_string_append_printf(all, "%s\n", text);
    }
    if (dir)
        g_dir_close(dir);
    return g_string_free(all, FALSE);
}

static Pair *read_pair(const char *name, const char *intermediates)
{
    g_autofree char *cert_path = g_strdup_printf("%s/%s.crt", KX_PATH_CERTIFICATES, name);
    g_autofree char *key_path = g_strdup_printf("%s/%s.key", KX_PATH_CERTIFICATES, name);
    g_autofree char *chain = NULL, *key = NULL;
    size_t key_len;
    if (!kx_read_file(cert_path, CHAIN_MAX, &chain, NULL, NULL) ||
        !kx_read_file(key_path, KEY_MAX, &key, &key_len, NULL))
        return NULL;
    Pair *pair = g_new0(Pair, 1);
    pair->name = g_strdup(name);
    pair->chain = g_strdup_printf("%s\n%s", chain, intermediates);
    pair->chain_len = strlen(pair->chain);
    pair->key = g_steal_pointer(&key);
    pair->key_len = key_len;
    g_autofree char *ocsp_path = g_strdup_printf("%s/%s.ocsp", KX_PATH_CERTIFICATES, name);
    kx_read_file(ocsp_path, OCSP_MAX, &pair->ocsp, &pair->ocsp_len, NULL);
    if (pair->chain_len > CHAIN_MAX) {
        g_printerr("keryx: certificate %s with its chain is too large and is left out\n", name);
        pair_free(pair);
        return NULL;
    }
    return pair;
}

static GPtrArray *read_all(void)
{
    GPtrArray *pairs = g_ptr_array_new_with_free_func(pair_free);
    g_autofree char *intermediates = read_intermediates();
    GDir *dir = g_dir_open(KX_PATH_CERTIFICATES, 0, NULL);
    const char *entry;
    while (dir && (entry = g_dir_read_name(dir)) && pairs->len < CERTIFICATES_MAX) {
        if (!g_str_has_suffix(entry, ".crt"))
            continue;
        g_autofree char *name = g_strndup(entry, strlen(entry) - 4);
        Pair *pair = read_pair(name, intermediates);
        if (pair)
            g_ptr_array_add(pairs, pair);
    }
    if (dir)
        g_dir_close(dir);
    return pairs;
}

static void send_pairs(KxLink *edge, GPtrArray *pairs, const char *active)
{
    for (guint i = 0; i < pairs->len; i++) {
        Pair *pair = pairs->pdata[i];
        KxMsgCertificate message = {
            .first = i == 0,
            .last = i == pairs->len - 1,
            .active = active && g_str_equal(active, pair->name),
            .name = pair->name,
            .chain = {pair->chain, pair->chain_len},
            .key = {pair->key, pair->key_len},
            .ocsp = {pair->ocsp ? pair->ocsp : "", pair->ocsp_len},
        };
        kx_link_send(edge, KX_MSG_CERTIFICATE, 0, &message, -1);
    }
}

void kx_keeper_send_certificates(KxKeeper *keeper, KxLink *edge)
{
    g_autoptr(GPtrArray) pairs = read_all();
    g_autofree char *active = NULL;
    if (kx_read_file(KX_PATH_ACTIVE, 300, &active, NULL, NULL))
        g_strstrip(active);
    if (edge) {
        send_pairs(edge, pairs, active);
        return;
    }
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role == KX_ROLE_EDGE && child->state == KX_STATE_RUNNING && child->link)
            send_pairs(child->link, pairs, active);
    }
}
