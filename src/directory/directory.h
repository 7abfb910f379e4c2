/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory: domains, users, groups, aliases, IP address groups and the stored settings, all in
 * server.db. Reads come from an in-memory snapshot and never touch the disk; each change is one
 * transaction, logged in the Config log at the one place all changes pass (LOG-24), and visible
 * when the call returns.
 *
 * Names: domains are given in any case, Unicode or A-label form and kept as lower-case A-labels;
 * local parts are kept as written, compared without case (NFKC_Casefold).
 *
 * Threads: all functions from any thread. Structs returned are the caller's.
 */
#pragma once

#include <glib.h>

#include "db/db.h"
#include "ipc/message.h"
#include "log/log.h"
#include "settings/settings.h"

typedef struct KxDirectory KxDirectory;

/* Opens or makes server.db in the current directory. */
KxDirectory *kx_directory_open(KxLogger *logger, GError **error);
void kx_directory_close(KxDirectory *directory);

/* Who makes a change: for the Config log, and for what he may (directory/rights.h). */
typedef enum { KX_LEVEL_NONE, KX_LEVEL_READ, KX_LEVEL_FULL } KxAdminLevel;

typedef struct {
    const char *name; /* "Admin", "root (local)", ... */
    KxAdminLevel level;
    const char *domain; /* may manage accounts, groups and aliases of this domain; or NULL */
    gboolean mapper;    /* speaks for a directory elsewhere, whose accounts are changed there */
    gboolean renews;    /* stores a password in another form that is set already */
} KxAdmin;

/* ---- settings ---- */

KxSettings *kx_directory_settings(
    KxDirectory *directory); /* a new reference to the current snapshot */

/* All or none. Callbacks registered below run before it returns, in the order of the changes; they
 * may not change the directory. A setting that names an IP address group takes only one that
 * exists. */
gboolean kx_directory_set(KxDirectory *directory, const KxAdmin *admin,
                          const KxSettingChange *changes, guint n, GError **error);
/* The same, but only if the settings are still those of `seen` (NULL: any); KX_ERR_CONFLICT. */
gboolean kx_directory_set_seen(KxDirectory *directory, const KxAdmin *admin, const KxSettings *seen,
                               const KxSettingChange *changes, guint n, GError **error);
typedef void (*KxSettingsChanged)(gpointer data, KxSettings *settings);
void kx_directory_on_settings(KxDirectory *directory, KxSettingsChanged func, gpointer data);

/* ---- objects ---- */

typedef enum {
    KX_OBJECT_DOMAIN,
    KX_OBJECT_USER,
    KX_OBJECT_GROUP,
    KX_OBJECT_ALIAS,
    KX_OBJECT_IP_GROUP,
    KX_OBJECT_TEMPLATE,
    KX_OBJECT_TIME_RANGE,
    KX_OBJECT_ETRN,
    KX_OBJECT_SCHEDULE,
    KX_OBJECT_DOWNLOAD,
    KX_OBJECT_SORTING,
    KX_OBJECT_ROUTING,
    KX_OBJECT_HIGHLIGHT,
    KX_OBJECT_COUNT,
} KxObject;

/* How each begins. */
typedef struct {
    gint64 id;
    guint generation; /* new with each change and never used twice: caches of sign-ins compare it */
    char *domain;     /* in which it is; NULL for domains and what belongs to the whole server */
    char *name;       /* as stored: of users and groups the part before @, also used in paths */
} KxRecord;

#define KX_RECORD                                                                                  \
    union {                                                                                        \
        KxRecord record;                                                                           \
        struct {                                                                                   \
            gint64 id;                                                                             \
            guint generation;                                                                      \
            char *domain;                                                                          \
            char *name;                                                                            \
        };                                                                                         \
    }

/* When mail for a forward host is sent (DOM-34). */
typedef enum { KX_FORWARD_ONLINE, KX_FORWARD_ETRN, KX_FORWARD_SCHEDULE } KxForwardMode;

/* What an LDAP directory is like. */
typedef enum {
    KX_DIRECTORY_NONE,
    KX_DIRECTORY_ACTIVE,
    KX_DIRECTORY_OPENLDAP,
    KX_DIRECTORY_FREEIPA,
    KX_DIRECTORY_EDIRECTORY,
} KxDirectoryType;

/* Whom of it a domain takes (USR-06). */
typedef enum { KX_ACTIVATE_ALL, KX_ACTIVATE_CHOSEN } KxActivate;

