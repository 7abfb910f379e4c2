/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>

/* Not G_DEFINE_QUARK, which writes without saying so to other threads. */
GQuark kx_error_quark(void)
{
    static gint quark; /* atomic */
    gint known = g_atomic_int_get(&quark);
    if (known == 0) {
        known = (gint)g_quark_from_static_string("kx-error-quark");
        g_atomic_int_set(&quark, known);
    }
    return (GQuark)known;
}

gboolean kx_error_errno(GError **error, const char *format, ...)
{
    int saved = errno;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, KX_ERROR, KX_ERR_IO, "%s: %s", text, g_strerror(saved));
    errno = saved;
    return FALSE;
}

gboolean kx_fail(GError **error, KxErrorCode code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (error)
        *error = g_error_new_valist(KX_ERROR, (int)code, format, args);
    va_end(args);
    return FALSE;
}
