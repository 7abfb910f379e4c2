/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content on its way into folders. What is small and goes to one folder is written straight into
 * it; everything else to a temporary file that is synced and then put into one or many folders by
 * hard link. Each is a durable commit of one account's index. What was delivered survives kill -9
 * and power loss when kx_incoming_deliver() has returned; what was not leaves nothing but files
 * that are removed at the next start.
 *
 * Deliveries to the same account that come together are committed together, with one sync.
 *
 * Threads: a KxIncoming belongs to one thread at a time.
 */
#pragma once

#include "mime/edits.h"
#include "store/item.h"
#include "store/view.h"

typedef struct KxIncoming KxIncoming;

KxIncoming *kx_incoming_new(KxStore *store, GError **error);

/* Adds bytes; line endings must be CRLF already. */
gboolean kx_incoming_write(KxIncoming *incoming, const void *bytes, size_t len, GError **error);
guint64 kx_incoming_size(KxIncoming *incoming);

/* Removes the temporary file if it was not delivered. */
void kx_incoming_free(KxIncoming *incoming);

/* For those who look inside before delivery (header checks): the bytes so far, mapped; valid until
 * free. */
gboolean kx_incoming_map(KxIncoming *incoming, const char **ret_data, size_t *ret_len,
                         GError **error);

/* Puts the content with its edits, which were made of that map, in the place of `*incoming`. */
gboolean kx_incoming_edit(KxStore *store, KxIncoming **incoming, const KxMimeEdits *edits,
                          GError **error);

/* Puts the synced file under a name of the caller's own (the queue) by hard link. */
gboolean kx_incoming_link(KxIncoming *incoming, const char *path, GError **error);

typedef struct {
    KxAccount *account;          /* borrowed */
    const char *folder;          /* path */
    guint32 flags;               /* KxItemFlags */
    const char *const *keywords; /* NULL-terminated or NULL */
    gint64 internal_date;        /* Unix seconds */
    gboolean beyond_quota;       /* what the server itself has to say or bring back */
    KxFolder *replaces_in; /* kx_incoming_deliver_all() of a single one: the item of that UID in
                              this folder, of the same account, leaves in the same commit; */
    guint32 replaces;      /* logged as {DELETE} by `actor` */
    const KxActor *actor;
    /* results */
    guint32 ret_uid;
    guint32 ret_uid_validity;
    GError *ret_error; /* NULL when delivered; g_clear_error() it */
} KxDelivery;

/* Syncs the content and delivers to each target on its own; a failed one does not stop the others.
 * Returns TRUE if all succeeded. KX_ERR_NOT_FOUND (folder), KX_ERR_OVERQUOTA, KX_ERR_IO. */
gboolean kx_incoming_deliver(KxIncoming *incoming, KxDelivery *targets, guint n);

/* Several contents into one folder, all or none (IMAP MULTIAPPEND). Each delivery names the same
 * folder. KX_ERR_NOT_FOUND also if an item to be replaced is not there any more. */
gboolean kx_incoming_deliver_all(KxIncoming **incoming, KxDelivery *targets, guint n,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxIncoming, kx_incoming_free)
