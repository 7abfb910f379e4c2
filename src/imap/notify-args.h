/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of NOTIFY SET (RFC 5465 sections 6 and 8): which events of which mailboxes. Pure;
 * belongs to one thread.
 */
#pragma once

#include "imap/fetch-args.h"

enum { KX_EVENT_GROUPS = 100, KX_EVENT_NAMES = 1000 }; /* in one command */

typedef enum {
    KX_EVENT_MESSAGE_NEW = 1 << 0,
    KX_EVENT_MESSAGE_EXPUNGE = 1 << 1,
    KX_EVENT_FLAG_CHANGE = 1 << 2,
    KX_EVENT_MAILBOX_NAME = 1 << 3,
    KX_EVENT_SUBSCRIPTION_CHANGE = 1 << 4,
    KX_EVENT_MAILBOX_METADATA = 1 << 5,
    KX_EVENT_SERVER_METADATA = 1 << 6,
    KX_EVENT_ANNOTATION_CHANGE = 1 << 7, /* there are no annotations of messages */
    KX_EVENT_UNKNOWN = 1 << 8,
} KxImapEvents;
#define KX_EVENT_MESSAGES (KX_EVENT_MESSAGE_NEW | KX_EVENT_MESSAGE_EXPUNGE | KX_EVENT_FLAG_CHANGE)

extern const char KX_EVENT_SUPPORTED[]; /* names, for BADEVENT */

typedef enum {
    KX_SCOPE_SELECTED,
    KX_SCOPE_SELECTED_DELAYED,
    KX_SCOPE_INBOXES,
    KX_SCOPE_PERSONAL,
    KX_SCOPE_SUBSCRIBED,
    KX_SCOPE_SUBTREE,
    KX_SCOPE_MAILBOXES,
} KxImapScope;

typedef struct {
    KxImapScope scope;
    guint events;     /* KxImapEvents */
    GPtrArray *names; /* char *, of SUBTREE and MAILBOXES, else NULL */
} KxEventGroup;

typedef struct {
    gboolean status;    /* the client wants to know how things stand */
    GPtrArray *groups;  /* KxEventGroup */
    guint events;       /* of all groups */
    guint selected;     /* those of the selected mailbox */
    gboolean delayed;   /* EXPUNGE waits for a command */
    KxFetchPlan *fetch; /* what is told of new messages in the selected mailbox, or NULL */
} KxEventSet;

/* All that follows "NOTIFY ": "NONE" is a set without groups. NULL: the parser has the error. */
KxEventSet *kx_event_set_parse(KxImapParser *args);
void kx_event_set_free(KxEventSet *set);

/* The events wanted of a mailbox that is not selected. */
typedef struct {
    const char *name;
    gboolean personal, subscribed;
} KxEventTarget;
guint kx_event_set_match(const KxEventSet *set, const KxEventTarget *target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxEventSet, kx_event_set_free)
