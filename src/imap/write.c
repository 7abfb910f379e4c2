/* SPDX-License-Identifier: Apache-2.0 */
/* Writing data items: strings, mailbox names, flags (RFC 9051 section 9). */
#include "imap/imap.h"
#include "imap/flags.h"
#include "imap/utf7.h"

enum { QUOTED_MAX = 1000 }; /* longer strings go as literals */

gboolean kx_imap_is_utf8(const KxImap *imap)
{
    return (imap->enabled & (KX_IMAP_REV2 | KX_IMAP_UTF8)) != 0;
}

static gboolean can_quote(KxImap *imap, const char *bytes, size_t len)
{
    gboolean eight_bit = FALSE;
    if (len > QUOTED_MAX)
        return FALSE;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\0')
            return FALSE;
        eight_bit |= (guchar)bytes[i] >= 0x80;
    }
    return !eight_bit || (kx_imap_is_utf8(imap) && g_utf8_validate(bytes, (gssize)len, NULL));
}

void kx_imap_write_string(KxImap *imap, const char *bytes, size_t len)
{
    if (!can_quote(imap, bytes, len)) {
        kx_session_printf(imap->session, "{%zu}\r\n", len);
        kx_session_write(imap->session, bytes, len);
        return;
    }
    kx_session_write(imap->session, "\"", 1);
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '"' && bytes[i] != '\\')
            continue;
        kx_session_write(imap->session, bytes + done, i - done);
        kx_session_write(imap->session, "\\", 1);
        done = i;
    }
    kx_session_write(imap->session, bytes + done, len - done);
    kx_session_write(imap->session, "\"", 1);
}

void kx_imap_write_mailbox(KxImap *imap, const char *path)
{
    if (strcmp(path, "INBOX") == 0) {
        kx_session_puts(imap->session, path);
    } else if (kx_imap_is_utf8(imap)) {
        kx_imap_write_string(imap, path, strlen(path));
    } else {
        g_autoptr(GString) name = g_string_new(NULL);
        kx_utf7_encode(name, path);
        kx_imap_write_string(imap, name->str, name->len);
    }
}

void kx_imap_write_flags(KxImap *imap, const KxItem *item, gboolean recent)
{
    g_autoptr(GString) out = g_string_new("(");
    kx_imap_format_flags(out, item->flags, item->keywords);
    if (recent && !(imap->enabled & KX_IMAP_REV2))
        g_string_append(out, out->len > 1 ? " \\Recent" : "\\Recent");
    g_string_append_c(out, ')');
    kx_session_write(imap->session, out->str, out->len);
}
