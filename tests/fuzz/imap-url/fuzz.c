/* SPDX-License-Identifier: Apache-2.0 */
/* An IMAP URL (RFC 5092). */
#include "core/imap-url.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(KxImapUrl) url = kx_imap_url_parse(text, &error);
    g_assert((url != NULL) == (error == NULL));
    if (!url)
        return 0;
    g_assert(url->uid > 0 && url->rump_len <= strlen(text));
    g_assert(!url->mailbox || (*url->mailbox && g_utf8_validate(url->mailbox, -1, NULL)));
    g_assert(!url->mechanism || url->access != KX_URL_ACCESS_NONE);
    g_assert((url->mechanism != NULL) == (url->token != NULL));
    return 0;
}
