/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <dlfcn.h>

#include "base/error.h"

gboolean kx_library_open(const char *soname, const KxSymbol *symbols, guint n, GError **error)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_NODELETE);
    if (library == NULL)
        return kx_fail(error, KX_ERR_FAILED, "a library is missing: %s", dlerror());
    for (guint i = 0; i < n; i++) {
        *symbols[i].pointer = dlsym(library, symbols[i].name);
        if (*symbols[i].pointer == NULL)
            return kx_fail(error, KX_ERR_FAILED, "%s has no %s", soname, symbols[i].name);
    }
    return TRUE;
}
