/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redo log: the table `redo` of an account's index. A small message is durable as soon as the
 * index is committed, because its content is in that commit too, and the commit is one sync. Its
 * file is written without waiting. When some have gathered, and before anything builds on the
 * files, they are made durable together and the rows go. After an unclean end the files are written
 * again from the rows. The rows are always those of items in the index: they leave with them.
 *
 * All of it with the write lock held. Private to src/store.
 */
#pragma once

#include "store/incoming-private.h"

enum {
    KX_REDO_BATCH = 64 * 1024, /* bytes of one commit; beyond that files are synced as before */
};

/* The file of a message waits for kx_redo_settle(). */
gboolean kx_redo_add(KxTxn *txn, const KxFolder *folder, guint32 uid, const KxIncoming *incoming,
                     GError **error);
/* That commit is done. */
void kx_redo_note(KxAccount *account, const KxFolder *folder, guint32 uid, guint64 size);
/* Items leave the index. */
gboolean kx_redo_forget(KxTxn *txn, const KxFolder *folder, GArray *entries, GError **error);

/* Makes all files durable that wait for it. Not within a transaction. Before hard links are made
 * to them, and before the index is closed. */
gboolean kx_redo_settle(KxAccount *account, GError **error);
gboolean kx_redo_settle_many(KxAccount *account, GError **error); /* only if they are many */
/* The same of the files alone, when the index is given up. */
gboolean kx_redo_sync(KxAccount *account, GError **error);

/* Are there rows although nothing waits in memory? Then the last end was unclean. */
gboolean kx_redo_is_left(KxAccount *account);
/* Writes the files of all rows of the index again. `dirs`: id of a folder to its directory; those
 * that are not in it are passed over. */
gboolean kx_redo_restore(KxStore *store, KxDb *db, GHashTable *dirs, GError **error);
gboolean kx_redo_drop(KxDb *db, GError **error); /* all rows */
/* After an unclean end: restores all files and removes the rows. */
gboolean kx_redo_replay(KxAccount *account, GError **error);
