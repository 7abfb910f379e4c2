/* SPDX-License-Identifier: Apache-2.0 */
/* What a rebuild takes over from the index that was there before. Private to src/store. */
#pragma once

#include "store/store-private.h"

typedef struct {
    KxDb *db; /* NULL: nothing can be read */
    KxAccountMeta meta;
    gboolean has_account;
} KxOldIndex;

typedef struct {
    KxFolderMeta meta; /* without counts */
    guint32 recent_uid;
    gboolean known;           /* meta and recent_uid are there */
    GArray *items;            /* KxEntry by UID */
    gboolean complete;        /* these are all */
    KxKeywordTable *keywords; /* what their sets refer to; NULL if there is none */
    KxKeywordTable *own_keywords;
    GArray *tombstones; /* KxLogEntry */
    gboolean has_tombstones;
} KxOldFolder;

KxOldIndex *kx_old_index_open(const char *path); /* never NULL */
void kx_old_index_free(KxOldIndex *old);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxOldIndex, kx_old_index_free)

/* From memory what is there (nothing is newer), else from the index. Write lock held. */
void kx_old_folder_read(KxOldIndex *old, guint32 id, KxFolder *in_memory, KxOldFolder *ret_folder);
void kx_old_folder_clear(KxOldFolder *folder);
const KxEntry *kx_old_folder_find(const KxOldFolder *folder, guint32 uid);
guint32 kx_old_folder_id(KxOldIndex *old, guint32 parent,
                         const char *name); /* 0 if there is none */
KxAcl *kx_old_folder_acl(KxOldIndex *old, guint32 id);
GPtrArray *kx_old_subscriptions(KxOldIndex *old); /* of char *; NULL if they cannot be read */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxOldFolder, kx_old_folder_clear)
