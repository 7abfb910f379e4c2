/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/libraries.h"

#include "base/sonames.h"

KX_LIBCURL(KX_SYMBOL_DEFINE)
KX_LIBLDAP(KX_SYMBOL_DEFINE)
KX_LIBUNBOUND(KX_SYMBOL_DEFINE)

static const KxSymbol FROM_CURL[] = {KX_LIBCURL(KX_SYMBOL_ROW)};
static const KxSymbol FROM_LDAP[] = {KX_LIBLDAP(KX_SYMBOL_ROW)};
static const KxSymbol FROM_UNBOUND[] = {KX_LIBUNBOUND(KX_SYMBOL_ROW)};

gboolean kx_courier_open_libraries(GError **error)
{
    static gboolean open;
    if (open)
        return TRUE;
    if (!kx_library_open(KX_SONAME_CURL, FROM_CURL, G_N_ELEMENTS(FROM_CURL), error) ||
        !kx_library_open(KX_SONAME_LDAP, FROM_LDAP, G_N_ELEMENTS(FROM_LDAP), error) ||
        !kx_library_open(KX_SONAME_UNBOUND, FROM_UNBOUND, G_N_ELEMENTS(FROM_UNBOUND), error))
        return FALSE;
    sym_curl_global_init(CURL_GLOBAL_ALL);
    return open = TRUE;
}
