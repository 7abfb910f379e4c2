/* SPDX-License-Identifier: Apache-2.0 */
/* Names of metadata entries: those that are taken can be stored and written. */
#include "imap/metadata.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_auto(KxImapParser) parser = {0};
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    kx_imap_parser_init(&parser, (const char *)data, size, FALSE);
    gboolean good = kx_imap_parse_entries(&parser, names);
    g_assert(good == kx_imap_parser_ok(&parser));
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        size_t len = strlen(name);
        g_assert(len <= KX_METADATA_NAME_MAX && name[0] == '/' && name[len - 1] != '/');
        g_assert(g_str_is_ascii(name) && !strpbrk(name, "*%\r\n") && !strstr(name, "//"));
    }
    return 0;
}
