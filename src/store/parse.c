/* SPDX-License-Identifier: Apache-2.0 */
/* What the index keeps of a content: computed once, when it comes in. */
#include "mime/imap-envelope.h"
#include "mime/part.h"
#include "mime/preview.h"
#include "store/store-private.h"

void kx_item_parse(const char *data, size_t len, KxItemFacts *ret_facts)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    g_auto(KxSummary) summary = {0};
    GString *envelope = g_string_sized_new(512);
    GString *structure = g_string_sized_new(256);
    KxItemCache *cache = &ret_facts->cache;
    kx_imap_append_envelope(envelope, data, len);
    kx_imap_append_bodystructure(structure, message);
    cache->envelope_len = envelope->len;
    cache->structure_len = structure->len;
    cache->envelope = g_string_free(envelope, FALSE);
    cache->structure = g_string_free(structure, FALSE);
    kx_summary_of(data, len, &summary);
    ret_facts->summary = kx_summary_pack(&summary);
    ret_facts->preview = kx_mime_preview(message);
}

void kx_item_facts_clear(KxItemFacts *facts)
{
    kx_item_cache_clear(&facts->cache);
    g_clear_pointer(&facts->summary, g_bytes_unref);
    g_clear_pointer(&facts->preview, g_free);
}

void kx_item_cache_clear(KxItemCache *cache)
{
    g_free(cache->envelope);
    g_free(cache->structure);
    *cache = (KxItemCache){0};
}
