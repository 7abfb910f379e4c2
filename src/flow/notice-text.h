/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server writes to users, and in which language. Texts in English, German, Czech, Spanish
 * and French are part of the program (src/flow/reports); a file reports/<language>/<name>.txt in
 * the data directory takes the place of one, or brings a further language: its first line is the
 * subject, an empty line follows, then the text; UTF-8, lines of up to 900 bytes. Words in braces
 * stand for values (SMTP-34). Without a text in a language there is the English one.
 *
 * Thread-safe.
 */
#pragma once

#include "directory/directory.h"

typedef enum {
    KX_NOTICE_QUOTA_WARNING,
    KX_NOTICE_QUOTA_FULL,
    KX_NOTICE_FAILED,  /* reports to senders: {server}, {subject} of the message, {recipients} */
    KX_NOTICE_DELAYED, /* also {until} */
    KX_NOTICE_DELIVERED,
    KX_NOTICE_RELAYED,
    KX_NOTICE_EXPANDED,
    KX_NOTICE_COUNT
} KxNoticeId;

/* "quota-warning" */
const char *kx_notice_name(KxNoticeId id);

/* In which language to write to an address: that of its domain here, or the server's. */
char *kx_notice_language(KxDirectory *directory, const char *address);

/* A value for {name}. */
typedef struct {
    const char *name;
    const char *value;
} KxNoticeValue;

typedef struct {
    char *subject; /* the whole field, encoded, with CRLF */
    char *body;    /* UTF-8 lines with CRLF */
} KxNoticeText;

/* Values end with a NULL name; an unknown word in braces stays as it is. `language` as "en". */
void kx_notice_text(KxNoticeId id, const char *language, const KxNoticeValue *values,
                    KxNoticeText *ret_text);
void kx_notice_text_clear(KxNoticeText *text);

/* "Subject: ..." with CRLF, encoded where it must be (RFC 2047). */
char *kx_subject_field(const char *line);

/* The same as an RFC 5322 message with CRLF. */
char *kx_notice_message(KxNoticeId id, const char *language, const char *from, const char *to,
                        const char *message_id, gint64 now, const KxNoticeValue *values);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxNoticeText, kx_notice_text_clear)
