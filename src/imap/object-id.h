/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object identifiers as clients see them (RFC 8474 section 7): a letter for the kind, M for an
 * EMAILID, T for a THREADID, F for a MAILBOXID, and hexadecimal digits. Thread-safe.
 */
#pragma once

#include "imap/parser.h"
#include "store/folder.h"
#include "store/summary.h"

enum { KX_OBJECT_ID_TEXT = 1 + 2 * KX_OBJECT_ID_SIZE + 1 };

void kx_object_id_format(char kind, const KxObjectId *id, char ret_text[KX_OBJECT_ID_TEXT]);

/* MAILBOXID of a folder. */
void kx_mailbox_id_format(const KxFolderInfo *info, char ret_text[KX_OBJECT_ID_TEXT]);

/* objectid = 1*255(ALPHA / DIGIT / "_" / "-") */
gboolean kx_imap_parse_object_id(KxImapParser *parser, KxSlice *ret);
