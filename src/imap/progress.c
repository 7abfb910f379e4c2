/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/progress.h"

enum { EVERY_SECONDS = 10 };

/* A tag with "]" would end the code for many clients: it is left out, as it may be. */
char *kx_progress_code(const char *tag, guint done, guint total)
{
    if (strchr(tag, ']'))
        return g_strdup("INPROGRESS");
    if (total == 0 || done > total)
        return g_strdup_printf("INPROGRESS (\"%s\" %u NIL)", tag, done);
    return g_strdup_printf("INPROGRESS (\"%s\" %u %u)", tag, done, total);
}

void kx_imap_progress(KxImap *imap, KxProgress *progress, guint done, guint total)
{
    gint64 now = g_get_monotonic_time();
    if (now - progress->last < EVERY_SECONDS * G_USEC_PER_SEC)
        return;
    progress->last = now;
    g_autofree char *code = kx_progress_code(imap->tag, done, total);
    kx_session_printf(imap->session, "* OK [%s] Still working\r\n", code);
}
