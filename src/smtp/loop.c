/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/loop.h"

#include <string.h>

#include "mime/header.h"

enum { VALUE_READ = 2000 };

/* The words of smtp/trace.c. */
static gboolean is_own(const char *value, const char *by, const char *to)
{
    const char *at = strstr(value, by);
    return at && strstr(at, to);
}

gboolean kx_smtp_goes_round(const char *header, size_t len, const char *hostname,
                            const char *address)
{
    g_autofree char *folded_host = g_ascii_strdown(hostname, -1);
    g_autofree char *folded_address = g_ascii_strdown(address, -1);
    g_autofree char *by = g_strdup_printf("by %s with ", folded_host);
    g_autofree char *to = g_strdup_printf(" for <%s>;", folded_address);
    KxHeaderIter iter;
    KxHeaderField field;
    guint rounds = 0;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!kx_header_field_is(&field, "Received"))
            continue;
        g_autofree char *value = kx_header_unfold(field.value, field.value_len, VALUE_READ);
        g_autofree char *folded = g_ascii_strdown(value, -1);
        rounds += is_own(g_strdelimit(folded, "\t", ' '), by, to);
    }
    return rounds > KX_SMTP_ROUNDS_MAX;
}
