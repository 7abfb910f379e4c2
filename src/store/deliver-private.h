/* SPDX-License-Identifier: Apache-2.0 */
/* What deliver.c, which gathers deliveries, and deliver-commit.c, which carries them out, share. */
#pragma once

#include "store/incoming-private.h"
#include "store/replace-private.h"

typedef struct {
    KxIncoming *incoming;
    KxDelivery *target;
    char *path; /* normalised */
    KxFolder *folder;
    KxEntry entry;
    char *dir;
    gboolean linked; /* its file is there */
    gboolean fresh;  /* and has to be synced */
    gboolean redo;   /* some time, as the commit has its content */
} KxPost;

/* Posts that are delivered all or none. */
typedef struct {
    KxPost *posts;
    guint n;
    KxReplaced replaced; /* if it has a folder */
    GError *error;
} KxPostJob;

/* Delivers what the jobs have, as far as they have no error, and sets the errors of single ones.
 * FALSE: nothing was delivered. `changed`: KxFolder, references to those that have got something.
 * Write lock held. */
gboolean kx_posts_commit(KxAccount *account, GPtrArray *jobs, GPtrArray *changed, GError **error);
