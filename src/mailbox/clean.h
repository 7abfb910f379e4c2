/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The items clean-out (DOM-15 to DOM-18, USR-36): what has been in the junk folder, in the folder
 * for deleted items or below them for longer than the rules of user and domain say is deleted, and
 * so are empty subfolders. Kept items (DOM-13) whose time is over go with it.
 *
 * Each deletion is in the Operations log, by SYSTEM. Threads: any.
 */
#pragma once

#include "directory/directory.h"
#include "store/store.h"

enum { KX_CLEAN_PER_FOLDER = 1000 /* items deleted from one folder in one run */ };

typedef struct {
    guint64 items;   /* deleted */
    guint64 folders; /* removed, for they were empty */
    guint64 expired; /* kept items that went for good */
} KxCleaned;

/* The mailbox of one user; without rules it is not even opened. Adds to `cleaned`. */
gboolean kx_clean_mailbox(KxStore *store, KxDirectory *directory, const KxUser *user,
                          KxCleaned *cleaned, GError **error);

/* Asked between mailboxes; TRUE ends the run. */
typedef gboolean (*KxCleanStop)(gpointer data);

/* Those of one domain, or with NULL of all. What goes wrong with one is in the Error log and does
 * not keep the others. `stop` may be NULL. */
gboolean kx_clean_all(KxStore *store, KxDirectory *directory, KxLogger *logger, const char *domain,
                      KxCleanStop stop, gpointer data, KxCleaned *cleaned, GError **error);
