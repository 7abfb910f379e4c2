/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata (RFC 5464): named values on folders and on the account. Names are in lower case and
 * begin with "/shared/" (one value for all) or "/private/" (one for each user). They belong to the
 * folder: they move with it and go with it.
 *
 * Threads: all functions from any thread; they may wait for the disk.
 */
#pragma once

#include "store/folder.h"

enum {
    KX_METADATA_NAME_MAX = 1000,          /* bytes */
    KX_METADATA_VALUE_MAX = 64 * 1024,    /* bytes */
    KX_METADATA_ENTRIES = 1000,           /* on one folder, shared ones and each user's apart */
    KX_METADATA_TOTAL = 16 * 1024 * 1024, /* bytes of names and values in an account */
};

typedef struct {
    char *name;
    GBytes *value; /* NULL: none */
} KxMetadata;
void kx_metadata_free(KxMetadata *entry);

typedef enum { KX_METADATA_SELF, KX_METADATA_CHILDREN, KX_METADATA_ALL } KxMetadataDepth;

/* The entry of that name, if there is one, and those below it: array of KxMetadata, by name.
 * `folder` is an id, 0 the account; `user` ("user@domain") is whose private entries are meant. */
GPtrArray *kx_metadata_get(KxAccount *account, guint32 folder, const char *user, const char *name,
                           KxMetadataDepth depth, GError **error);

/* Sets all of them, or none; a NULL value removes. `special_use` (may be NULL) becomes the folder's
 * in the same commit. KX_ERR_TOO_BIG: there would be too many; KX_ERR_NOT_FOUND: no such folder. */
gboolean kx_metadata_set(KxAccount *account, guint32 folder, const char *user,
                         const KxMetadata *entries, guint n, const guint *special_use,
                         GError **error);

/* Removes all private entries of a user. */
gboolean kx_metadata_forget_user(KxAccount *account, const char *user, GError **error);

/* All entries of `from` on `to` as well (INBOX is renamed). */
gboolean kx_metadata_copy(KxAccount *account, guint32 from, guint32 to, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMetadata, kx_metadata_free)
