/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of tags, "v=1; a=rsa-sha256": RFC 6376 section 3.2. Used by DKIM signatures and keys, ARC
 * and DMARC. Takes arbitrary bytes; pure and thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxTags KxTags;

/* NULL: it is no such list, or has a tag twice. */
KxTags *kx_tags_parse(const char *text, size_t len);
void kx_tags_free(KxTags *tags);

/* Without the white space around it; NULL: there is none. Names are case-sensitive. */
const char *kx_tags_get(const KxTags *tags, const char *name);
/* Without any white space; the caller's. NULL: there is none. */
char *kx_tags_bare(const KxTags *tags, const char *name);
/* Whether one of the values, separated by colons, is that one; ASCII case ignored. */
gboolean kx_tags_lists(const KxTags *tags, const char *name, const char *value);
/* Decodes base64. NULL: the tag is not there, or is none. */
guchar *kx_tags_bytes(const KxTags *tags, const char *name, gsize *ret_len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxTags, kx_tags_free)
