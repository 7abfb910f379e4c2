/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the Config log (LOG-22 to LOG-26): who administered what. The directory and the settings
 * fill these structures in the one place through which every change passes. Strings are borrowed
 * for the call.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

typedef enum {
    KX_AUDIT_INSERT,
    KX_AUDIT_UPDATE,
    KX_AUDIT_DELETE,
} KxAuditVerb;

typedef struct KxAuditField {
    const char *name;
    const char *value; /* NULL counts as empty */
    gboolean secret;   /* the value never appears; nor does that of a name ending in "password" or
                          "secret", whatever this says */
} KxAuditField;

/* An update or removal names the object by its key fields, which come first in the list. */
typedef struct KxAuditConfig {
    const char *user; /* the administrator */
    KxAuditVerb verb;
    const char *type; /* "User", "Domain", ... */
    const KxAuditField *fields;
    guint field_count;
} KxAuditConfig;

/* "Admin - insert User set Name='tjones', Password=xxxxxx". In values ' and \ are written as \' and
 * \\; a value longer than 1 KiB is cut. A list that does not fit a line goes on in further lines
 * that begin in the same way. */
void kx_log_config_change(KxLogger *logger, const KxAuditConfig *change);

/* Anything else an administrator did: "Admin - Store backup started". */
void kx_log_config_action(KxLogger *logger, const char *user, const char *action);
