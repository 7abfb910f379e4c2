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

static void append_string(KxImap *imap, GString *out, const char *bytes, size_t len)
{
    if (!can_quote(imap, bytes, len)) {
        g_string_append_printf(out, "{%zu}\r\n", len);
        g_string_append_len(out, bytes, (gssize)(len));
        return;
    }
    g_string_append_len(out, "\"", (gssize)(1));
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '"' && bytes[i] != '\\')
            continue;
        g_string_append_len(out, bytes + done, (gssize)(i - done));
        g_string_append_len(out, "\\", (gssize)(1));
        done = i;
    }
    g_string_append_len(out, bytes + done, (gssize)(len - done));
    g_string_append_len(out, "\"", (gssize)(1));
}

void kx_imap_write_string(KxImap *imap, const char *bytes, size_t len)
{
    g_autoptr(GString) out = g_string_new(NULL);
    append_string(imap, out, bytes, len);
    kx_session_write(imap->session, out->str, out->len);
}

void kx_imap_append_mailbox(KxImap *imap, GString *out, const char *path)
{
    if (strcmp(path, "INBOX") == 0) {
        g_string_append(out, path);
    } else if (kx_imap_is_utf8(imap)) {
        append_string(imap, out, path, strlen(path));
    } else {
        g_autoptr(GString) name = g_string_new(NULL);
        kx_utf7_encode(name, path);
        append_string(imap, out, name->str, name->len);
    }
}

void kx_imap_write_mailbox(KxImap *imap, const char *path)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_imap_append_mailbox(imap, out, path);
    kx_session_write(imap->session, out->str, out->len);
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
