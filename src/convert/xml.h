/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of one XML document that comes in pieces, by a table of its elements. A document type
 * declaration is refused before anything in it is read: so there are no entities to unfold and
 * nothing outside to fetch. Names are without their namespace prefix. Not thread-safe.
 */
#pragma once

#include "convert/out.h"

/* Lists of names with a space before and after each: " p h ". */
typedef struct KxXmlRules {
    const char *text;   /* elements whose own text counts; NULL: all */
    const char *skip;   /* elements of which nothing counts; NULL: none */
    const char *lines;  /* elements that end a line */
    const char *spaces; /* elements that end a word; NULL: none */
} KxXmlRules;

typedef struct KxXmlText KxXmlText;

KxXmlText *kx_xml_text_new(const KxXmlRules *rules, KxTextOut *out);
/* `last` with the last piece. FALSE: KX_ERR_CORRUPT. */
gboolean kx_xml_text_feed(KxXmlText *xml, const char *data, size_t len, gboolean last,
                          GError **error);
void kx_xml_text_free(KxXmlText *xml);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxXmlText, kx_xml_text_free)