/* Where an account or a group comes from. */
typedef enum {
    KX_SOURCE_INTERNAL,
    KX_SOURCE_LDAP,
    KX_SOURCE_GONE,   /* it did, and is no longer there */
    KX_SOURCE_BARRED, /* the same, and an administrator had disabled it: so it is when it is back */
    KX_SOURCE_INACTIVE, /* it does, but the domain no longer takes it (KX_ACTIVATE_CHOSEN) */
} KxSource;

/* Who checks the password of an account. */
typedef enum {
    KX_AUTHENTICATION_PASSWORD, /* this server, or the directory that the account comes from */
    KX_AUTHENTICATION_KERBEROS, /* the KDC of the domain's realm */
    KX_AUTHENTICATION_PAM,      /* the domain's PAM service on this machine */
} KxAuthentication;

typedef enum { KX_OVERRIDE_NONE, KX_OVERRIDE_NO, KX_OVERRIDE_YES } KxOverride;

typedef struct {
    KX_RECORD; /* the name is in A-labels, lower-case */
    gboolean primary;
    char *description;
    char **aliases;           /* domain aliases */
    char *bound_ip;           /* DOM-27, or empty */
    char **source_ips;        /* mail of its senders leaves from these, one of each kind */
    guint64 user_limit;       /* most users it may have, 0: no limit */
    guint64 max_message_size; /* bytes that users may send, 0: no limit */
    KxOverride own_addresses; /* they send with their own alone; none: they do */
    char *footer;             /* lines, or empty */
    char *footer_html;
    char *report_language;                     /* or empty */
    gboolean footer_external;                  /* not if all recipients are here */
    guint64 clean_junk_days, clean_trash_days; /* 0: never */
    guint64 keep_deleted_days;                 /* 0: not at all */
    char *forward_host;                        /* for names that are nobody's here; or empty */
    guint64 forward_port;
    KxForwardMode forward_mode;
    gboolean forward_aliases;  /* also what is addressed to a domain alias */
    KxOverride forward_verify; /* ask it whether it takes mail for a name; none: yes */
    guint64 password_length, password_classes; /* least; 0: as the settings say */
    KxOverride password_change;                /* by users themselves; none: yes */
    KxOverride dkim_sign; /* what the domain sends is signed, if it has keys; none: yes */
    char *etrn_group;     /* of IP addresses that may ask for the mail, or empty */
    char **etrn_users;    /* logins that may */

    /* where users and groups come from besides (directory/mapped.h) */
    KxDirectoryType directory;
    KxActivate directory_activate;
    char **directory_hosts; /* "host" or "host:port" */
    KxDirectoryTls directory_tls;
    char *directory_ca;                           /* PEM, or empty */
    char *directory_user, *directory_password;    /* empty: nobody signs in */
    char *directory_name, *directory_base;        /* empty: made of the domain's name */
    char *directory_users, *directory_groups;     /* filters, or empty */
    char **directory_attributes;                  /* "what=attribute+attribute" */
    guint64 directory_refresh, directory_timeout; /* seconds; 0: as the manual says */

    char *kerberos_realm; /* or empty; kx_domain_realm() of directory/auth-outside.h */
    char *nt_domain;      /* the short name of the same, for NTLM; or empty */
    char *pam_service;    /* or empty: KX_PAM_SERVICE */

    /* whose tokens its users may sign in with (directory/provider.h) */
    char *oidc_issuer;                         /* URL, or empty */
    char **oidc_audience, **oidc_scopes;       /* of tokens */
    char *oidc_claim;                          /* that names the account; empty: "email" */
    char *oidc_client_id, *oidc_client_secret; /* to ask about tokens, or empty */
    char *oidc_ca;                             /* PEM, or empty */

    gboolean recoverable;        /* passwords are kept so that they can be had back */
    gboolean app_passwords_only; /* mail programs of its users need one (directory/issued.h) */
} KxDomain;

