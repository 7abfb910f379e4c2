/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an IMAP URL names: a message, a section of it, or a range of bytes of either (RFC 5092).
 * Belongs to one thread.
 */
#pragma once

#include "core/imap-url.h"
#include "store/store.h"

typedef struct {
    GBytes *message;     /* holds what follows */
    KxMimeMessage *mime; /* NULL until somebody asks for parts */
    KxSectionBytes found;
    const char *data; /* the bytes of the URL */
    size_t len;
} KxUrlContent;
void kx_url_content_clear(KxUrlContent *content);

/* Reads it from the folder `path`. KX_ERR_NOT_FOUND if there is no such message or part, or
 * UIDVALIDITY is another. */
gboolean kx_url_content(KxAccount *account, const char *path, const KxImapUrl *url,
                        KxUrlContent *ret_content, GError **error);

/* The body part that the URL names; NULL if it names something else (a header, a range). */
const KxMimePart *kx_url_content_part(KxUrlContent *content, const KxImapUrl *url);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxUrlContent, kx_url_content_clear)
