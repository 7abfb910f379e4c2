/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share: the tables in memory. They are read under a read lock of
 * `lock` and changed under its write lock while `changing` is held too, so whoever holds `changing`
 * may read them without `lock`.
 */
#pragma once

#include <pthread.h>

#include "base/ip-range.h"
#include "base/lock.h"
#include "directory/auth-cache.h"
#include "directory/auth-decoy.h"
#include "directory/directory.h"
#include "directory/mapped.h"
#include "directory/refused-passwords.h"
#include "kerberos/kerberos.h"
#include "pam/pam.h"

/* What the tables hold of any object. An entry stays where it is while the object lives. */
typedef struct {
    KxRecord record;
} KxEntry;

typedef struct {
    union {
        KxEntry entry;
        KxDomain domain;
    };
    GHashTable *users;      /* folded name -> KxUserEntry, owned */
    GHashTable *groups;     /* folded name -> KxGroupEntry, owned */
    GHashTable *aliases;    /* folded name -> KxAliasEntry, owned */
    GHashTable *addresses;  /* folded further address -> KxAddress */
    GPtrArray *patterns;    /* KxAliasEntry with wildcards, but for "*" */
    GHashTable *lookalikes; /* what a name beyond ASCII looks like -> the name; NULL: none */
    guint recoverable;      /* users whose password can be had back */
} KxDomainEntry;

typedef struct {
    union {
        KxEntry entry;
        KxUser user;
    };
    char *key;            /* folded name */
    char *verifier;       /* Argon2id, "{SCHEME}..." of another server, or NULL: cannot
                             sign in */
    gboolean recoverable; /* the password is also kept so that it can be had back */
    GPtrArray *groups;    /* of KxGroupEntry, whose member he is; NULL: none */
} KxUserEntry;

gboolean kx_user_entry_is_local_only(const KxUserEntry *user); /* himself, or by a group */

typedef struct {
    union {
        KxEntry entry;
        KxGroup group; /* but for the members */
    };
    char *key;
    GHashTable *members; /* set of KxUserEntry */
} KxGroupEntry;

typedef struct {
    union {
        KxEntry entry;
        KxAlias alias;
    };
    char *key;
} KxAliasEntry;

typedef struct {
    union {
        KxEntry entry;
        KxIpGroup group;
    };
    char *key;
    KxIpRange *ranges;
    guint n_ranges;
} KxIpGroupEntry;

typedef struct {
    union {
        KxEntry entry;
        KxTemplate template;
    };
    char *key;
} KxTemplateEntry;

typedef struct {
    union {
        KxEntry entry;
        KxTimeRange range;
    };
    char *key;
} KxTimeRangeEntry;

typedef struct {
    union {
        KxEntry entry;
        KxHighlight rule;
    };
    char *key;
} KxHighlightEntry;

typedef struct {
    union {
        KxEntry entry;
        KxDownload download;
    };
    char *key;
} KxDownloadEntry;

typedef struct {
    union {
        KxEntry entry;
        KxEtrnServer server;
    };
    char *key;
} KxEtrnEntry;

typedef struct {
    union {
        KxEntry entry;
        KxSchedule schedule;
    };
    char *key;
} KxScheduleEntry;

typedef struct {
    union {
        KxEntry entry;
        KxSorting rule;
    };
    char *key;
} KxSortingEntry;

typedef struct {
    union {
        KxEntry entry;
        KxRoutingRule rule;
    };
    char *key;
    char **senders, **recipients; /* patterns in the form in which they are compared */
} KxRoutingEntry;

/* Who has a further address: one of them. */
typedef struct {
    KxUserEntry *user;
    KxGroupEntry *group;
} KxAddress;

/* Sign-ins that are not stored yet (sign-ins.c). */
typedef struct {
    KxMutex lock;
    GHashTable *noted;
} KxSignIns;

typedef struct KxIssuedTable KxIssuedTable; /* secrets that the server made (issued-private.h) */

typedef struct {
    KxSettingsChanged func;
    gpointer data;
} KxSettingsListener;

struct KxDirectory {
    pthread_mutex_t changing; /* one change at a time; guards db and listeners */
    KxDb *db;
    GArray *listeners; /* KxSettingsListener */

    KxRwLock lock;
    GHashTable *domains;     /* name -> KxDomainEntry, owned */
    GHashTable *aliases;     /* domain alias -> KxDomainEntry */
    GHashTable *bound;       /* IP address -> KxDomainEntry */
    KxDomainEntry *primary;  /* NULL while there is no domain */
    GHashTable *ip_groups;   /* folded name -> KxIpGroupEntry, owned */
    GHashTable *templates;   /* folded name -> KxTemplateEntry, owned */
    GHashTable *time_ranges; /* folded name -> KxTimeRangeEntry, owned */
    GHashTable *highlights;  /* folded name -> KxHighlightEntry, owned */
    GHashTable *etrn;        /* folded name -> KxEtrnEntry, owned */
    GHashTable *schedules;   /* folded name -> KxScheduleEntry, owned */
    GHashTable *downloads;   /* folded name -> KxDownloadEntry, owned */
    GHashTable *sorting;     /* folded name -> KxSortingEntry, owned */
    GHashTable *routing;     /* folded name -> KxRoutingEntry, owned */
    GPtrArray *routes;       /* of KxRoutingEntry that are not disabled, as they are tried */
    GHashTable *shares;      /* identifier -> set of owners */
    KxIssuedTable *issued;   /* issued-private.h */
    KxRefused *refused;      /* under `changing` */

    KxPeopleChanged people_changed; /* under `changing`, as its data */
    gpointer people_changed_data;

