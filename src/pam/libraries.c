/* SPDX-License-Identifier: Apache-2.0 */
#include "pam/libraries.h"

#include "base/sonames.h"

KX_LIBPAM(KX_SYMBOL_DEFINE)

static const KxSymbol FROM_PAM[] = {KX_LIBPAM(KX_SYMBOL_ROW)};

gboolean kx_pam_open_library(GError **error)
{
    static gboolean open;
    if (!open)
        open = kx_library_open(KX_SONAME_PAM, FROM_PAM, G_N_ELEMENTS(FROM_PAM), error);
    return open;
}
