/* SPDX-License-Identifier: Apache-2.0 */
/* The life of IDLE (RFC 9051 section 6.3.13) between its command and DONE. */
#include "imap/fetch-message.h"
#include "imap/imap.h"

static void folder_changed(gpointer session)
{
    kx_session_poke(session);
}

void kx_imap_idle_stop(KxImap *imap)
{
    if (imap->watch != 0)
        kx_folder_unwatch(kx_view_folder(imap->view), imap->watch);
    imap->watch = 0;
    imap->idling = FALSE;
}

/* Watches first and looks then, so that nothing falls in between. */
static void start(KxImap *imap)
{
    imap->idling = TRUE;
    g_clear_pointer(&imap->message, kx_imap_message_free); /* nobody will read on soon */
    if (!imap->view)
        return;
    imap->watch = kx_folder_watch(kx_view_folder(imap->view), folder_changed, imap->session);
    if (!kx_imap_sync(imap, TRUE))
        kx_session_poke(imap->session);
}

void kx_imap_cmd_idle(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    kx_session_puts(imap->session, "+ idling\r\n");
    start(imap);
    kx_imap_end(imap, KX_IMAP_CODE_IDLING);
}

void kx_imap_idle_resume(KxImap *imap)
{
    kx_imap_idle_stop(imap);
    start(imap);
    kx_imap_end(imap, KX_IMAP_CODE_IDLING);
}

void kx_imap_idle_done(KxImap *imap, KxSlice tag)
{
    kx_imap_idle_stop(imap);
    g_free(imap->tag);
    imap->tag = g_strndup(tag.data, tag.len);
    kx_imap_ok(imap, NULL, "IDLE terminated");
}
