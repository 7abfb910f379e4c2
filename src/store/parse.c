/* SPDX-License-Identifier: Apache-2.0 */
/* What the index keeps of a content: computed once, when it comes in. */
#include "mime/imap-envelope.h"
#include "mime/part.h"
#include "store/store-private.h"

void kx_item_parse(const char *data, size_t len, KxItemCache *ret_cache)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    GString *envelope = g_string_sized_new(512);
    GString *structure = g_string_sized_new(256);
    kx_imap_append_envelope(envelope, data, len);
    kx_imap_append_bodystructure(structure, message);
    ret_cache->envelope_len = envelope->len;
    ret_cache->structure_len = structure->len;
    ret_cache->envelope = g_string_free(envelope, FALSE);
    ret_cache->structure = g_string_free(structure, FALSE);
}

void kx_item_cache_clear(KxItemCache *cache)
{
    g_free(cache->envelope);
    g_free(cache->structure);
    *cache = (KxItemCache){0};
}
