/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way in which the directory changes: check, store in one transaction, apply to the tables
 * in memory, write the Config line (LOG-24). A feature that changes something describes itself as a
 * KxChangeKind and so cannot forget any of them.
 */
#pragma once

#include "directory/directory-private.h"
#include "log/log-config.h"

typedef struct {
    KxAuditVerb verb;
    const char *type; /* "User", as the Config log says it */

    /* Against the tables, before anything is written. */
    gboolean (*check)(KxDirectory *directory, gpointer data, GError **error);
    /* Inside the transaction. */
    gboolean (*store)(KxDirectory *directory, gpointer data, GError **error);
    /* After the commit, with the tables locked for writing; cannot fail. */
    void (*apply)(KxDirectory *directory, gpointer data);
    /* Appends the KxAuditField of the line, key fields first; texts are borrowed from `data`. */
    void (*describe)(gpointer data, GArray *audit);
    /* May be NULL: tells others, tables not locked, the next change not yet begun. */
    void (*tell)(KxDirectory *directory, gpointer data);
} KxChangeKind;

/* Thread-safe. Durable and visible when it returns TRUE; nothing has happened when FALSE. */
gboolean kx_change_run(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                       gpointer data, GError **error);

/* Appends one KxAuditField. */
void kx_change_audit(GArray *audit, const char *name, const char *value);

/* Runs a statement without rows whose one parameter is an id. */
gboolean kx_change_run_id(KxDb *db, const char *sql, gint64 id, GError **error);
