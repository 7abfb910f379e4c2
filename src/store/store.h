/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: accounts, their folders and items, below the data directory (the current directory of
 * the role). Layout:
 *
 *   store/mail/<domain>/#public, store/public, store/archive      accounts like the others, of
 * nobody: public folders of a domain and of the server, and the archive
 *   store/mail/<domain>/<user>/index.db                       index of the account (SQLite)
 *   store/mail/<domain>/<user>/<Folder>/<Sub>/#msgs/0000002a.eml   content; the name is the UID in
 * hex store/mail/<domain>/<user>/<Folder>/#folder               what must outlive the index:
 * UIDVALIDITY, a bound for UIDNEXT, type, special use store/tmp/ content that is not in a folder
 * yet store/open/<domain>/<user>                                 mark of an index open for writing
 *
 * Files are the truth for content, the index for everything else. An index that is gone or damaged
 * is rebuilt from the files at the next access; UIDs and UIDVALIDITY stay.
 *
 * Threads: all functions may be called from any thread. Objects are reference-counted. Content is
 * written and synced before an account's lock is taken.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

typedef struct KxStore KxStore;
typedef struct KxAccount KxAccount;

/* Who does something, for the Operations log (LOG-52 to 57). Strings live as long as the call. */
typedef struct {
    const char *protocol; /* "IMAP", "POP3", "SYSTEM", ... */
    const char *user;     /* user@domain, NULL for the system */
    const char *ip;       /* of the client, NULL if none */
} KxActor;

KxStore *kx_store_open(KxLogger *logger, GError **error);
void kx_store_close(KxStore *store); /* all accounts must have been released */

/* Quick check of every account that was open at an unclean end; called once at start. Damaged
 * indexes are rebuilt and reported in the Error log (TRB-06). */
void kx_store_recover(KxStore *store);

/* Lets go of accounts nobody has used for a while; called every few seconds. */
void kx_store_tick(KxStore *store);

/* What others must hear of. Set before accounts are used and not while any is. `arrived` comes
 * after a commit that added items, `refused` when something did not fit into the quota; both from
 * any thread, maybe with the account's write lock held: they must be quick and call nothing of the
 * store. `removing` comes before an account is removed; when it returns, its owner holds the
 * account no more. Each may be NULL. */
typedef struct {
    void (*arrived)(gpointer data, const char *account_name);
    void (*removing)(gpointer data, const char *account_name);
    void (*refused)(gpointer data, const char *account_name);
    gpointer data;
} KxStoreHooks;
void kx_store_add_hooks(KxStore *store, const KxStoreHooks *hooks); /* two listeners at most */
void kx_store_drop_hooks(KxStore *store, gpointer data);
/* Calls `refused`, also for what was turned away before it came to the store. */
void kx_store_refused(KxAccount *account);

/* The account of user@domain; both are lower-case, the domain in A-label or ASCII form. It is made,
 * with the default folders, if it is not there. A new reference. KX_ERR_NOT_FOUND if the limits say
 * that there is nobody of that name. */
KxAccount *kx_store_account(KxStore *store, const char *domain, const char *user, GError **error);
/* An account by its kx_account_name(), of whatever kind; one that is not there is
 * KX_ERR_NOT_FOUND. */
KxAccount *kx_store_existing_account(KxStore *store, const char *name, GError **error);

/* Names of the accounts that are there, of every kind, sorted; with `file` only of those that have
 * a file of that name. Opens none of them. Free with g_ptr_array_unref. */
GPtrArray *kx_store_account_names(const char *file);

typedef enum { KX_ACCOUNT_PERSONAL, KX_ACCOUNT_PUBLIC, KX_ACCOUNT_ARCHIVE } KxAccountKind;

/* The public folders of a domain, with NULL those of the whole server, and the archive (ARC-04);
 * made empty if they are not there. A new reference. */
KxAccount *kx_store_public(KxStore *store, const char *domain, GError **error);
KxAccount *kx_store_archive(KxStore *store, GError **error);

KxAccountKind kx_account_kind(KxAccount *account);
KxAccount *kx_account_ref(KxAccount *account);
void kx_account_unref(KxAccount *account);
/* Whether nobody else holds a reference just now. */
gboolean kx_account_is_alone(KxAccount *account);
const char *kx_account_name(KxAccount *account); /* "user@domain", "#public@domain", "#archive" */

/* The path of a file of that name in the account's directory, where what can be lost may be kept;
 * free with g_free. */
char *kx_account_file(KxAccount *account, const char *name);

/* What an account holds, of every kind. */
typedef struct {
    guint64 bytes;
    guint64 items;
} KxUsage;
KxUsage kx_account_usage(KxAccount *account);

/* What an account may hold, of all kinds of items together (0: no limit), and what it keeps. */
typedef struct {
    guint64 bytes;
    guint64 items;
    gboolean keeps;  /* what is removed from a personal account for good is kept (store/kept.h) */
    gboolean nobody; /* there is no such user: nothing is delivered to him any more */
} KxLimits;

/* Who tells them: asked under an account's lock at each commit by which it grows or shrinks, so it
 * must be cheap and may not call the store. Set before the first account is opened; without one
 * there are no limits. */
typedef KxLimits (*KxLimitsFunc)(gpointer data, const char *account);
void kx_store_set_limits(KxStore *store, KxLimitsFunc func, gpointer data);
KxLimits kx_account_limits(KxAccount *account);

/* Removes the account with all its content. KX_ERR_IN_USE while somebody else holds it. */
gboolean kx_store_remove_account(KxStore *store, const char *domain, const char *user,
                                 GError **error);

/* Rebuilds the index of an account from its files, taking over flags from the old index as far as
 * it can be read. Open folders see the result as ordinary changes. */
gboolean kx_account_reindex(KxAccount *account, guint *ret_items, GError **error);

/* Compares index and files; each difference becomes a line. Empty means consistent. */
GPtrArray *kx_account_check(KxAccount *account, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxStore, kx_store_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAccount, kx_account_unref)