typedef struct {
    KX_RECORD;
    char *second_factor; /* directory/totp.h, or empty */
    char *full_name;
    char *description;
    KxSource source;
    char *directory_entry; /* DN, of users from a directory */
    KxAuthentication authentication;
    gboolean disabled;
    gboolean publish;         /* in the public folder Contacts */
    KxAdminLevel admin;       /* his own rights; what he may is in directory/rights.h */
    gboolean web_admin;       /* manages the accounts of his domain */
    gboolean public_folders;  /* has all rights to the public folders (PUB-14) */
    gboolean archive_folders; /* has all rights to the archive (ARC-20) */
    KxOverride full_listing;  /* of imap.full-listing */
    char **addresses;         /* further local parts in the domain */
    char **groups;            /* of the domain, that he is a member of */
    char **forward;           /* addresses that get his mail */
    gboolean forward_only;    /* and he does not */
    guint64 quota;            /* bytes the mailbox may hold, 0: no limit */
    guint64 quota_items;      /* the same of items */
    guint64 max_message_size; /* bytes he may send, 0: as the domain says */
    gboolean local_only;      /* to and from his domain alone; directory/sender.h */
    char *clean_junk_days, *clean_trash_days; /* in place of the domain's; or empty */
    KxOverride app_passwords_only;            /* the same */
} KxUser;

typedef struct {
    KX_RECORD;
    char *description;
    char **addresses; /* local parts that all members get mail by */
    char **members;   /* names of users */
    KxAdminLevel admin;
    gboolean web_admin;
    gboolean public_folders;
    gboolean local_only;
    gboolean publish; /* in the public folder Contacts */
    KxSource source;
} KxGroup;

typedef struct {
    KX_RECORD; /* the name is a local part in which * and ? stand for characters */
    char *description;
    char **targets; /* local parts of the domain, addresses, "#public/Folder" */
} KxAlias;

typedef struct {
    KX_RECORD;
    char *description;
    char **entries; /* "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32",
                       "group:Name" */
} KxIpGroup;

/* For new accounts. */
typedef struct {
    union {
        KX_RECORD;
        KxUser account; /* what they get; full name and addresses are not used */
    };
    char *for_domain; /* whose accounts, or empty */
} KxTemplate;

typedef struct {
    KX_RECORD;
    char *description;
    char **entries; /* directory/time-rule.h */
} KxTimeRange;

/* How a connection to a server with a sign-in is protected; as in smtp.relay-tls. */
typedef enum {
    KX_RELAY_TLS_MAY,
    KX_RELAY_TLS_NEVER,
    KX_RELAY_TLS_MUST,
    KX_RELAY_TLS_VERIFY,
    KX_RELAY_TLS_WRAP,
} KxRelayTls;

/* A server that holds mail for domains here (ETRN-02). */
typedef struct {
    KX_RECORD;
    char *description;
    gboolean disabled;
    char *host;
    guint64 port; /* 0: the usual one */
    KxRelayTls tls;
    char **domains;
    char *user, *password; /* empty: no sign-in */
    guint64 timeout;       /* seconds, 0: the usual time */
} KxEtrnServer;

/* When something is done by itself (SCHED-02). */
typedef struct {
    KX_RECORD;
    char *description;
    gboolean disabled;
    guint64 every; /* seconds; 0: at times of day */
    char **at;     /* "20:00" */
    char *range;   /* name of a time range, or empty */
    char **actions;
    gboolean dial;      /* the line is brought up for it, and down afterwards */
    char *online_check; /* host that must answer, or empty */
    guint64 online_port;
} KxSchedule;

/* A mailbox on another server, whose mail is brought here. */
typedef struct {
    KX_RECORD;
    char *description;
    gboolean disabled;
    guint protocol, tls, auth; /* KxFetchProtocol, KxFetchTls, KxFetchAuth */
    char *host;
    guint64 port;             /* 0: the usual one */
    gboolean any_certificate; /* not checked */
    char *login, *password;
    char *folder;     /* of IMAP; empty: INBOX */
    char *deliver_to; /* or by the sorting rules: */
    gboolean sort;
    char *header;                     /* looked into first, or empty */
    gboolean drop_duplicates;         /* of one message for several recipients */
    gboolean keep;                    /* on the server, */
    guint64 keep_days;                /* for so long; 0: for good */
    guint64 message_size;             /* bytes of one to be taken, 0: no limit */
    guint64 session_size;             /* bytes of one session, 0: no limit */
    guint64 session_count;            /* messages of one session, 0: no limit */
    guint64 session_minutes, timeout; /* the latter in seconds; 0: as the manual says */
} KxDownload;

/* Who gets downloaded mail for an address. */
typedef struct {
    KX_RECORD; /* the name is "name@domain", "*@domain" or "*" */
    char *description;
    gboolean disabled;
    char *deliver_to; /* an address, or "*@domain" */
} KxSorting;

