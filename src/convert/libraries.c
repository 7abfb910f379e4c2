/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/libraries.h"

#include "base/sonames.h"

KX_LIBQPDF(KX_SYMBOL_DEFINE)
KX_LIBZIP(KX_SYMBOL_DEFINE)

static const KxSymbol FROM_QPDF[] = {KX_LIBQPDF(KX_SYMBOL_ROW)};
static const KxSymbol FROM_ZIP[] = {KX_LIBZIP(KX_SYMBOL_ROW)};

gboolean kx_convert_open_libraries(GError **error)
{
    static gboolean open;
    return open ||
           (open = kx_library_open(KX_SONAME_QPDF, FROM_QPDF, G_N_ELEMENTS(FROM_QPDF), error) &&
                   kx_library_open(KX_SONAME_ZIP, FROM_ZIP, G_N_ELEMENTS(FROM_ZIP), error));
}
