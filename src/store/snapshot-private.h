/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot is what the items of a large folder are, in a file of its own (#items), written when
 * the folder leaves memory. In the index the items lie among all that arrived with them, so that
 * opening the folder would read pages from all over the disk; the snapshot is read in one go, and
 * only what has arrived since comes from the index.
 *
 * The index is what counts. A snapshot holds as long as no item in it was changed or removed
 * (KxFolderMeta.changed_modseq); what is damaged, of another index or too old is removed and the
 * items are read from the index. So it is never synced. Private to src/store; write lock held.
 */
#pragma once

#include "store/store-private.h"

enum { KX_SNAPSHOT_MIN = 1000 }; /* items of a folder that gets one */

typedef struct {
    KxEntry *entries;
    guint n, room;
} KxItemScan;

/* All of them from the index; items.c. */
gboolean kx_items_scan(KxFolder *folder, KxItemScan *scan, GError **error);

/* Reads the entries of a snapshot that holds; its keywords are in the folder's table. Returns the
 * first UID that is not covered, 0 if there is none. */
guint32 kx_snapshot_read(KxFolder *folder, KxItemScan *scan);

/* Writes the items in memory, if they are many and the file does not have them yet. */
void kx_snapshot_write(KxFolder *folder);
void kx_snapshot_write_all(KxAccount *account);
