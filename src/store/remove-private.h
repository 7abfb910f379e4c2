/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps by which items leave a folder, for expunge and move. `entries` is an array of KxEntry,
 * ascending by UID; the write lock is held. Private to src/store.
 */
#pragma once

#include "store/store-private.h"

/* What the Operations log says of an item. */
typedef struct {
    char *from_name;
    char *from_address;
    char *subject;
    gint64 delivered;
    guint64 size;
} KxOpItem;

void kx_op_item_free(gpointer item);

/* Puts into `items` what is to be logged when the change is durable. */
gboolean kx_remove_prepare(KxFolder *folder, GArray *entries, GPtrArray *items, GError **error);
gboolean kx_remove_rows(KxTxn *txn, KxFolder *folder, GArray *entries, guint64 modseq,
                        GError **error);
void kx_remove_publish(KxFolder *folder, GArray *entries, guint64 modseq); /* state lock held */
void kx_remove_files(KxFolder *folder, GArray *entries, guint64 modseq);   /* after the commit */
GArray *kx_entry_uids(GArray *entries);

/* All of it: those of the UIDs that exist leave the folder, logged as moved to `target`
 * (kx_path_for_log(); NULL: removed). Takes the lock itself. */
gboolean kx_folder_remove(KxFolder *folder, const guint32 *uids, guint n, const char *target,
                          const KxActor *actor, GError **error);

/* The Operations log (LOG-52 to 57): what is to be said is collected before the rows are gone, and
 * logged when the change is durable. */
gboolean kx_oplog_collect(KxFolder *folder, GArray *entries, GPtrArray *items, GError **error);
void kx_oplog_items(KxFolder *folder, const KxActor *actor, const char *target, GPtrArray *items);
