/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMAP URLs that name a message or a piece of one (RFC 5092), also those that carry an
 * authorisation (RFC 4467) and relative ones (RFC 4469, RFC 5550):
 *
 *   imap://user@host:143/Mailbox;UIDVALIDITY=1/;UID=20/;SECTION=1.2/;PARTIAL=0.1024
 *       ;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=user+fred:internal:0123...
 *   /Mailbox/;UID=20                 of the same server
 *   ;UID=20/;SECTION=1               of the folder that is selected
 *
 * Pure; the URL owns its strings.
 */
#pragma once

#include <glib.h>

#include "mime/section.h"

enum {
    KX_IMAP_URL_MAX = 8192,  /* bytes */
    KX_IMAP_URL_FIELDS = 100 /* header names of a section */
};

typedef enum {
    KX_URL_ACCESS_NONE, /* no ;URLAUTH= */
    KX_URL_ACCESS_ANONYMOUS,
    KX_URL_ACCESS_AUTHUSER,
    KX_URL_ACCESS_USER,
    KX_URL_ACCESS_SUBMIT,
} KxUrlAccess;

typedef struct {
    char *user;           /* NULL if none is given; so with the next three */
    char *host;           /* NULL: a relative URL */
    char *mailbox;        /* UTF-8 in NFC; NULL: the selected folder */
    guint32 uid_validity; /* 0: not given */
    guint32 uid;
    gboolean has_section;
    KxSection section;
    char **fields; /* NULL-terminated, for HEADER.FIELDS; else NULL */
    gboolean partial;
    guint64 offset;
    guint64 count; /* 0: to the end */
    gboolean expires;
    gint64 expire; /* Unix seconds */
    KxUrlAccess access;
    char *access_user; /* of user+ and submit+ */
    size_t rump_len;   /* bytes of the text up to and with the access identifier */
    char *mechanism;   /* in capitals; NULL: the URL is not signed yet */
    char *token;       /* hex digits */
} KxImapUrl;

/* NULL with KX_ERR_INVALID. */
KxImapUrl *kx_imap_url_parse(const char *text, GError **error);
void kx_imap_url_free(KxImapUrl *url);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxImapUrl, kx_imap_url_free)