/* How a host is signed in to before it takes mail (SMTP-27). */
typedef enum { KX_RELAY_AUTH_SMTP, KX_RELAY_AUTH_POP3 } KxRelayAuth;

/* To which server mail goes, other than DNS or the relay server would have it (OVR-52, OVR-53). */
typedef struct {
    KX_RECORD;
    char *description;
    gboolean disabled;
    guint64 priority;  /* rules are tried by it, then by name */
    char **recipients; /* patterns; none: all */
    char **senders;    /* the same */
    char *host;        /* empty: the servers that DNS names */
    guint64 port;      /* 0: that of smtp.delivery-port */
    KxRelayTls tls;
    char *user, *password; /* empty: no sign-in */
    KxRelayAuth auth;
    char *pop3_host; /* empty: `host` */
    guint64 pop3_port;
} KxRoutingRule;

/* Lines of the logs in a color (LOG-10). */
typedef struct {
    KX_RECORD;
    char *text;
    gboolean regex;
    char *color; /* "#rrggbb", or empty */
} KxHighlight;

/* For the field table. */
#define KX_STRUCT_DOMAIN     KxDomain
#define KX_STRUCT_USER       KxUser
#define KX_STRUCT_GROUP      KxGroup
#define KX_STRUCT_ALIAS      KxAlias
#define KX_STRUCT_IP_GROUP   KxIpGroup
#define KX_STRUCT_TEMPLATE   KxTemplate
#define KX_STRUCT_TIME_RANGE KxTimeRange
#define KX_STRUCT_HIGHLIGHT  KxHighlight
#define KX_STRUCT_ETRN       KxEtrnServer
#define KX_STRUCT_SCHEDULE   KxSchedule
#define KX_STRUCT_DOWNLOAD   KxDownload
#define KX_STRUCT_SORTING    KxSorting
#define KX_STRUCT_ROUTING    KxRoutingRule

void kx_domain_free(KxDomain *domain);
void kx_user_free(KxUser *user);
void kx_group_free(KxGroup *group);
void kx_alias_free(KxAlias *alias);
void kx_ip_group_free(KxIpGroup *group);
void kx_etrn_server_free(KxEtrnServer *server);
void kx_download_free(KxDownload *download);
void kx_object_free(KxObject object, KxRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDomain, kx_domain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxUser, kx_user_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxGroup, kx_group_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAlias, kx_alias_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxIpGroup, kx_ip_group_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDownload, kx_download_free)

/* By name; of what lies in domains "name@domain", or a bare name in the primary domain. Addresses
 * and aliases of an account are not its name. KX_ERR_NOT_FOUND. */
KxRecord *kx_object_get(KxDirectory *directory, KxObject object, const char *name, GError **error);
KxDomain *kx_domain_get(KxDirectory *directory, const char *name, GError **error);
KxUser *kx_user_get(KxDirectory *directory, const char *login, GError **error);
char *kx_domain_primary(KxDirectory *directory); /* its name, or NULL */
/* The domain that gets mail for that name, which may be one of its aliases; NULL: none here. */
char *kx_domain_of_mail(KxDirectory *directory, const char *name);
KxGroup *kx_group_get(KxDirectory *directory, const char *name, GError **error);

/* What holds for a user's mailbox, his own word and that of his domain together. */
typedef struct {
    guint64 quota, quota_items;                /* 0: no limit */
    guint64 clean_junk_days, clean_trash_days; /* 0: never */
    guint64 keep_deleted_days;                 /* 0: not at all */
} KxMailboxRules;

/* Cheap: asked at every delivery. FALSE: there is no such user. */
gboolean kx_user_rules(KxDirectory *directory, const char *login, KxMailboxRules *ret_rules);

/* What is stored of a password, "{SCHEME}..." as the field password-hash takes it; NULL: nothing.
 */
char *kx_user_stored_password(KxDirectory *directory, const char *login);

/* Which objects to list, and how many of them. */
typedef struct {
    const char *domain; /* NULL: of all */
    const char *search; /* what the name or another text must contain, in any case; or NULL */
    guint offset;
    guint limit; /* 0: all */
} KxQuery;

/* Of the object's structure, by domain and name; free with g_ptr_array_unref(). ret_total, which
 * may be NULL, is how many there were without offset and limit. KX_ERR_NOT_FOUND: no such domain.
 */
GPtrArray *kx_object_list(KxDirectory *directory, KxObject object, const KxQuery *query,
                          guint *ret_total, GError **error);
