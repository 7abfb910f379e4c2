/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the accounts and groups that come from LDAP directories as those have them (DIR-01 to
 * DIR-07, USR-20). A thread looks at all of each domain again and again; a password, and a name
 * that nobody here has, are asked about at once (directory/mapped.h). The courier does the asking.
 *
 * What a directory no longer has is disabled, and its mailbox stays. A directory that cannot be
 * asked, or shows nobody at all, changes nothing.
 *
 * Threads: all functions from any thread, but free.
 */
#pragma once

#include "flow/queue.h"

typedef struct KxMapping KxMapping;

/* The thread begins at once. The directory and the logger must outlive it. */
KxMapping *kx_mapping_start(KxDirectory *directory, KxLogger *logger);
void kx_mapping_stop(KxMapping *mapping); /* whoever waits for an answer stops */
void kx_mapping_free(KxMapping *mapping); /* stops it first; nobody may be in it any more */

/* Who is to hear that accounts are gone, so that their sessions end. Set before there is a courier.
 */
void kx_mapping_on_gone(KxMapping *mapping, void (*gone)(gpointer data), gpointer data);

/* There is a courier, or with NULL none any more. */
void kx_mapping_set_courier(KxMapping *mapping, const KxQueueCourier *courier);

/* What a look at all of a domain came to. */
typedef struct {
    guint users, groups;        /* in the directory, without what was left out */
    guint added, changed, gone; /* users and groups here */
    guint left_out;             /* with names that cannot be used, or that are taken */
} KxMappingReport;

/* Does it now; blocks. KX_ERR_NOT_FOUND: no such domain; KX_ERR_INVALID: it has no directory; else
 * why it failed. */
gboolean kx_mapping_refresh(KxMapping *mapping, const char *domain, KxMappingReport *ret_report,
                            GError **error);

/* One server of a directory, tried. */
typedef struct {
    char *host, *ip, *tls; /* as far as it came */
    KxDirectoryState state;
    guint users, groups; /* that it shows */
    char *text;          /* what is wrong; NULL: nothing */
} KxMappingTest;

/* Of each server; free with g_ptr_array_unref(). Errors as before. */
GPtrArray *kx_mapping_test(KxMapping *mapping, const char *domain, GError **error);

/* A user in the directory. */
typedef struct {
    char *name, *full_name;
    char *entry;     /* DN */
    char *addresses; /* further ones, commas between */
    char *state;     /* "mapped", "new", or why he is left out; of a domain that chooses "active",
                        "not active" */
} KxMappingUser;

/* All of them; `filter`, which may be NULL, is one more. Free with g_ptr_array_unref(). */
GPtrArray *kx_mapping_list(KxMapping *mapping, const char *domain, const char *filter,
                           GError **error);

/* Of a domain that takes chosen users only (USR-06): takes those of the names, or with NULL
 * everybody who can be, at once, and lists them. KX_ERR_NOT_FOUND, KX_ERR_INVALID: the message
 * names who cannot be, and nobody is taken; else errors as before. Blocks. */
GPtrArray *kx_mapping_activate(KxMapping *mapping, const char *domain, char *const *names,
                               GError **error);
/* They get no mail and cannot sign in any more; their mail stays. All of them or none. */
gboolean kx_mapping_deactivate(KxMapping *mapping, const char *domain, char *const *names,
                               const KxAdmin *admin, GError **error);

/* Those that a directory has which the domain does not take users from, but that its accounts are
 * made of once (USR-58, USR-59). */
typedef struct {
    char *name, *entry;
    char *problem;     /* why there can be no account; NULL: nothing */
    GPtrArray *fields; /* of char *: field of the account, value, field, value */
} KxMappingFound;

/* `way` is the domain with the fields of the directory to be read; free with g_ptr_array_unref().
 */
GPtrArray *kx_mapping_read(KxMapping *mapping, const KxDomain *way, const char *filter,
                           GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMapping, kx_mapping_free)
