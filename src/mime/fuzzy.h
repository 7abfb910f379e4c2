/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzy matching of texts (RFC 6203): every word of what is sought occurs somewhere, in any order,
 * without regard to case, accents and the like. How well it fits is a score: whole words count more
 * than the beginnings of words, these more than what is inside of words; words that follow each
 * other as they were sought count most.
 *
 * A KxFuzzy is read-only once made and may be used by several threads; a KxFuzzyScan belongs to
 * one.
 */
#pragma once

#include "mime/fold.h"

enum { KX_FUZZY_WORDS = 32 }; /* further ones are not looked at */

typedef struct KxFuzzy KxFuzzy;

KxFuzzy *kx_fuzzy_new(const char *text, size_t len);
void kx_fuzzy_free(KxFuzzy *fuzzy);
/* Texts that are all contained in what matches; borrowed, NULL-terminated. */
const char *const *kx_fuzzy_words(const KxFuzzy *fuzzy, guint *ret_n);

typedef struct {
    const KxFuzzy *fuzzy;
    GString *text; /* loosely folded, of the unit in progress */
    guint8 best[KX_FUZZY_WORDS];
    gboolean phrase;
} KxFuzzyScan;

void kx_fuzzy_scan_init(KxFuzzyScan *scan, const KxFuzzy *fuzzy);
gboolean kx_fuzzy_take(gpointer scan, const char *folded, size_t len,
                       gboolean end); /* a KxTextTake */
/* 1 to 100, or 0 if it does not match. Ends the scan. */
guint kx_fuzzy_scan_end(KxFuzzyScan *scan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFuzzy, kx_fuzzy_free)
