/* SPDX-License-Identifier: Apache-2.0 */
/* RTF to text: control words, groups and code pages in any order. */
#include "../convert.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    check_converter(kx_convert_rtf, bytes, len);
    return 0;
}
