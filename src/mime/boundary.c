/* SPDX-License-Identifier: Apache-2.0 */
/* See boundary-private.h. */
#include "mime/boundary-private.h"

/* FNV-1a: the hash of every prefix of a line comes in one pass. */
#define HASH_START G_GUINT64_CONSTANT(0xcbf29ce484222325)
#define HASH_PRIME G_GUINT64_CONSTANT(0x100000001b3)

static guint64 hash_add(guint64 hash, char c)
{
    return (hash ^ (guchar)c) * HASH_PRIME;
}

static unsigned bucket_of(guint64 hash)
{
    return (unsigned)(hash >> 32) % KX_BOUNDARY_BUCKETS;
}

void kx_boundary_set_init(KxBoundarySet *set)
{
    set->n = 0;
    set->max_len = 0;
    memset(set->n_of_len, 0, sizeof(set->n_of_len));
    for (unsigned i = 0; i < KX_BOUNDARY_BUCKETS; i++)
        set->buckets[i] = -1;
}

void kx_boundary_push(KxBoundarySet *set, const char *text, size_t len, KxMimePart *part)
{
    guint64 hash = HASH_START;
    for (size_t i = 0; i < len; i++)
        hash = hash_add(hash, text[i]);
    int *bucket = &set->buckets[bucket_of(hash)];
    set->items[set->n] = (KxBoundary){text, len, hash, part, *bucket};
    *bucket = (int)set->n++;
    set->n_of_len[len]++;
    set->max_len = MAX(set->max_len, len);
}

void kx_boundary_truncate(KxBoundarySet *set, unsigned n)
{
    while (set->n > n) {
        const KxBoundary *item = &set->items[--set->n];
        set->buckets[bucket_of(item->hash)] = item->next;
        set->n_of_len[item->len]--;
    }
    set->max_len = 0;
    for (unsigned i = 0; i < set->n; i++)
        set->max_len = MAX(set->max_len, set->items[i].len);
}

static int probe(const KxBoundarySet *set, guint64 hash, const char *text, size_t len)
{
    for (int i = set->buckets[bucket_of(hash)]; i >= 0; i = set->items[i].next) {
        const KxBoundary *item = &set->items[i];
        if (item->hash == hash && item->len == len && memcmp(item->text, text, len) == 0)
            return i;
    }
    return -1;
}

int kx_boundary_match(const KxBoundarySet *set, const char *line, size_t len)
{
    const char *text = line + 2;
    size_t max = MIN(len - 2, set->max_len);
    guint64 hash = HASH_START;
    int best = -1;
    for (size_t i = 1; i <= max; i++) {
        hash = hash_add(hash, text[i - 1]);
        int found = set->n_of_len[i] > 0 ? probe(set, hash, text, i) : -1;
        best = found >= 0 ? found : best;
    }
    return best;
}
