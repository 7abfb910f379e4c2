/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items: content from its file; envelope, body structure and what else is made of the
 * content once from the index.
 */
#pragma once

#include "store/summary.h"
#include "store/view.h"

/* The content of an item, mapped or read; immutable. KX_ERR_NOT_FOUND if the file has vanished (a
 * scanner or an administrator may remove files: TECH-07). Free with g_bytes_unref. */
GBytes *kx_item_content(KxFolder *folder, guint32 uid, GError **error);

/* At most `max` UIDs from `from` on, ascending, as they are in the index now: guint32. Does not
 * bring the folder into memory. */
GArray *kx_folder_uids(KxFolder *folder, guint32 from, guint max, GError **error);

/* Cached IMAP text of an item (RFC 9051 sections 7.5.2): ENVELOPE and extended BODYSTRUCTURE,
 * without the name. */
typedef struct {
    char *envelope;
    size_t envelope_len;
    char *structure;
    size_t structure_len;
} KxItemCache;
void kx_item_cache_clear(KxItemCache *cache);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxItemCache, kx_item_cache_clear)

/* Fills n caches for n ascending UIDs, reading the index once; an entry whose item is gone stays
 * zeroed. Items without a cache row (rebuilt index) are parsed and their row is written. */
gboolean kx_folder_read_cache(KxFolder *folder, const guint32 *uids, guint n, KxItemCache *caches,
                              GError **error);

/* Previews (RFC 8970), likewise; to be freed with g_free. With `lazy` only those that are there:
 * the others are NULL. */
gboolean kx_folder_read_previews(KxFolder *folder, const guint32 *uids, guint n, gboolean lazy,
                                 char **previews, GError **error);

/* EMAILID and THREADID (RFC 8474), likewise. */
typedef struct {
    gboolean known; /* FALSE: the item is gone */
    KxObjectId email_id, thread_id;
} KxItemIds;
gboolean kx_folder_read_ids(KxFolder *folder, const guint32 *uids, guint n, KxItemIds *ids,
                            GError **error);
