/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the directory as structures whose members the field table knows (directory/fields.h):
 * copying, changing, storing and loading without code for each member.
 *
 * A structure is given as the KxRecord at its beginning; its domain is a GRefString. No locks are
 * taken; texts belong to the structure.
 */
#pragma once

#include "db/db.h"
#include "directory/fields.h"

/* One kind of object. */
typedef struct {
    KxObject object;
    const char *table;  /* in the database */
    gboolean in_domain; /* its row names a domain, its name is unique there */
    size_t size;        /* of the structure */
} KxRecordType;

/* Empty texts and lists for what is NULL. */
void kx_record_init(const KxRecordType *type, KxRecord *record);
void kx_record_copy(const KxRecordType *type, KxRecord *to, const KxRecord *from);
void kx_record_clear(const KxRecordType *type, KxRecord *record);
/* The fields change places; id, name and domain stay. */
void kx_record_swap_fields(const KxRecordType *type, KxRecord *a, KxRecord *b);

/* Texts and lists of a structure: empty ones are not allocated. */
void kx_record_free_text(char *text);
void kx_record_free_list(char **list);

/* Sets the members of what was given; lists are sorted unless their order means something. */
void kx_record_take(const KxRecordType *type, KxRecord *record, const KxFieldValues *values);

/* A member: text as somebody could give it ("yes", "none", a number), NULL for lists and secrets;
 * list, NULL for others. */
char *kx_record_text(const KxRecord *record, KxFieldId id);
const char *kx_record_peek(const KxRecord *record, KxFieldId id); /* text, NULL for others */
char *const *kx_record_list(const KxRecord *record, KxFieldId id);

/* A member of either kind as text that somebody could give; NULL: it is as in a new object, or a
 * secret. */
char *kx_record_value(const KxRecord *record, KxFieldId id);

/* ---- record-db.c ---- */

/* Makes the table of a new kind of object, and adds the columns of new fields. */
gboolean kx_record_upgrade(KxDb *db, const KxRecordType *type, GError **error);

/* Insert gives the record its id. `domain` is the id of its domain, 0 for none. */
gboolean kx_record_insert(KxDb *db, const KxRecordType *type, KxRecord *record, gint64 domain,
                          GError **error);
gboolean kx_record_update(KxDb *db, const KxRecordType *type, const KxRecord *record,
                          GError **error);
gboolean kx_record_delete(KxDb *db, const KxRecordType *type, gint64 id, GError **error);

/* Called for each object, in the order of their ids, with a structure at the beginning of `size`
 * zeroed bytes, which `take` owns; its domain is not set. */
typedef void (*KxRecordTake)(gpointer data, KxRecord *record, gint64 domain);
gboolean kx_record_load(KxDb *db, const KxRecordType *type, size_t size, KxRecordTake take,
                        gpointer data, GError **error);