GPtrArray *kx_domain_list(KxDirectory *directory);
GPtrArray *kx_user_list(KxDirectory *directory, const char *domain, GError **error);

/* ---- shares ---- */

/* Who shares folders of his mailbox with whom: a hint, so that nobody has to look into all
 * mailboxes. What is shared has a row; a row may be there for nothing. The rights themselves are in
 * the store. `owner` and `identifier` are "user@domain"; "@domain" as identifier is everybody
 * there. */
gboolean kx_shares_add(KxDirectory *directory, const char *owner, const char *identifier,
                       GError **error);
gboolean kx_shares_remove(KxDirectory *directory, const char *owner, const char *identifier,
                          GError **error);
gboolean kx_shares_has(KxDirectory *directory, const char *owner, const char *identifier);
GPtrArray *kx_shares_owners(KxDirectory *directory, const char *identifier); /* of char *, sorted */

/* ---- authentication ---- */

typedef enum {
    KX_AUTH_OK,
    KX_AUTH_FAILED, /* unknown user, wrong password, disabled: the client is told no difference */
    KX_AUTH_BUSY,   /* try again: too many password checks at once, or nobody there to ask */
} KxAuthResult;

/* The process that has the keys of the host; NULL takes it away. Before and after sessions. */
struct KxKerberos;
void kx_directory_set_kerberos(KxDirectory *directory, struct KxKerberos *kerberos);
/* The same of the helper that asks PAM. */
struct KxPam;
void kx_directory_set_pam(KxDirectory *directory, struct KxPam *pam);

/* Checks a password. Takes the same time for unknown users. Argon2id with a bounded number of
 * checks at a time; a success is remembered (keyed hash in memory, a few minutes, until the user
 * changes), so that clients that sign in all the time cost little. `ip` is the client's, for those
 * who are asked elsewhere; NULL: none. ret_user is set on KX_AUTH_OK;
 * ret_reason (static text, for the Warning log) otherwise. */
KxAuthResult kx_auth_password(KxDirectory *directory, const char *login, const char *password,
                              const char *local_ip, const char *ip, KxUser **ret_user,
                              const char **ret_reason);
/* Whether that would compute a password hash: it does not for what is remembered, malformed, or
 * asked of a directory elsewhere. */
gboolean kx_auth_hashes(KxDirectory *directory, const char *login, const char *password,
                        const char *local_ip);

/* Whose mailbox the master password opens (AUTH-12): NULL if it is not that password, or not from
 * an address of the group, or there is no such account, or it is disabled. */
KxUser *kx_auth_master(KxDirectory *directory, const char *login, const char *password,
                       const char *ip, const char *local_ip);

/* The account that a login name means, as "user@domain", or for nobody the name itself without
 * case. Free it. */
char *kx_auth_account(KxDirectory *directory, const char *login, const char *local_ip);

/* Whose address that is: the name of an account or one of its further addresses, in a domain or an
 * alias of it. NULL: nobody's, or a group's. */
KxUser *kx_auth_user_of_address(KxDirectory *directory, const char *address);

/* What a client is to prove with SCRAM: `keys` has the hash, the rest is set; its salt and
 * iterations look alike for names that are nobody's. NULL, with ret_reason: no proof can be
 * right. */
typedef struct KxScramKeys KxScramKeys; /* directory/scram.h */
KxUser *kx_auth_scram(KxDirectory *directory, const char *login, const char *local_ip,
                      KxScramKeys *keys, const char **ret_reason);
/* What of the needs of mechanisms (KxSaslNeed of settings/sasl.h) is there. */
guint kx_auth_provides(KxDirectory *directory);

/* Another number when the account gets another password, or its name belongs to another account:
 * sessions that were opened before end. 0: there is no such account, or it is disabled. */
guint kx_auth_stamp(KxDirectory *directory, const char *login);

/* Why a password is a poor one (static text for a person), or NULL. It may be set all the same:
 * only empty ones are refused. */
const char *kx_password_weakness(const char *password);

/* ---- IP address groups ---- */

/* The addresses of a group and of all groups in it, separated by commas; empty also when there is
 * none of that name. */
char *kx_ip_group_networks(KxDirectory *directory, const char *group);

/* FALSE also when there is no group of that name. `ip` is textual IPv4 or IPv6; IPv4-mapped counts
 * as IPv4. */
gboolean kx_ip_group_contains(KxDirectory *directory, const char *group, const char *ip);

