/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of the ACL extension share (RFC 4314): rights as a client writes them, with the
 * virtual rights "c" and "d" of RFC 2086 (section 2.1.1: here "c" is k and x, "d" is t and e), and
 * identifiers.
 */
#pragma once

#include "imap/mailbox.h"

typedef struct {
    const char *mailbox;
    KxSlice identifier;
} KxAclArgs;

/* " mailbox" or " mailbox identifier". */
gboolean kx_imap_parse_acl_args(KxImapParser *parser, gboolean identifier, KxAclArgs *ret);

/* "lr", "+lr" or "-lr". A letter that is not a right is BAD. */
gboolean kx_imap_parse_rights(KxImapParser *parser, KxAclOp *ret_op, guint *ret_rights);
void kx_imap_format_rights(GString *out, guint rights);

/* How the store calls whom the client means; `ret_owner`: who has all rights and is in no list.
 * Who is gone is found as long as the list names him. KX_ERR_NOT_FOUND: nobody. */
char *kx_imap_acl_identifier(KxImap *imap, const KxImapMailbox *mailbox, KxSlice given,
                             gboolean *ret_owner, GError **error);

/* Changes the list, and the hint of who shares what. */
gboolean kx_imap_change_acl(KxImap *imap, const KxImapMailbox *mailbox, const char *identifier,
                            KxAclOp op, guint rights, GError **error);

/* The MYRIGHTS response. */
void kx_imap_write_myrights(KxImap *imap, const char *name, guint rights);

/* How the owner is called in answers. */
const char *kx_imap_acl_owner(const KxImapMailbox *mailbox);
