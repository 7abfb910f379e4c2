/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grams: what a text leaves in the index. A gram stands for three characters that follow each other
 * in folded text (mime/fold.h) read loosely; for scripts whose words are a character or two long,
 * also for one and for two. A text that contains another has all its grams, so who has not all of
 * them cannot contain it; who has them may. Two triples may share a gram, which costs a look at the
 * message and nothing else.
 *
 * A collector is for one thread at a time.
 */
#pragma once

#include "mime/fold.h"

typedef enum { KX_GRAMS_HEADER, KX_GRAMS_BODY } KxGramArea;

enum {
    KX_GRAM_BITS = 24,
    KX_GRAM_KEY_BITS = KX_GRAM_BITS + 1, /* with the area above */
    KX_GRAM_ANYTHING = 0, /* of an area: the text is too rich to tell, anything may be in it */
    KX_GRAMS_PER_MESSAGE = 100000,
    KX_GRAMS_PER_NEEDLE = 40,
};

#define KX_GRAM_KEY(area, gram) ((guint32)(area) << KX_GRAM_BITS | (guint32)(gram))

typedef struct KxGrams KxGrams;

KxGrams *kx_grams_new(void);
void kx_grams_free(KxGrams *grams);

/* A new message, and the area of the text that comes. */
void kx_grams_begin(KxGrams *grams);
void kx_grams_area(KxGrams *grams, KxGramArea area);
gboolean kx_grams_take(gpointer grams, const char *folded, size_t len,
                       gboolean end);   /* a KxTextTake */
void kx_grams_anything(KxGrams *grams); /* in both areas */

/* The keys of the message, each once, in no order: guint32; borrowed until the next begin. */
const GArray *kx_grams_keys(KxGrams *grams);

/* Appends the grams of what is sought, each once: nothing if it is too short to tell. */
void kx_grams_of_needle(const char *folded, size_t len, GArray *grams);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxGrams, kx_grams_free)
