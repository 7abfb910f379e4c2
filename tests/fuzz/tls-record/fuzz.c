/* SPDX-License-Identifier: Apache-2.0 */
/* TXT records that say where reports of TLS go; what is taken is of a bounded, printable form. */
#include <string.h>

#include "courier/tls-note.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(texts, g_strndup((const char *)data, size));
    g_autofree char *rua = kx_tls_record_rua(texts);
    g_assert_true(!rua || (*rua && strlen(rua) <= KX_TLS_RUA_MAX * (KX_TLS_RUA_LENGTH + 1)));
    for (const char *at = rua; at && *at; at++)
        g_assert_true(g_ascii_isgraph(*at));
    return 0;
}
