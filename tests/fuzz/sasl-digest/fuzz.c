/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of DIGEST-MD5, as anybody can send them. */
#include "core/digest-directives.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(GHashTable) said = kx_digest_directives((KxSlice){(const char *)data, size});
    if (said) {
        g_assert_cmpuint(g_hash_table_size(said), <=, KX_DIRECTIVES_MAX);
        g_assert_cmpuint(size, <=, KX_DIRECTIVES_LEN_MAX);
    }
    return 0;
}
