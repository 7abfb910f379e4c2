/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section of a FETCH item, BODY[<section>] (RFC 3501 and RFC 9051 section 6.4.5.1): parsing its
 * name and finding its bytes. Thread-safe.
 */
#pragma once

#include <glib.h>
#include "mime/part.h"

#define KX_SECTION_MAX_PATH 128

typedef enum {
    KX_SECTION_ALL, /* "" or a part number alone */
    KX_SECTION_HEADER,
    KX_SECTION_HEADER_FIELDS,
    KX_SECTION_HEADER_FIELDS_NOT,
    KX_SECTION_TEXT,
    KX_SECTION_MIME, /* only with a part number */
} KxSectionKind;

typedef struct KxSection {
    KxSectionKind kind;
    unsigned n_path;
    unsigned path[KX_SECTION_MAX_PATH];
} KxSection;

/* Reads the text between the brackets up to its field list: "", "1.2", "2.HEADER.FIELDS", "TEXT"
 * ... FALSE if the grammar does not allow it; the caller reads the list itself (it may hold
 * literals). */
gboolean kx_section_parse(const char *text, size_t len, KxSection *ret_section);

typedef struct KxSectionBytes {
    size_t offset; /* into the message, if owned is NULL */
    size_t len;
    GBytes *owned; /* a header subset, else NULL */
} KxSectionBytes;

/* Finds the bytes. `fields` (n_fields names) is for the two FIELDS kinds. FALSE if the message has
 * no such part, or the part is no message where HEADER and TEXT need one: the answer is then NIL.
 */
gboolean kx_section_get(const KxMimeMessage *message, const KxSection *section,
                        const char *const *fields, unsigned n_fields, KxSectionBytes *ret_bytes);
void kx_section_bytes_clear(KxSectionBytes *bytes);

/* Appends the fields of `header` named in `fields` (or not named there, if `invert`) byte for byte,
 * then an empty line if the header ends in one. */
void kx_section_append_fields(GString *out, const char *header, size_t len,
                              const char *const *fields, unsigned n_fields, gboolean invert);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSectionBytes, kx_section_bytes_clear)
