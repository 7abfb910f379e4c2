/* SPDX-License-Identifier: Apache-2.0 */
/* HTML to text. */
#include "../convert.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    check_converter(kx_convert_html, bytes, len);
    return 0;
}
