/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KxFolder: a folder somebody has open. One in-memory state is shared by all who have it open, fed
 * by the changes as they are committed; nobody rescans.
 *
 * KxView: what one session knows of an open folder. Sequence numbers are a matter of the view: they
 * change only in kx_view_sync(), when the session is told. A view is a few words: the shared state
 * keeps the items, and for each expunge that some view has not seen yet its UID. So a view can be
 * written down (KxViewState), and resumed later, even in another process.
 *
 * Threads: a view belongs to one thread at a time; folders and states are locked inside.
 */
#pragma once

#include "store/folder.h"
#include "store/item.h"

typedef struct KxView KxView;

/* Opens by path. KX_ERR_NOT_FOUND. */
KxFolder *kx_folder_open(KxAccount *account, const char *path, GError **error);
KxFolder *kx_folder_ref(KxFolder *folder);
void kx_folder_unref(KxFolder *folder);
guint32 kx_folder_id(KxFolder *folder);
KxAccount *kx_folder_account(KxFolder *folder); /* borrowed */
guint32 kx_folder_uid_validity(KxFolder *folder);
guint64 kx_folder_highest_modseq(KxFolder *folder);
char *kx_folder_path(KxFolder *folder); /* a copy: it changes when the folder is renamed */

/* All keywords in use or once used in the folder, order of first use; NULL-terminated, g_strfreev.
 */
char **kx_folder_keywords(KxFolder *folder);

/* Called after each committed change to the folder, from the store's notifier thread, never
 * under a lock. Calls for the same watch do not overlap; after kx_folder_unwatch() returns, none
 * runs or comes. */
typedef void (*KxFolderWatch)(gpointer data);
guint kx_folder_watch(KxFolder *folder, KxFolderWatch func, gpointer data);
void kx_folder_unwatch(KxFolder *folder, guint id);

/* A new view knows everything in the folder now. With `claim_recent` the items nobody was told
 * about become \Recent in this view and in no other. Takes its own reference to the folder. */
KxView *kx_view_new(KxFolder *folder, gboolean claim_recent);
void kx_view_free(KxView *view);
KxFolder *kx_view_folder(KxView *view); /* borrowed */

guint32 kx_view_count(KxView *view);
guint32 kx_view_recent(KxView *view);
gboolean kx_view_is_recent(KxView *view, guint32 uid);
guint32 kx_view_uid(KxView *view, guint32 seq); /* 0 if out of range */
guint32 kx_view_seq(KxView *view, guint32 uid); /* 0 if the view has no such item */
guint32 kx_view_first_unseen(KxView *view);     /* sequence number, 0 if none */
guint32 kx_view_max_uid(KxView *view);          /* 0 if empty */

/* Copies of items with sequence numbers from..to (1-based, inclusive, clamped), in order; expunged
 * ones not yet told about are left out. `seqs` (may be NULL) receives their sequence numbers. At
 * most `room` are copied; returns how many. `from` of the next call is the last seq + 1. */
guint kx_view_items(KxView *view, guint32 from, guint32 to, KxItem *items, guint32 *seqs,
                    guint room);

/* One item by UID; FALSE if the view has none or it was expunged meanwhile. */
gboolean kx_view_item(KxView *view, guint32 uid, KxItem *ret_item);

/* Whether it is there, for who has not found all of it on the disk: an expunge that is just being
 * committed is waited for. */
gboolean kx_view_item_stays(KxView *view, guint32 uid);

typedef struct {
    GArray *expunged; /* guint32 sequence numbers, in the order to send: each counts after the ones
                         before */
    GArray *vanished; /* the same as guint32 UIDs, ascending (RFC 7162) */
    GArray *changed;  /* guint32 UIDs of items whose flags changed and that were known before,
                         ascending */
    gboolean exists;  /* the count grew: send EXISTS (and RECENT) */
    gboolean behind;  /* there are removals that the view was not told of */
} KxChanges;

void kx_changes_clear(KxChanges *changes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxChanges, kx_changes_clear)

/* Brings the view up to date. Without `expunge`, removals stay unknown to the view (RFC 9051
 * section 7.5.1). FALSE with KX_ERR_NOT_FOUND if the folder is gone. `changes` must be zeroed or
 * cleared. */
gboolean kx_view_sync(KxView *view, gboolean expunge, gboolean claim_recent, KxChanges *changes,
                      GError **error);

/* Marks a flag change up to `modseq` on these items as known, so that kx_view_sync() does not
 * report to a session what it did itself. */
void kx_view_note_own(KxView *view, const guint32 *uids, guint n, guint64 modseq);

/* UIDs expunged after `modseq`, ascending, for QRESYNC and for clients that ask; FALSE with
 * KX_ERR_NOT_FOUND if the tombstones do not reach back that far. */
gboolean kx_folder_vanished_since(KxFolder *folder, guint64 modseq, GArray **ret_uids,
                                  GError **error);

/* The view written down. All fields are checked on resume. */
typedef struct {
    guint32 folder_id;
    guint32 uid_validity;
    guint32 uid_next;       /* the view knows items below */
    guint64 expunge_modseq; /* removals up to here are known */
    guint64 change_modseq;  /* flag changes up to here are known */
} KxViewState;

void kx_view_save(KxView *view, KxViewState *ret_state);

/* Restores sequence numbers exactly as they were; KX_ERR_NOT_FOUND if folder, UIDVALIDITY or
 * tombstones no longer allow it. */
KxView *kx_view_resume(KxAccount *account, const KxViewState *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxFolder, kx_folder_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxView, kx_view_free)
