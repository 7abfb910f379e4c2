/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share: the tables in memory. They are read under a read lock of
 * `lock` and changed under its write lock while `changing` is held too, so whoever holds `changing`
 * may read them without `lock`.
 */
#pragma once

#include <pthread.h>

#include "directory/auth-cache.h"
#include "directory/directory.h"
#include "base/ip-range.h"
#include "base/lock.h"

typedef struct {
    KxUser user;
    char *key;      /* folded name */
    char *verifier; /* Argon2id, or NULL: cannot sign in */
} KxUserEntry;

typedef struct {
    KxDomain domain;
    GHashTable *users;     /* folded name -> KxUserEntry, owned */
    GHashTable *addresses; /* folded further address -> KxUserEntry */
} KxDomainEntry;

typedef struct {
    KxIpGroup group;
    gint64 id;
    char *key; /* folded name */
    KxIpRange *ranges;
    guint n_ranges;
} KxIpGroupEntry;

typedef struct {
    KxSettingsChanged func;
    gpointer data;
} KxSettingsListener;

struct KxDirectory {
    pthread_mutex_t changing; /* one change at a time; guards db and listeners */
    KxDb *db;
    GArray *listeners; /* KxSettingsListener */

    KxRwLock lock;
    GHashTable *domains;    /* name -> KxDomainEntry, owned */
    GHashTable *aliases;    /* domain alias -> KxDomainEntry */
    GHashTable *bound;      /* IP address -> KxDomainEntry */
    KxDomainEntry *primary; /* NULL while there is no domain */
    GHashTable *groups;     /* folded name -> KxIpGroupEntry, owned */
    GHashTable *shares;     /* identifier -> set of owners */

    KxLogger *logger;
    KxSettingsHolder *settings;
    KxAuthGate *gate;
};

/* ---- tables.c: no locks taken ---- */

void kx_tables_init(KxDirectory *directory);
void kx_tables_clear(KxDirectory *directory);

KxDomainEntry *kx_domain_entry_new(const KxDomain *domain); /* copies */
void kx_domain_entry_free(KxDomainEntry *entry);
KxUserEntry *kx_user_entry_new(const KxUser *user, const char *verifier); /* copies */
void kx_user_entry_free(KxUserEntry *entry);
void kx_ip_group_entry_free(KxIpGroupEntry *entry);
/* Takes the strings; the entries are known to be good. */
KxIpGroupEntry *kx_ip_group_entry_new(char *name, char *description, char **entries);

/* Put into the lookup tables, and take out of them without freeing the entry itself. */
void kx_tables_add_domain(KxDirectory *directory, KxDomainEntry *entry);
void kx_tables_link_domain(KxDirectory *directory, KxDomainEntry *entry); /* aliases, IP, primary */
void kx_tables_unlink_domain(KxDirectory *directory, KxDomainEntry *entry); /* the same */
/* The entry takes over all of `next` but its name. */
void kx_tables_replace_domain(KxDirectory *directory, KxDomainEntry *entry, const KxDomain *next);
void kx_tables_add_user(KxDomainEntry *home, KxUserEntry *entry);
void kx_tables_remove_user(KxDomainEntry *home, KxUserEntry *entry); /* frees it */

KxDomain *kx_domain_copy(const KxDomain *domain);
KxUser *kx_user_copy(const KxUser *user);

/* By name in any form. NULL with KX_ERR_INVALID or KX_ERR_NOT_FOUND. */
KxDomainEntry *kx_tables_find_domain(KxDirectory *directory, const char *name, GError **error);
KxUserEntry *kx_tables_find_user(KxDirectory *directory, const char *login,
                                 KxDomainEntry **ret_home, GError **error);
/* The account a login name means on a connection to `local_ip` (may be NULL): domain bound to that
 * address, else the primary domain, for bare names (DOM-08, DOM-27); domain aliases never (DOM-22).
 * NULL: nobody. */
KxUserEntry *kx_tables_find_login(KxDirectory *directory, const char *login, const char *local_ip);

/* Sorts a NULL-terminated array in place. */
void kx_strv_sort(char **list);

/* ---- ip-group.c ---- */

/* A value of a setting with KX_SETTING_IP_GROUP: empty or an existing group. `changing` is held. */
gboolean kx_ip_group_check_setting(KxDirectory *directory, const KxSettingRow *row,
                                   const char *name, GError **error);

/* ---- shares.c ---- */

void kx_shares_insert(KxDirectory *directory, const char *owner, const char *identifier);
/* A user is removed: inside the transaction, and from the tables. */
gboolean kx_shares_store_forget(KxDirectory *directory, const char *user, GError **error);
void kx_shares_forget(KxDirectory *directory, const char *user);

/* ---- load.c ---- */

gboolean kx_directory_load(KxDirectory *directory, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDomainEntry, kx_domain_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxUserEntry, kx_user_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxIpGroupEntry, kx_ip_group_entry_free)
