/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.db: the statements. A folder's messages are indexed in the order of their UIDs. The newest
 * are kept one by one, each with its keys (grams.h); when there are enough of them they become a
 * block, which keeps for each key the messages that have it. One sort, and rows in ascending order:
 * blocks are written fast and never changed.
 *
 * Errors: KX_ERR_CORRUPT means that the file is useless. Private to src/search.
 */
#pragma once

#include "db/db.h"
#include "search/grams.h"
#include "search/pack.h"

enum {
    KX_BLOCK_KEYS = 4 * 1024 * 1024
}; /* keys of its messages together after which a block ends early */

/* KX_ERR_NOT_FOUND without `create` if there is no file. */
KxDb *kx_search_db_open(const char *path, gboolean create, GError **error);
void kx_search_db_remove(const char *path);

typedef struct {
    guint32 id, uid_validity;
    guint32 next_uid;    /* all below have been indexed */
    guint32 indexed;     /* messages, those expunged since included */
    guint32 recent;      /* of these so many are in no block yet */
    guint64 recent_keys; /* that these have together */
} KxSearchFolder;

/* All zero but the id if the folder is not there. */
gboolean kx_search_read_folder(KxDb *db, guint32 id, KxSearchFolder *ret_folder, GError **error);
gboolean kx_search_write_folder(KxDb *db, const KxSearchFolder *folder, GError **error);
GArray *kx_search_folder_ids(KxDb *db, GError **error); /* guint32 */
gboolean kx_search_drop_folder(KxDb *db, guint32 id, GError **error);

typedef struct {
    guint32 uid;
    GArray *keys; /* guint32, in no order */
} KxSearchDoc;
GArray *kx_search_docs_new(void); /* of KxSearchDoc, which it owns */

/* Documents of one folder, by UID. Recent ones; those there are; all of them, and the recent ones,
 * as a block. */
gboolean kx_search_add_recent(KxDb *db, guint32 folder, const GArray *docs, GError **error);
gboolean kx_search_read_recent(KxDb *db, guint32 folder, GArray *docs, GError **error);
gboolean kx_search_add_block(KxDb *db, guint32 folder, const GArray *docs, GError **error);

/* Shows the keys of one area of each recent message, by UID. FALSE: that cannot be. */
typedef gboolean (*KxSearchLook)(gpointer data, guint32 uid, KxPacked *keys);
gboolean kx_search_each_recent(KxDb *db, guint32 folder, KxGramArea area, KxSearchLook look,
                               gpointer data, GError **error);

typedef struct {
    guint32 id;
    GArray *uids; /* guint32 */
} KxSearchBlock;
GArray *kx_search_read_blocks(KxDb *db, guint32 folder, GError **error); /* of KxSearchBlock */
/* Which of the block's messages have the key. */
gboolean kx_search_read_members(KxDb *db, guint32 block, guint32 key, guint64 bits[KX_BLOCK_WORDS],
                                GError **error);

/* Texts of attachments, kept compressed. */
gboolean kx_search_add_text(KxDb *db, guint32 folder, guint32 uid, const char *text, size_t len,
                            GError **error);
char *kx_search_read_text(KxDb *db, guint32 folder, guint32 uid, size_t *ret_len);
