/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about issued secrets share. */
#pragma once

#include "directory/directory-private.h"
#include "directory/issued.h"

typedef struct {
    KxIssued issued; /* `used...` under `use_lock`, the rest as all tables */
    gint64 owner;    /* id of the user */
    char *hash;
    gboolean unsaved; /* under `use_lock` */
} KxIssuedEntry;

struct KxIssuedTable {
    GHashTable *by_hash; /* KxIssuedEntry, owned */
    GHashTable *by_id;   /* the same */
    gint64
        mail_until[2]; /* of each kind, when the last that opens mail is over; 0: there is none */
    KxMutex use_lock;  /* taken last */
    gboolean unsaved;  /* one at least */
};

char *kx_issued_new_secret(KxIssuedKind kind);
/* As it is kept; NULL: it cannot be one of the kind. */
char *kx_issued_hash(KxIssuedKind kind, const char *secret);
