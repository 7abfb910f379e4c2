/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of XML: libzip, libxml2 and the walk between them. */
#include "../convert.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    check_converter(kx_convert_office, bytes, len);
    return 0;
}
