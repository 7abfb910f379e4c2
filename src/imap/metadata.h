/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata on mailboxes and on the server (RFC 5464), for GETMETADATA, SETMETADATA, LIST (RFC 9590)
 * and NOTIFY. Some entries are computed: the special use of a mailbox (RFC 6154 section 4), what
 * the settings say of the server.
 */
#pragma once

#include "imap/mailbox.h"
#include "store/metadata.h"

/* An entry name as the client wrote it, checked; the caller's. FALSE: the parser has the error.
 * With `scope` a bare "/shared" or "/private" will do. */
gboolean kx_imap_parse_entry(KxImapParser *args, gboolean scope, char **ret_name);

/* "(" entry *(SP entry) ")"; appends char *. */
gboolean kx_imap_parse_entries(KxImapParser *args, GPtrArray *names);

/* The entries of that name and below: array of KxMetadata. `info` NULL: those of the server. */
GPtrArray *kx_imap_get_metadata(KxImap *imap, KxAccount *account, const KxFolderInfo *info,
                                const char *name, KxMetadataDepth depth, GError **error);

/* "/shared/comment {5}..." or "/shared/comment NIL". */
void kx_imap_write_metadata(KxImap *imap, const KxMetadata *entry);
void kx_imap_write_entry(KxImap *imap, const char *name);

/* METADATA with these entries, one value or NIL each, for LIST. */
void kx_imap_list_metadata(KxImap *imap, KxAccount *account, const KxFolderInfo *info,
                           const char *mailbox, const GPtrArray *names);

/* Those entries on the server that come from the settings; NULL: none of that name. */
const char *kx_imap_server_entry(KxSettings *settings, const char *name);

/* May the user read and write entries of this mailbox? (section 3.3) */
gboolean kx_imap_may_annotate(const KxImapMailbox *mailbox);
