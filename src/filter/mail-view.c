/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/mail-view.h"

KxMailView *kx_mail_view_new(const char *data, size_t len)
{
    g_autoptr(KxMailView) mail = g_new0(KxMailView, 1);
    KxHeaderIter iter;
    KxHeaderField field;
    mail->fields = g_array_new(FALSE, FALSE, sizeof field);
    kx_header_iter_init(&iter, data, len);
    while (kx_header_iter_next(&iter, &field)) {
        if (mail->fields->len == KX_MAIL_FIELDS_MAX)
            return NULL;
        g_array_append_val(mail->fields, field);
    }
    size_t header = kx_header_length(data, len);
    mail->body = data + header;
    mail->body_len = len - header;
    return g_steal_pointer(&mail);
}

void kx_mail_view_free(KxMailView *mail)
{
    if (!mail)
        return;
    g_array_unref(mail->fields);
    g_free(mail);
}
