/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the addresses that a sender gives to the recipients of an envelope: through aliases, groups
 * and forwarding to where the mail goes in the end, each place once for the whole message, as far
 * as sender and recipients may exchange mail (USR-34, GRP-11). Every way of sending goes through
 * here.
 *
 * What one of several recipients behind an address may not take, or what leads to a public folder
 * that is gone, is left out with a line in the Warning log; an address of which nothing is left is
 * refused. A sender who may not reach one of them is refused, so that he knows.
 *
 * Threads: one thread at a time.
 */
#pragma once

#include "directory/sender.h"
#include "flow/envelope.h"
#include "flow/verify.h"
#include "store/store.h"

typedef enum {
    KX_RECIPIENT_TAKEN,
    KX_RECIPIENT_UNKNOWN,    /* nobody of that name here */
    KX_RECIPIENT_DISABLED,   /* nobody but accounts that take no mail */
    KX_RECIPIENT_ELSEWHERE,  /* not in a domain here, and the sender may not send to others */
    KX_RECIPIENT_CONFINED,   /* the sender may send to his domain alone */
    KX_RECIPIENT_LOCAL_ONLY, /* takes mail from his domain alone */
    KX_RECIPIENT_TOO_MANY,   /* the envelope is full */
    KX_RECIPIENT_LATER,      /* whether there is one is being asked, or cannot be asked now */
} KxRecipientResult;

typedef struct {
    KxDirectory *directory;
    KxStore *store;
    KxLogger *logger;
    KxEnvelope *envelope;
    const KxSender *sender; /* NULL: this server itself, which may reach everybody */
    gboolean relays;        /* the sender may send to other domains */
    KxVerifier *verifier;   /* asks forward hosts about names; NULL: nobody does */
    GHashTable *there;      /* set of texts, one for each recipient in the envelope */
} KxRecipients;

/* All is borrowed. */
void kx_recipients_init(KxRecipients *recipients, KxDirectory *directory, KxStore *store,
                        KxLogger *logger, KxEnvelope *envelope, const KxSender *sender,
                        gboolean relays);
void kx_recipients_clear(KxRecipients *recipients);

/* `orcpt` may be NULL. Unless it is taken, the envelope stays as it was. */
KxRecipientResult kx_recipients_add(KxRecipients *recipients, const char *address, guint notify,
                                    const char *orcpt);
