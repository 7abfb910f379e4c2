/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos/libraries.h"

#include "base/sonames.h"

KX_LIBGSSAPI(KX_SYMBOL_DEFINE)
KX_LIBKRB5(KX_SYMBOL_DEFINE)

static const KxSymbol FROM_GSSAPI[] = {KX_LIBGSSAPI(KX_SYMBOL_ROW)};
static const KxSymbol FROM_KRB5[] = {KX_LIBKRB5(KX_SYMBOL_ROW)};

gboolean kx_kerberos_open_libraries(GError **error)
{
    static gboolean open;
    if (!open)
        open =
            kx_library_open(KX_SONAME_GSSAPI_KRB5, FROM_GSSAPI, G_N_ELEMENTS(FROM_GSSAPI), error) &&
            kx_library_open(KX_SONAME_KRB5, FROM_KRB5, G_N_ELEMENTS(FROM_KRB5), error);
    return open;
}
