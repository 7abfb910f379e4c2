/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOTIFY (RFC 5465): what a client is told of mailboxes that are not selected, and of the selected
 * one outside of commands; also what ENABLE METADATA asks for (RFC 5464 section 4.4). Accounts are
 * watched (store/watch.h); what their queues hold is told at the end of each command and, when the
 * session is poked, at once. Changes the session makes itself are not told.
 *
 * To one who does not read nothing is pushed until it has; what happens meanwhile gathers in a
 * queue of bounded length. If that overflows, or news are too large to be pushed, the client is
 * told so (NOTIFICATIONOVERFLOW) and from then on nothing, as after NOTIFY NONE.
 */
#pragma once

#include "imap/mailbox.h"
#include "imap/notify-args.h"
#include "store/watch.h"

enum { KX_NOTIFY_TEXT_MAX = 2048 }; /* bytes of arguments that fit the ticket */

/* A mailbox named in the arguments that is in somebody else's account. */
typedef struct {
    KxAccount *account;
    char *name, *path;
} KxNotifyRoot;

struct KxImapNotify {
    KxEventSet *set; /* NULL: NOTIFY was never used */
    GBytes *text;    /* its arguments, for the ticket; NULL if they are too long */
    gboolean utf8;   /* how names in it are written */
    GPtrArray *watches;
    GPtrArray *roots; /* KxNotifyRoot */
    guint64 modseq;   /* of the own account: what came up to here has been told */
    gboolean resumed; /* after a restart: what came since then is in no queue */
    gboolean lost;    /* and the arguments were too long to be kept */
    GArray *own; /* guint32 UIDs, ascending: what the session itself put into the selected folder */
    char *server; /* the server's entries as they were when last told */
};

/* ENABLE METADATA. */
void kx_imap_notify_start(KxImap *imap);

/* NOTIFY; takes the set. `text`: the arguments. */
void kx_imap_notify_set(KxImap *imap, KxEventSet *set, KxSlice text);
void kx_imap_notify_free(KxImap *imap);

/* Which events of the selected folder are told now (KxImapEvents). */
guint kx_imap_selected_events(const KxImap *imap);

/* Is the selected folder told of outside of commands? */
gboolean kx_imap_notify_pushes(const KxImap *imap);

/* These messages, just put into that mailbox by the session, are no news to it. */
void kx_imap_notify_own(KxImap *imap, const KxImapMailbox *mailbox, const guint32 *uids, guint n);

/* The subscriptions have changed: others' mailboxes are watched as they are subscribed now. */
void kx_imap_notify_follow(KxImap *imap);

/* Ends all notifications, and says so. */
void kx_imap_notify_overflow(KxImap *imap);

/* For the ticket. After restore() the client is told what it has missed, or of an overflow. */
KxSlice kx_imap_notify_text(const KxImap *imap);
void kx_imap_notify_restore(KxImap *imap, KxSlice text, gboolean utf8, guint64 modseq);

/* ---- notify-tell.c ---- */

/* What has happened since the last time. */
void kx_imap_notify_tell(KxImap *imap);

/* The FETCH responses for new messages in the selected folder, from this sequence number on. */
void kx_imap_notify_tell_new(KxImap *imap, guint32 from);

/* How things stand, before NOTIFY is answered: mailboxes that may not be read, and with `status`
 * one STATUS for each mailbox with events of messages. Sets a cursor, which ends the command. */
void kx_imap_notify_begin(KxImap *imap);

/* The name by which the client knows the folder; NULL: it does not. */
char *kx_imap_notify_name(KxImap *imap, KxAccount *account, const char *path);
