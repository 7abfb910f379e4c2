/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and groups that come from an LDAP directory elsewhere (DIR-01 to DIR-07). They are
 * records like all others, which the server keeps up to date (src/mapping/): so mail is taken for
 * them, and lists show them, while that directory is away. Only two things ask it at once: a
 * password, and a name that nobody here has.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include "directory/directory.h"

typedef enum {
    KX_MAPPED_NOBODY, /* nobody new has the name */
    KX_MAPPED_FOUND,  /* somebody has it, and is in the tables now */
    KX_MAPPED_LATER,  /* it could not be asked */
} KxMappedResult;

/* Who asks the directories. Called without locks, from any thread; `check`
 * waits for the answer, `find` for a moment only. */
typedef struct {
    /* The password of a user, which may be new here; on KX_AUTH_OK he is in the tables. */
    KxAuthResult (*check)(gpointer data, const char *domain, const char *name, const char *password,
                          const char **ret_reason);
    KxMappedResult (*find)(gpointer data, const char *domain, const char *name);
    gpointer data;
} KxMapper;

/* Set at start; NULL takes it away. Without it nobody can be asked. */
void kx_directory_set_mapper(KxDirectory *directory, const KxMapper *mapper);

/* Makes sure that the tables know whom the address is of, if anybody. */
KxMappedResult kx_mapped_find(KxDirectory *directory, const char *address);

/* Somebody in the domain has the name, or the address. */
gboolean kx_mapped_knows(KxDirectory *directory, const char *domain, const char *name);

/* The domains with a directory, as copies; free with g_ptr_array_unref(). */
GPtrArray *kx_mapped_domains(KxDirectory *directory);

/* ---- for auth-outside.c ---- */

/* Asks the directory of the account "name@domain" about a prepared password; on KX_AUTH_OK the
 * account is in the tables. */
KxAuthResult kx_mapped_check(KxDirectory *directory, const char *account, const char *password,
                             const char **ret_reason);
