/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of an account. A path is UTF-8 (NFC), levels divided by '/', at most KX_FOLDER_DEPTH
 * levels of KX_FOLDER_NAME_MAX bytes; the first level INBOX is recognised in any case. On disk each
 * level is a directory; bytes that a file system or the layout cannot take ('/', leading '.' or
 * '#', '%', control characters) are written %HH.
 */
#pragma once

#include "store/acl.h"
#include "store/summary.h"

enum { KX_FOLDER_DEPTH = 100, KX_FOLDER_NAME_MAX = 200, KX_FOLDERS_PER_ACCOUNT = 50000 };

typedef enum {
    KX_TYPE_MAIL,
    KX_TYPE_CALENDAR,
    KX_TYPE_CONTACTS,
    KX_TYPE_TASKS,
    KX_TYPE_NOTES
} KxFolderType;

/* Special use (RFC 6154), one bit each. */
typedef enum {
    KX_USE_ARCHIVE = 1 << 0,
    KX_USE_DRAFTS = 1 << 1,
    KX_USE_JUNK = 1 << 2,
    KX_USE_SENT = 1 << 3,
    KX_USE_TRASH = 1 << 4,
    KX_USE_FLAGGED = 1 << 5,
    KX_USE_IMPORTANT = 1 << 6,
} KxSpecialUse;

/* A snapshot; counts are exact at the moment it was taken. */
typedef struct {
    guint32 id;
    char *path;
    KxFolderType type;
    guint special_use;
    gboolean subscribed;
    gboolean has_children;
    KxAcl *acl; /* NULL: nobody but the owner has rights */
    guint32 uid_validity;
    KxObjectId mailbox_id; /* RFC 8474: stays when the folder is renamed or the index rebuilt */
    guint32 uid_next;
    guint64 highest_modseq;
    guint32 messages;
    guint32 unseen;
    guint32 deleted;
    guint32 recent; /* items no session has been told about yet (RFC 3501 \Recent) */
    guint64 size;
} KxFolderInfo;

void kx_folder_info_free(KxFolderInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFolderInfo, kx_folder_info_free)

/* Bytes of the items that are \Deleted (RFC 9208 DELETED-STORAGE). */
gboolean kx_folder_deleted_bytes(KxAccount *account, const KxFolderInfo *info, guint64 *ret_bytes,
                                 GError **error);

/* All folders, sorted by path with INBOX first: array of KxFolderInfo. With `counts` FALSE the
 * counts, which cost a little, are left 0. */
GPtrArray *kx_folder_list(KxAccount *account, gboolean counts, GError **error);

/* KX_ERR_NOT_FOUND if there is none. */
KxFolderInfo *kx_folder_find(KxAccount *account, const char *path, GError **error);

/* By id; NULL if there is none. */
KxFolderInfo *kx_folder_find_id(KxAccount *account, guint32 id);

/* The highest given out so far in the account: whatever changes later has a higher one. */
guint64 kx_account_modseq(KxAccount *account);

/* Missing parents are made as well. KX_ERR_EXISTS, KX_ERR_INVALID (name), KX_ERR_TOO_BIG. */
gboolean kx_folder_create(KxAccount *account, const char *path, KxFolderType type,
                          guint special_use, GError **error);

/* Subfolders move along. Renaming INBOX moves its items to a new folder and leaves INBOX empty
 * (RFC 9051 section 6.3.6). Logged as {MOVE_FOLDER}. */
gboolean kx_folder_rename(KxAccount *account, const char *from, const char *to,
                          const KxActor *actor, GError **error);

/* KX_ERR_IN_USE if it has subfolders, KX_ERR_DENIED for INBOX. Logged as {DELETE_FOLDER}. Sessions
 * that have it selected see kx_view_sync() fail with KX_ERR_NOT_FOUND. */
gboolean kx_folder_delete(KxAccount *account, const char *path, const KxActor *actor,
                          GError **error);

/* The same, but KX_ERR_IN_USE if there is an item in it. */
gboolean kx_folder_delete_empty(KxAccount *account, const char *path, GError **error);

/* Of a copy that was not finished: nothing is logged, nothing kept. */
gboolean kx_folder_discard(KxAccount *account, const char *path, GError **error);

/* Subscriptions are a list of names of its own: a name may outlive its folder (RFC 9051
 * section 6.3.7). */
gboolean kx_folder_subscribe(KxAccount *account, const char *path, gboolean on, GError **error);
gboolean kx_folder_is_subscribed(KxAccount *account, const char *path);
GPtrArray *kx_folder_subscriptions(KxAccount *account, GError **error); /* of char * */
