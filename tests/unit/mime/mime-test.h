/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/mime share. Test messages are written with LF and turned to CRLF here. */
#pragma once

#include <glib.h>
#include "mime/part.h"

typedef struct Mail {
    char *text;
    size_t len;
    KxMimeMessage *message;
} Mail;

static inline Mail mail_from(const char *lf_text, gboolean crlf)
{
    GString *text = g_string_new(NULL);
    for (; *lf_text; lf_text++) {
        if (crlf && *lf_text == '\n')
            g_string_append_c(text, '\r');
        g_string_append_c(text, *lf_text);
    }
    Mail mail = {.len = text->len};
    mail.text = g_string_free(text, FALSE);
    mail.message = kx_mime_parse(mail.text, mail.len);
    return mail;
}

static inline void assert_bytes(const char *bytes, size_t len, const char *expected)
{
    g_autofree char *text = g_strndup(bytes, len);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(len, ==, strlen(expected));
}

static inline void mail_clear(Mail *mail)
{
    kx_mime_message_free(mail->message);
    g_free(mail->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mail, mail_clear)
