/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access lists of folders (RFC 4314 section 2): who may do what. A list is immutable and shared, so
 * that a reader needs no lock and two pointers that are equal are equal lists; NULL is the empty
 * list.
 *
 * Identifiers are "user@domain" as the directory has it, "anyone", or either with '-' in front:
 * rights that are taken away from what the others give. The owner of an account always has all
 * rights, whatever the list says, and is not in it.
 *
 * Thread-safe.
 */
#pragma once

#include "store/rights.h"
#include "store/store.h"

enum {
    KX_ACL_ENTRIES = 1000,       /* of one folder */
    KX_ACL_IDENTIFIER_MAX = 512, /* bytes */
};

typedef struct KxAcl KxAcl;

typedef struct {
    char *identifier;
    guint rights; /* KxRights, never 0 */
} KxAclEntry;

typedef struct KxFolder KxFolder;

KxAcl *kx_acl_ref(KxAcl *acl);
void kx_acl_unref(KxAcl *acl);
guint kx_acl_count(const KxAcl *acl);
const KxAclEntry *kx_acl_entry(const KxAcl *acl, guint i);   /* sorted by identifier */
guint kx_acl_find(const KxAcl *acl, const char *identifier); /* its entry's rights, 0 if none */

gboolean kx_acl_equal(const KxAcl *a, const KxAcl *b);

/* Who asks. */
typedef struct {
    const char *name; /* "user@domain" */
    gboolean anyone;  /* what "anyone" is given counts for him */
    gboolean owner;   /* has all rights */
} KxAclUser;
guint kx_acl_rights(const KxAcl *acl, const KxAclUser *user);

typedef enum { KX_ACL_REPLACE, KX_ACL_ADD, KX_ACL_REMOVE } KxAclOp;

/* A new list with that identifier changed; an entry without rights goes. KX_ERR_INVALID
 * (identifier), KX_ERR_TOO_BIG. */
KxAcl *kx_acl_with(const KxAcl *acl, const char *identifier, KxAclOp op, guint rights,
                   GError **error);

/* The list as text, a line "rights identifier" for each entry, and back; lines that make no sense
 * give nothing to nobody. */
char *kx_acl_format(const KxAcl *acl);
KxAcl *kx_acl_parse(const char *text);

/* Letters of rights, without "c" and "d" of RFC 2086. FALSE: a letter is unknown. */
void kx_rights_format(GString *out, guint rights);
gboolean kx_rights_parse(const char *letters, size_t len, guint *ret_rights);

/* Changes the list of a folder; the change is one step, also beside others, and durable when it
 * returns. Sessions that have the folder open are told of a change (kx_folder_watch()).
 * KX_ERR_NOT_FOUND, KX_ERR_INVALID, KX_ERR_TOO_BIG. */
gboolean kx_folder_change_acl(KxAccount *account, const char *path, const char *identifier,
                              KxAclOp op, guint rights, GError **error);

KxAcl *kx_folder_acl(KxFolder *folder); /* a new reference */

/* Whom the lists of all folders name, without '-', each once; sorted. Free with g_ptr_array_unref.
 */
GPtrArray *kx_account_identifiers(KxAccount *account);

/* Does a list of any folder name the identifier, with or without '-'? */
gboolean kx_account_names(KxAccount *account, const char *identifier);

/* Takes an identifier out of the lists of all folders. */
gboolean kx_account_forget_identifier(KxAccount *account, const char *identifier, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAcl, kx_acl_unref)
