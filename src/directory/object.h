/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one kind of object is beyond its fields: its name, what must hold of it, and where the
 * tables in memory keep it. object.c changes all kinds in the same way (directory.h says how); a
 * kind adds what is its own.
 *
 * All functions are called with `changing` held, and the tables locked for writing.
 */
#pragma once

#include "directory/credentials.h"
#include "directory/directory-private.h"
#include "directory/record.h"

typedef struct KxObjectType KxObjectType;

/* A change on its way. */
typedef struct {
    KxChange given;
    const KxObjectType *type;
    gboolean follows; /* from another one: neither logged nor asked for rights */
    KxFieldValues values;
    KxCredentials *credentials; /* of a new password */
    char *verifier;             /* the same to check with; afterwards the old one */
    gboolean recoverable;       /* it is kept so; afterwards whether the old one was */
    KxDomainEntry *home;        /* in which it is, or NULL */
    KxEntry *entry;             /* in the tables, or to come there */
    KxRecord *next;             /* structure as it will be; afterwards as it was; NULL: removed */
    char *name, *domain;        /* for the Config line */
    GPtrArray *owned;           /* texts that `given` borrows; may be NULL */
} KxObjectChange;

struct KxObjectType {
    KxRecordType record;
    size_t entry_size;
    const char *noun;         /* "a user" */
    const char *logged;       /* "User" */
    gboolean by_domain_admin; /* domain administrators may change it */

    /* Canonical name of a new one, without the domain. */
    char *(*name)(const char *given, GError **error);
    /* Where it is found by kx_name_fold() of its name. */
    GHashTable *(*table)(KxDirectory *directory, KxDomainEntry *home);
    /* What must hold of `next` beside the others; of a removal, whether it may go. May be NULL. */
    gboolean (*check)(KxDirectory *directory, KxObjectChange *change, GError **error);
    /* What is stored beside the record. May be NULL. */
    gboolean (*store)(KxDirectory *directory, KxObjectChange *change, GError **error);
    /* Changes of others that belong to this one; before a removal or `early`, else after it. May be
     * NULL. */
    void (*follow)(KxDirectory *directory, KxObjectChange *change, gboolean early, GPtrArray *more);
    /* A new entry's own members; what of them comes from fields, made anew. May be NULL. */
    void (*init)(KxEntry *entry);
    void (*derive)(KxEntry *entry);
    /* What the change and the entry exchange beside fields, in both directions. May be NULL. */
    void (*exchange)(KxObjectChange *change);
    /* Into the tables and out of them, without freeing the entry. */
    void (*link)(KxDirectory *directory, KxDomainEntry *home, KxEntry *entry);
    void (*unlink)(KxDirectory *directory, KxDomainEntry *home, KxEntry *entry);
    /* It is removed for good, and about to be freed: others forget it. May be NULL. */
    void (*gone)(KxDirectory *directory, const KxEntry *entry);
    void (*clear)(KxEntry *entry);
    /* What entries know of each other is made anew, after changes and after loading. May be NULL.
     */
    void (*settle)(KxDirectory *directory);
    /* The members of a copy that are derived. May be NULL. */
    void (*fill)(const KxEntry *entry, KxRecord *copy);
};

extern const KxObjectType kx_type_domain, kx_type_user, kx_type_group, kx_type_alias,
    kx_type_ip_group, kx_type_template, kx_type_time_range, kx_type_etrn, kx_type_schedule,
    kx_type_download, kx_type_sorting, kx_type_routing, kx_type_highlight;
const KxObjectType *kx_object_type(KxObject object);
const char *kx_object_noun(const KxObjectType *type); /* without the article */

/* Changes from what was given, into `all`; each has a NULL in `errors`, or what is wrong with it.
 */
void kx_object_prepare(const KxChange *given, guint n, guint flags, GPtrArray *all,
                       GError **errors);
void kx_object_change_free(gpointer change);

/* An entry for the tables with a copy of the record, and its end. */
KxEntry *kx_entry_new(const KxObjectType *type, const KxRecord *record);
KxEntry *kx_entry_begin(const KxObjectType *type,
                        KxRecord *record); /* that has room for an entry */
void kx_entry_free(const KxObjectType *type, KxEntry *entry);

/* A structure for outside. */
KxRecord *kx_entry_copy(const KxObjectType *type, const KxEntry *entry);

/* NULL with KX_ERR_INVALID or KX_ERR_NOT_FOUND. */
KxEntry *kx_entry_find(KxDirectory *directory, const KxObjectType *type, const char *name,
                       KxDomainEntry **ret_home, GError **error);

/* Another change, for KxObjectType.follow: sets one field of an entry; takes the text. */
void kx_object_follow(GPtrArray *more, const KxObjectType *type, const KxRecord *record,
                      KxFieldId field, char *text);

/* A list as text with `out` left out and `in` put in; either may be NULL. */
char *kx_list_replace(char *const *list, const char *out, const char *in);

/* Groups exist; they are written as they are called. */
gboolean kx_groups_check(KxDomainEntry *home, char **groups, GError **error);

gboolean kx_object_is_given(const KxObjectChange *change, KxFieldId field);

/* Account names, further addresses and those of groups share one space in a domain. `self` is whom
 * the address is meant for. */
gboolean kx_address_check_free(KxDomainEntry *home, const char *local, const KxEntry *self,
                               GError **error);
void kx_addresses_link(KxDomainEntry *home, char *const *addresses, KxUserEntry *user,
                       KxGroupEntry *group);
void kx_addresses_unlink(KxDomainEntry *home, char *const *addresses);

/* ---- domain.c: the same for IP address groups in the field etrn-group ---- */

const char *kx_domain_of_group(KxDirectory *directory, const char *key);
void kx_domains_rename_group(KxDirectory *directory, const char *key, const char *name,
                             GPtrArray *more);

/* ---- schedule.c ---- */

/* The name of a schedule that is valid in that time range only, or NULL; and what becomes of them
 * when it is renamed. */
const char *kx_schedule_of_range(KxDirectory *directory, const char *key);
void kx_schedules_rename_range(KxDirectory *directory, const char *key, const char *name,
                               GPtrArray *more);

/* ---- targets.c ---- */

/* Public folders that aliases and forwarding are to lead to. No lock is held. */
gboolean kx_targets_check(KxDirectory *directory, const KxObjectChange *change, GError **error);

/* ---- mapped.c ---- */

/* KX_ERR_DENIED: it is to be changed in the directory that it comes from. */
gboolean kx_mapped_check_change(const KxAdmin *admin, const KxObjectChange *change, GError **error);

/* ---- auth-scram.c ---- */

/* A copy of the account that a login name means on a connection to that address; NULL: nobody. */
KxUser *kx_auth_find_user(KxDirectory *directory, const char *login, const char *local_ip);

/* ---- rights.c ---- */

/* KX_ERR_DENIED: beyond the rights of whoever changes it. */
gboolean kx_rights_check_change(const KxAdmin *admin, const KxObjectChange *change, GError **error);
/* The same about what opens an account. */
gboolean kx_rights_check_account(const KxAdmin *admin, const KxUserEntry *user, GError **error);
/* Whether any account that is not disabled has full rights (USR-07). */
gboolean kx_rights_any_administrator(KxDirectory *directory);
