/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping what is removed, for the files of src/store. */
#pragma once

#include "store/kept.h"
#include "store/store-private.h"

/* A removal on its way: links are made before the commit, and taken away again unless `done`. */
typedef struct {
    KxFolder *folder;
    GArray *entries; /* KxEntry, borrowed */
    gint64 when;     /* 0: nothing is kept */
    gboolean done;
} KxKeeping;

/* With the write lock. Does nothing for an account that keeps nothing. */
gboolean kx_keep(KxKeeping *keeping, KxFolder *folder, GArray *entries, GError **error);
void kx_keeping_end(KxKeeping *keeping);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxKeeping, kx_keeping_end)

/* After an unclean end: a removal that was not committed has left links to items that are still
 * there. Write lock held. */
gboolean kx_kept_drop_live(KxAccount *account, GError **error);

/* What a file's name says. */
typedef struct {
    char *path;
    gint64 when; /* it was removed */
    guint32 folder, uid;
    guint32 flags;
    gint64 internal_date;
    char **keywords;
    guint64 inode, size;
} KxKeptFile;
void kx_kept_file_clear(gpointer file);

/* Those removed at or after `since`, in the order of their removal. */
GArray *kx_kept_list(const char *account_dir, gint64 since);
