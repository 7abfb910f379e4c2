/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of NTLM that are given a version: no longer than by that, and the rest as it was. */
#include "kerberos/ntlm.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    enum { MORE = 24 };
    size_t len = 0;
    g_autoptr(GBytes) modern = kx_ntlm_modernise((KxSlice){(const char *)data, size});
    const guint8 *bytes = modern ? g_bytes_get_data(modern, &len) : NULL;
    if (bytes) {
        g_assert_cmpuint(len, >, size);
        g_assert_cmpuint(len, <=, size + MORE);
        g_assert_cmpmem(bytes, 12, data, 12);
    }
    return 0;
}
