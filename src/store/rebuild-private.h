/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a rebuild share: rebuild.c the account, rebuild-folder.c one folder. */
#pragma once

#include "store/old-index-private.h"

typedef struct {
    KxAccount *account;
    KxOldIndex *old;
    KxDb *db; /* the new one */
    KxAccountMeta meta;
    guint64 base;    /* modseq of everything that is new */
    guint64 swept;   /* removals up to here had their files removed */
    gboolean latest; /* the old index is as it was last, not one of an earlier time */
    GArray *found;   /* KxFoundFolder */
} KxRebuild;

/* Reads the folder's files and writes its rows into the new index. */
gboolean kx_rebuild_folder(KxRebuild *rebuild, KxFoundFolder *found, GError **error);

/* Takes over the metadata of the folders that are still there (metadata.c). */
gboolean kx_rebuild_metadata(KxRebuild *rebuild, GError **error);
