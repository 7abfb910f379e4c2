/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server writes to users, as whole messages. The texts are in English; a file
 * reports/<language>/<name>.txt in the data directory takes the place of one: its first line is the
 * subject, an empty line follows, then the text; UTF-8, lines of up to 900 bytes. Words in braces
 * stand for values.
 *
 * Thread-safe.
 */
#pragma once

#include <glib.h>

typedef enum { KX_NOTICE_QUOTA_WARNING, KX_NOTICE_QUOTA_FULL, KX_NOTICE_COUNT } KxNoticeId;

/* "quota-warning" */
const char *kx_notice_name(KxNoticeId id);

/* A value for {name}. */
typedef struct {
    const char *name;
    const char *value;
} KxNoticeValue;

/* RFC 5322 message with CRLF; `language` as "en". Values end with a NULL name; an unknown word in
 * braces stays as it is. */
char *kx_notice_message(KxNoticeId id, const char *language, const char *from, const char *to,
                        const char *message_id, gint64 now, const KxNoticeValue *values);
