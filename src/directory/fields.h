/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of directory objects: the table (directory/object-list.h) and the reading of what a caller
 * gave. */
#pragma once

#include "directory/directory.h"
#include "log/log-config.h"

typedef enum {
    KX_OBJECT_DOMAIN,
    KX_OBJECT_USER,
    KX_OBJECT_IP_GROUP,
} KxObject;

typedef enum {
    KX_FIELD_SECRET = 1 << 0,   /* masked in the Config log */
    KX_FIELD_INVERTED = 1 << 1, /* the Config log says the opposite */
} KxFieldFlags;

typedef enum {
#define KX_FIELD(object, id, ...) KX_FIELD_##object##_##id,
#include "directory/object-list.h"
#undef KX_FIELD
    KX_FIELD_COUNT
} KxFieldId;

/* What was given for one object. */
typedef struct {
    gboolean given[KX_FIELD_COUNT];
    char *text[KX_FIELD_COUNT]; /* canonical; NULL when empty or taken away */
} KxFieldValues;

/* Reads and checks; unknown and repeated fields and bad values are KX_ERR_INVALID and name what is
 * allowed. */
gboolean kx_field_values_parse(KxObject object, const KxField *fields, guint n,
                               KxFieldValues *ret_values, GError **error);
void kx_field_values_clear(KxFieldValues *values); /* secrets are overwritten */

gboolean kx_field_values_bool(const KxFieldValues *values, KxFieldId id);
guint64 kx_field_values_number(const KxFieldValues *values, KxFieldId id); /* 0 if empty */
char **kx_field_values_list(const KxFieldValues *values, KxFieldId id);    /* new, may be empty */

/* Appends what was given as KxAuditField; texts are borrowed from `values`. */
void kx_field_values_audit(const KxFieldValues *values, GArray *audit);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxFieldValues, kx_field_values_clear)
