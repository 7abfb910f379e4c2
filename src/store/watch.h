/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching a whole account: messages of any folder, the tree of folders, subscriptions, metadata.
 * For every protocol that tells clients of changes without being asked (IMAP NOTIFY, and likewise
 * JMAP and ActiveSync push). A watch is a queue of what has happened since somebody last took from
 * it: changes of one kind to one thing are one entry, nothing is lost, and if too much gathers the
 * watch says so instead. Accounts that nobody watches pay one load of a number for each change.
 *
 * A change is in the queues of all watches before the function that made it returns.
 *
 * Threads: all functions from any thread. `func` runs in the thread that made the change and under
 * a lock of the store: it may only wake somebody (kx_session_poke()).
 */
#pragma once

#include "store/folder.h"

enum { KX_WATCH_EVENTS = 10000 }; /* entries in one queue; more are an overflow */

typedef enum {
    KX_WATCH_NEW = 1 << 0,     /* messages came into the folder */
    KX_WATCH_EXPUNGE = 1 << 1, /* or left it */
    KX_WATCH_FLAGS = 1 << 2,   /* or have other flags or keywords */
    KX_WATCH_CREATED = 1 << 3, /* the folder was made */
    KX_WATCH_DELETED = 1 << 4, /* or removed */
    KX_WATCH_RENAMED = 1 << 5, /* or has another name; those below it move along without an event */
    KX_WATCH_SUBSCRIBED = 1 << 6, /* or is subscribed now, or no more */
    KX_WATCH_METADATA = 1 << 7,   /* entries of the folder, or of the account, have other values */
} KxWatchKinds;
#define KX_WATCH_MESSAGES (KX_WATCH_NEW | KX_WATCH_EXPUNGE | KX_WATCH_FLAGS)

typedef struct {
    guint kinds;        /* of KxWatchKinds: messages together, the others one by one */
    guint32 folder;     /* its id; 0: the account */
    char *path;         /* NULL for messages and metadata: look the folder up */
    char *old_path;     /* of RENAMED */
    GPtrArray *entries; /* of METADATA: names (char *) */
    char *user;         /* of METADATA: "user@domain" whose private entries changed too, or NULL */
} KxWatchEvent;

typedef struct KxAccountWatch KxAccountWatch;
typedef void (*KxAccountWatchFunc)(gpointer data);

/* `kinds` are those wanted. Changes made on behalf of `who` (see below) are left out. Holds a
 * reference to the account. After kx_account_unwatch() `func` is not called any more. */
KxAccountWatch *kx_account_watch(KxAccount *account, guint kinds, gconstpointer who,
                                 KxAccountWatchFunc func, gpointer data);
void kx_account_unwatch(KxAccountWatch *watch);
KxAccount *kx_account_watched(KxAccountWatch *watch); /* borrowed */

/* What has happened, in order: array of KxWatchEvent, or NULL for nothing. `ret_overflow`: too
 * much, or the index was rebuilt; anything may have changed. */
GPtrArray *kx_account_watch_take(KxAccountWatch *watch, gboolean *ret_overflow);

/* What this thread changes from now on is done on behalf of `who`; NULL: of nobody who watches. */
void kx_store_act_for(KxStore *store, gconstpointer who);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAccountWatch, kx_account_unwatch)
