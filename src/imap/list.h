/* SPDX-License-Identifier: Apache-2.0 */
/* What LIST and LSUB share: the answer, line by line (RFC 9051 section 6.3.9, RFC 3501
 * section 6.3.9). */
#pragma once

#include "imap/imap.h"
#include "imap/list-tree.h"

typedef enum {
    KX_LIST_SUBSCRIBED = 1 << 0, /* selection options */
    KX_LIST_SPECIAL_USE = 1 << 1,
    KX_LIST_RECURSIVEMATCH = 1 << 2,
    KX_LIST_REMOTE = 1 << 3,
    KX_LIST_RETURN_SUBSCRIBED = 1 << 4, /* return options */
    KX_LIST_RETURN_STATUS = 1 << 5,
    KX_LIST_RETURN_OTHER = 1 << 6,    /* CHILDREN, SPECIAL-USE: always returned */
    KX_LIST_LSUB = 1 << 7,            /* the LSUB command */
    KX_LIST_RETURN_MYRIGHTS = 1 << 8, /* RFC 8440 */
    KX_LIST_RETURN_METADATA = 1 << 12,
} KxListOptions;

typedef struct {
    guint options;
    guint status_items;
    GPtrArray *patterns; /* char *, with the reference before each; owned */
    GPtrArray *metadata; /* char *: entry names of RETURN (METADATA (...)), or NULL; owned */
} KxListRequest;
void kx_list_request_clear(KxListRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxListRequest, kx_list_request_clear)

/* Answers the command; takes what the request holds. */
void kx_imap_list(KxImap *imap, KxListRequest *request);

/* One LIST line for a folder that a command has just opened or made under `name`; `given` is the
 * name as the client wrote it, told as OLDNAME if the server changed it (RFC 9051 section 7.3.1).
 */
void kx_imap_write_list(KxImap *imap, const char *name, const KxFolderInfo *info, KxSlice given);
