/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the Operations log (LOG-52 to LOG-58): what was removed or moved in mailboxes. The store
 * fills these structures in the one place through which every removal and move passes. Strings are
 * borrowed for the call. Folder paths come ready-made, "~user@domain/Folder/Sub", non-ASCII parts
 * in modified UTF-7 (RFC 3501 section 5.1.3).
 */
#pragma once

#include <glib.h>

#include "log/log.h"

/* On whose behalf. */
typedef struct KxAuditActor {
    const char *protocol; /* "HTTP/WebMail", "IMAP", "POP3", "SYSTEM", ... (LOG-55) */
    const char *user;     /* the mailbox: address */
    const char *ip;       /* NULL leaves it out: the server itself acts */
} KxAuditActor;

typedef struct KxAuditItem {
    const char *folder;
    const char *from_name;    /* NULL or "": none */
    const char *from_address; /* NULL leaves From out: not a message */
    const char *subject;      /* NULL counts as empty */
    gint64 delivered;         /* Unix seconds; 0 leaves it out: not a message (LOG-53) */
    guint64 size;             /* bytes */
    const char *target;       /* moves only: the folder moved to */
} KxAuditItem;

typedef struct KxAuditFolderMove {
    const char *from;
    const char *to;
    guint64 items;
} KxAuditFolderMove;

void kx_log_item_delete(KxLogger *logger, const KxAuditActor *actor, const KxAuditItem *item);

/* As a removal with the tag {MOVE}, and ", New location: <target>" at the end. */
void kx_log_item_move(KxLogger *logger, const KxAuditActor *actor, const KxAuditItem *item);

void kx_log_folder_delete(KxLogger *logger, const char *folder);
void kx_log_folder_move(KxLogger *logger, const KxAuditActor *actor, const KxAuditFolderMove *move);
