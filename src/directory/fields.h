/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of directory objects: the table (directory/object-list.h) and the reading of what a caller
 * gave. */
#pragma once

#include "directory/directory.h"
#include "directory/kinds.h"
#include "log/log-config.h"

typedef enum {
    KX_FIELD_INVERTED = 1 << 0, /* the Config log says the opposite */
    KX_FIELD_DERIVED = 1 << 1,  /* kept with other objects: not in the structure's own row */
    KX_FIELD_HIDDEN = 1 << 3,   /* in the structure, but neither shown nor logged nor searched */
    KX_FIELD_RIGHTS = 1 << 2,   /* gives rights over the server: only for whoever has them all */
} KxFieldFlags;

typedef enum {
#define KX_FIELD(object, id, ...) KX_FIELD_##object##_##id,
#include "directory/object-list.h"
#undef KX_FIELD
    KX_FIELD_COUNT
} KxFieldId;

typedef struct {
    KxObject object;
    const char *name;   /* "quota-items": command line, API */
    const char *column; /* "QUOTA_ITEMS": database */
    const char *logged; /* "Quota_items": Config log */
    guint flags;        /* KxFieldFlags */
    const KxKind *kind;
    size_t offset; /* in the object's structure; 0 for secrets */
    const char *manual;
} KxFieldRow;

const KxFieldRow *kx_field_row(KxFieldId id);
/* The field of that name; NULL: the object has none such. */
const KxFieldRow *kx_field_find(KxObject object, const char *name, KxFieldId *ret_id);
/* What is never shown: what is kept apart from the structure, and what is hidden. */
gboolean kx_field_is_secret(const KxFieldRow *row);

/* The fields of an object are next to each other: from `first` to before `end`. */
void kx_field_range(KxObject object, guint *ret_first, guint *ret_end);

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

/* Gives a field a value as if it had been in the request. */
void kx_field_values_put(KxFieldValues *values, KxFieldId id, const char *text);

/* Appends what was given as KxAuditField; texts are borrowed from `values`. */
void kx_field_values_audit(const KxFieldValues *values, GArray *audit);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxFieldValues, kx_field_values_clear)