/* What finds the lines; KX_ERR_INVALID: the expression is wrong. */
GRegex *kx_highlight_compile(const KxHighlight *rule, GError **error);

/* Whether a time range is valid at a local time. */
gboolean kx_time_range_holds(const KxTimeRange *range, GDateTime *local);

/* ---- sorting rules ---- */

/* Where downloaded mail for an address goes, by the rule for it or for its domain; NULL: there is
 * none. The same by the rule "*". Rules that are disabled do not count. */
char *kx_sorting_find(KxDirectory *directory, const char *address);
char *kx_sorting_default(KxDirectory *directory);

/* ---- changes ---- */

/* Values are given as the command line and the API give them; NULL takes the field away. Fields are
 * listed in directory/object-list.h; unknown names and bad values are errors that say what is
 * allowed. */
typedef struct {
    const char *field;
    const char *value;
} KxField;

/* A copy of a domain as it would be with other fields; nothing is stored. */
KxDomain *kx_domain_with(KxDirectory *directory, const char *name, const KxField *fields, guint n,
                         GError **error);

typedef enum {
    KX_CHANGE_ADD,
    KX_CHANGE_SET,
    KX_CHANGE_REMOVE,
    KX_CHANGE_RENAME,
} KxChangeVerb;

typedef struct {
    KxChangeVerb verb;
    KxObject object;
    const char *name;     /* as for kx_object_get() */
    const char *new_name; /* without a domain */
    const KxField *fields;
    guint n_fields;
    guint generation;     /* it must still have; 0: any */
    const char *template; /* of a new user, or NULL */
} KxChange;

/*
 * All or none, as one transaction, durable and visible when it returns. `ret_failed`, which may be
 * NULL, says which change was refused. Errors: KX_ERR_INVALID, KX_ERR_NOT_FOUND, KX_ERR_EXISTS
 * (name or address is taken), KX_ERR_IN_USE (a domain that is primary or not empty, a group that
 * something names), KX_ERR_DENIED (beyond the rights of `admin`), KX_ERR_CONFLICT (another
 * generation).
 */
gboolean kx_object_change(KxDirectory *directory, const KxAdmin *admin, const KxChange *changes,
                          guint n, guint *ret_failed, GError **error);

/* Whether there is such a public folder for mail (KX_ERR_INVALID: no). Asked, without locks, when
 * aliases or forwarding are to lead there; without it all are taken. Set at start. */
typedef gboolean (*KxPublicFolderCheck)(gpointer data, const char *domain, const char *folder,
                                        GError **error);
void kx_directory_on_public_folder(KxDirectory *directory, KxPublicFolderCheck func, gpointer data);

/* Called after users or groups of a domain were changed, once for each domain of a change, under a
 * lock of the directory: it must be quick and call nothing of the directory. One listener; NULL
 * takes it away. */
typedef void (*KxPeopleChanged)(gpointer data, const char *domain);
void kx_directory_on_people(KxDirectory *directory, KxPeopleChanged func, gpointer data);

typedef enum {
    KX_CHANGE_EACH = 1 << 0, /* one that is refused does not keep the others from being made */
    KX_CHANGE_TRY = 1 << 1,  /* all is checked, and nothing is changed */
} KxChangeFlags;

/*
 * The same with a choice. With KX_CHANGE_EACH it is still one transaction: `ret_errors`, of n, gets
 * what is wrong with each, NULL if nothing is, and FALSE means that nothing was done for a reason
 * that is not in one change. Without it `ret_errors` is NULL. Passwords of several changes are
 * hashed on all processors.
 */
gboolean kx_object_change_many(KxDirectory *directory, const KxAdmin *admin,
                               const KxChange *changes, guint n, guint flags, GError **ret_errors,
                               guint *ret_failed, GError **error);

/* Objects and settings as one transaction, all or none; settings may name objects that it adds.
 * `flags` may hold KX_CHANGE_TRY. `ret_failed` is n if it is not an object that was refused. */
gboolean kx_directory_change(KxDirectory *directory, const KxAdmin *admin, const KxChange *changes,
                             guint n, const KxSettingChange *settings, guint n_settings,
                             guint flags, guint *ret_failed, GError **error);

gboolean kx_object_add(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                       const char *name, const KxField *fields, guint n, GError **error);
gboolean kx_object_set(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                       const char *name, const KxField *fields, guint n, GError **error);
gboolean kx_object_remove(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                          const char *name, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDirectory, kx_directory_close)
