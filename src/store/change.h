/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to items of an open folder. Each function is one durable commit: it returns after the
 * index is synced. Every change takes the account's next modseq (one per call). UID arrays are
 * ascending; UIDs that do not exist (any more) are passed over silently.
 */
#pragma once

#include "store/view.h"

typedef enum { KX_FLAGS_REPLACE, KX_FLAGS_ADD, KX_FLAGS_REMOVE } KxFlagsOp;

typedef struct {
    KxFlagsOp op;
    guint32 flags;
    const char *const *keywords; /* NULL-terminated or NULL */
    gboolean conditional;        /* RFC 7162 UNCHANGEDSINCE */
    guint64 unchanged_since;
    guint32 keep_flags;     /* these stay as they are, whatever `op` */
    gboolean keep_keywords; /* so do keywords */
} KxFlagsChange;

/* `ret_modseq` is the new modseq, or 0 if nothing changed; `ret_failed` (may be NULL unless
 * conditional) receives the guint32 UIDs changed since. KX_ERR_TOO_BIG for too many keywords. */
gboolean kx_folder_change_flags(KxFolder *folder, const guint32 *uids, guint n,
                                const KxFlagsChange *change, guint64 *ret_modseq,
                                GArray **ret_failed, GError **error);

/* Removes those of the UIDs, which ascend, that are \Deleted, or with `force` all of them. NULL
 * uids means every item. `ret_uids` (may be NULL) receives what was removed. Logged as {DELETE}. */
gboolean kx_folder_expunge(KxFolder *folder, const guint32 *uids, guint n, gboolean force,
                           const KxActor *actor, GArray **ret_uids, GError **error);

typedef struct {
    guint32 uid_validity; /* of the target */
    GArray *from;         /* guint32 UIDs copied, ascending */
    GArray *to;           /* their new UIDs, same order */
} KxCopied;
void kx_copied_clear(KxCopied *copied);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxCopied, kx_copied_clear)

/* What goes along with a copy, the rest is left behind; and who hears how far it is: `progress`
 * (may be NULL) comes after each item, with the account's write lock held, so it must be quick and
 * call nothing of the store. */
typedef struct {
    guint32 flags;
    gboolean keywords;
    void (*progress)(gpointer data, guint done, guint all);
    gpointer data;
} KxCopyMask;

/* Copies with flags, keywords and internal date, by hard link: all or none. With `move` they leave
 * the source in the same commit (within one account), logged as {MOVE}. The target may be in
 * another account. */
gboolean kx_folder_copy(KxFolder *from, const guint32 *uids, guint n, KxAccount *to_account,
                        const char *to_path, gboolean move, const KxActor *actor,
                        KxCopied *ret_copied, GError **error);

/* The same with those flags and keywords only that `mask` lets through. */
gboolean kx_folder_copy_masked(KxFolder *from, const guint32 *uids, guint n, KxAccount *to_account,
                               const char *to_path, gboolean move, const KxCopyMask *mask,
                               const KxActor *actor, KxCopied *ret_copied, GError **error);