    guint imported;  /* accounts whose password another server has hashed */
    guint mapped;    /* domains with a directory elsewhere */
    guint providers; /* domains with a provider of tokens */
    KxMapper mapper;
    guint realms, nt_domains; /* domains that name one */
    guint elsewhere;          /* accounts whose field `authentication` names somebody else */
    KxKerberos *kerberos;     /* constant while sessions are served; NULL: none */
    KxPam *pam;               /* the same */
    gint64 outside_said;      /* atomic: when the log was last told that nobody can be asked */
    guint unrecoverable;      /* accounts with a password that cannot be had back */
    gint key_missed;          /* atomic: that passwords.key is lost was said */

    pthread_mutex_t reader_lock;
    KxDb *reader; /* beside `db`, so that reading does not wait for a change; under reader_lock */

    KxPublicFolderCheck folder_check;
    gpointer folder_check_data;

    KxLogger *logger;
    KxSettingsHolder *settings;
    KxSettings *next_settings; /* what a change of objects makes of them; under `changing` */
    gboolean settings_changed; /* listeners are to be told; the same */
    KxAuthGate *gate;
    KxAuthDecoys *decoys;
    KxSignIns sign_ins;
    guint8 srs_key[32]; /* constant */
};

/* ---- srs.c ---- */

gboolean kx_srs_load_key(KxDirectory *directory, GError **error); /* made if there is none */
/* As kx_srs_undo(), with this server's key, today. */
char *kx_srs_origin(const KxDirectory *directory, const char *local, GError **error);

/* ---- tables.c: no locks taken ---- */

void kx_tables_init(KxDirectory *directory);
void kx_tables_clear(KxDirectory *directory);

/* By name in any form. NULL with KX_ERR_INVALID or KX_ERR_NOT_FOUND. */
/* routing.c, with the lock held: the rule for mail of that sender ("": a report) to an address
 * elsewhere; and the one for an address in a domain here, which it must name itself. */
const KxRoutingRule *kx_routing_find(KxDirectory *directory, const char *sender,
                                     const char *address);
const KxRoutingRule *kx_routing_find_named(KxDirectory *directory, const char *address);

KxDomainEntry *kx_tables_find_domain(KxDirectory *directory, const char *name, GError **error);
/* The domain that gets mail for an A-label name, also as alias; NULL: none. */
KxDomainEntry *kx_tables_find_mail_domain(KxDirectory *directory, const char *name);
KxUserEntry *kx_tables_find_user(KxDirectory *directory, const char *login,
                                 KxDomainEntry **ret_home, GError **error);
/* The account a login name means on a connection to `local_ip` (may be NULL): domain bound to that
 * address, else the primary domain, for bare names (DOM-08, DOM-27); domain aliases never (DOM-22).
 * NULL: nobody. */
KxUserEntry *kx_tables_find_login(KxDirectory *directory, const char *login, const char *local_ip);
/* The domain in which it would be, and its name there. NULL: in none. */
KxDomainEntry *kx_tables_login_home(KxDirectory *directory, const char *login, const char *local_ip,
                                    char **ret_local);

/* ---- ip-group.c ---- */

KxIpGroupEntry *kx_ip_group_find(KxDirectory *directory, const char *name); /* NULL: none */

/* A value of a setting with KX_SETTING_IP_GROUP: empty or an existing group. `changing` is held. */
gboolean kx_ip_group_check_setting(KxDirectory *directory, const KxSettingRow *row,
                                   const char *name, GError **error);

/* ---- settings-store.c ---- */

/* Inside the transaction of a change of objects: settings with that flag follow a new name. */
gboolean kx_settings_rename(KxDirectory *directory, guint flag, const char *old, const char *new,
                            GError **error);
/* After the transaction: they count, or are forgotten. */
/* The same for settings that the change gives new values. */
gboolean kx_settings_take(KxDirectory *directory, const KxSettingChange *changes, guint n,
                          GError **error);
/* Its Config line, once it is done. */
void kx_settings_log(KxDirectory *directory, const KxAdmin *admin, const KxSettingChange *changes,
                     guint n);
void kx_settings_settle(KxDirectory *directory, gboolean done);
/* With the tables not locked: listeners are told if there is something new. */
void kx_settings_tell(KxDirectory *directory);

/* ---- shares.c ---- */

void kx_shares_insert(KxDirectory *directory, const char *owner, const char *identifier);
/* A user is removed: inside the transaction, and from the tables. */
gboolean kx_shares_store_forget(KxDirectory *directory, const char *user, GError **error);
void kx_shares_forget(KxDirectory *directory, const char *user);

/* ---- sign-ins.c ---- */

void kx_sign_ins_init(KxSignIns *sign_ins);
void kx_sign_ins_clear(KxSignIns *sign_ins);
/* A user is removed: inside the transaction, and from memory. */
gboolean kx_sign_ins_store_forget(KxDirectory *directory, gint64 user, GError **error);
void kx_sign_ins_forget(KxDirectory *directory, gint64 user);

/* ---- usage.c ---- */

/* Inside the transaction of a change: the domain has so many mailboxes now. */
gboolean kx_usage_store(KxDirectory *directory, const KxDomainEntry *home, guint mailboxes,
                        GError **error);

/* ---- issued.c ---- */

KxIssuedTable *kx_issued_table_new(void);
void kx_issued_table_free(KxIssuedTable *table);
void kx_issued_load(KxDirectory *directory, KxStmt *row);
/* A user is removed: inside the transaction, and from the tables. */
gboolean kx_issued_store_forget(KxDirectory *directory, gint64 owner, GError **error);
void kx_issued_forget(KxDirectory *directory, gint64 owner);

/* ---- load.c ---- */

gboolean kx_directory_load(KxDirectory *directory, GError **error);
