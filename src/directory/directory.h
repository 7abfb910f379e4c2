/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory: domains, users, address resolution, IP address groups and the stored settings, all
 * in server.db. Reads come from an in-memory snapshot and never touch the disk; each change is one
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
#include "log/log.h"
#include "settings/settings.h"

typedef struct KxDirectory KxDirectory;

/* Opens or makes server.db in the current directory. */
KxDirectory *kx_directory_open(KxLogger *logger, GError **error);
void kx_directory_close(KxDirectory *directory);

/* Who makes a change, for the Config log: "Admin", "root (local)", ... */
typedef struct {
    const char *name;
} KxAdmin;

/* ---- settings ---- */

KxSettings *kx_directory_settings(
    KxDirectory *directory); /* a new reference to the current snapshot */

/* All or none. Callbacks registered below run before it returns, in the order of the changes; they
 * may not change the directory. A setting that names an IP address group takes only one that
 * exists. */
gboolean kx_directory_set(KxDirectory *directory, const KxAdmin *admin,
                          const KxSettingChange *changes, guint n, GError **error);
typedef void (*KxSettingsChanged)(gpointer data, KxSettings *settings);
void kx_directory_on_settings(KxDirectory *directory, KxSettingsChanged func, gpointer data);

/* ---- domains ---- */

typedef struct {
    gint64 id;
    char *name; /* A-labels, lower-case */
    gboolean primary;
    char *description;
    char **aliases; /* domain aliases, sorted */
    char *bound_ip; /* DOM-27, or NULL */
} KxDomain;
void kx_domain_free(KxDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDomain, kx_domain_free)

KxDomain *kx_domain_get(KxDirectory *directory, const char *name, GError **error);
GPtrArray *kx_domain_list(KxDirectory *directory); /* of KxDomain, by name */

/* ---- users ---- */

typedef enum { KX_OVERRIDE_NONE, KX_OVERRIDE_NO, KX_OVERRIDE_YES } KxOverride;

typedef struct {
    gint64 id;
    char *name; /* local part, as stored and used in paths */
    char *domain;
    char *full_name;
    char *description;
    gboolean disabled;
    gboolean public_folders;  /* has all rights to the public folders (PUB-14) */
    gboolean archive_folders; /* has all rights to the archive (ARC-20) */
    KxOverride full_listing;  /* of imap.full-listing */
    char **addresses;         /* further local parts in the domain, sorted */
    guint64 quota;            /* bytes the mailbox may hold, 0: no limit */
    guint64 quota_items;      /* the same of items */
    guint generation; /* new with each change and never used twice: caches of sign-ins compare it */
} KxUser;
void kx_user_free(KxUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxUser, kx_user_free)

/* By user@domain of the account itself (not an alias); a bare name is taken in the primary domain.
 * KX_ERR_NOT_FOUND. */
KxUser *kx_user_get(KxDirectory *directory, const char *login, GError **error);
/* The quotas alone, cheaply: asked at every delivery. FALSE: there is no such user. */
gboolean kx_user_quotas(KxDirectory *directory, const char *login, guint64 *ret_bytes,
                        guint64 *ret_items);
/* By domain and name; `domain` NULL lists all. KX_ERR_NOT_FOUND: no such domain. */
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

/* ---- address resolution ---- */

typedef enum {
    KX_RCPT_LOCAL,    /* ret_user */
    KX_RCPT_UNKNOWN,  /* local domain, nobody there */
    KX_RCPT_DISABLED, /* the account exists but takes no mail */
    KX_RCPT_REMOTE,   /* not one of our domains */
} KxRecipientKind;

/* `address` without brackets; "postmaster" alone is taken in the primary domain, and every domain
 * without a postmaster of its own has the primary domain's (RFC 5321 section 4.5.1). A quoted local
 * part is unquoted. When nobody has the exact address, user+tag goes to user
 * (mail.subaddress-separator). ret_user is set for KX_RCPT_LOCAL only. */
KxRecipientKind kx_directory_resolve(KxDirectory *directory, const char *address,
                                     KxUser **ret_user);

/* ---- authentication ---- */

typedef enum {
    KX_AUTH_OK,
    KX_AUTH_FAILED, /* unknown user, wrong password, disabled: the client is told no difference */
    KX_AUTH_BUSY,   /* try again: too many password checks at once */
} KxAuthResult;

/* Checks a password. Takes the same time for unknown users. Argon2id with a bounded number of
 * checks at a time; a success is remembered (keyed hash in memory, a few minutes, until the user
 * changes), so that clients that sign in all the time cost little. ret_user is set on KX_AUTH_OK;
 * ret_reason (static text, for the Warning log) otherwise. */
KxAuthResult kx_auth_password(KxDirectory *directory, const char *login, const char *password,
                              const char *local_ip, KxUser **ret_user, const char **ret_reason);

/* Why a password is a poor one (static text for a person), or NULL. It may be set all the same:
 * only empty ones are refused. */
const char *kx_password_weakness(const char *password);

/* ---- IP address groups ---- */

/* FALSE also when there is no group of that name. `ip` is textual IPv4 or IPv6; IPv4-mapped counts
 * as IPv4. */
gboolean kx_ip_group_contains(KxDirectory *directory, const char *group, const char *ip);

/* ---- changes ---- */

/* What follows takes name=value pairs like the command line and the API give them; unknown names
 * and bad values are errors that name what is allowed. Values NULL take the field away. Fields are
 * listed in directory/object-list.h. Errors: KX_ERR_INVALID, KX_ERR_NOT_FOUND, KX_ERR_EXISTS (name
 * or address is taken), KX_ERR_IN_USE (a domain that is primary or not empty, a group that a
 * setting names). */
typedef struct {
    const char *field;
    const char *value;
} KxField;

gboolean kx_domain_add(KxDirectory *directory, const KxAdmin *admin, const char *name,
                       const KxField *fields, guint n, GError **error);
gboolean kx_domain_set(KxDirectory *directory, const KxAdmin *admin, const char *name,
                       const KxField *fields, guint n, GError **error);
gboolean kx_domain_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                          GError **error);

gboolean kx_user_add(KxDirectory *directory, const KxAdmin *admin, const char *login,
                     const KxField *fields, guint n, GError **error);
gboolean kx_user_set(KxDirectory *directory, const KxAdmin *admin, const char *login,
                     const KxField *fields, guint n, GError **error);
gboolean kx_user_remove(KxDirectory *directory, const KxAdmin *admin, const char *login,
                        GError **error);

typedef struct {
    char *name;
    char *description;
    char **entries; /* "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::/32" */
} KxIpGroup;
void kx_ip_group_free(KxIpGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxIpGroup, kx_ip_group_free)
GPtrArray *kx_ip_group_list(KxDirectory *directory);
gboolean kx_ip_group_set(KxDirectory *directory, const KxAdmin *admin, const char *name,
                         const KxField *fields, guint n, GError **error); /* makes it if needed */
gboolean kx_ip_group_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                            GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDirectory, kx_directory_close)
