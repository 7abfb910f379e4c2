/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as those look at it who sign or check it: its fields one by one, and its body with the
 * digests that were needed so far. The bytes are borrowed. Belongs to one thread at a time.
 */
#pragma once

#include "mime/header.h"

enum {
    KX_MAIL_FIELDS_MAX = 1000, /* nobody needs as many, and looking through them takes time */
    KX_DIGEST = 32,            /* bytes of a SHA-256 */
};

typedef struct {
    GArray *fields; /* KxHeaderField */
    const char *body;
    size_t body_len;
    struct {
        gboolean known;
        guint8 digest[KX_DIGEST];
        guint64 len; /* of the body in its canonical form */
    } digests[2];    /* of the body: simple, relaxed */
} KxMailView;

/* NULL: it has more fields than KX_MAIL_FIELDS_MAX. */
KxMailView *kx_mail_view_new(const char *data, size_t len);
void kx_mail_view_free(KxMailView *mail);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMailView, kx_mail_view_free)
