/* SPDX-License-Identifier: Apache-2.0 */
/* The life of IDLE (RFC 9051 section 6.3.13) between its command and DONE. */
#include "imap/fetch-message.h"
#include "imap/notify.h"

static void folder_changed(gpointer session)
{
    kx_session_poke(session);
}

/* Whoever is told outside of commands is poked once after the watch began: something may have
 * happened before. */
void kx_imap_watch_selected(KxImap *imap)
{
    gboolean want = imap->view && (imap->idling || kx_imap_notify_pushes(imap));
    if (want == (imap->watch != 0))
        return;
    KxFolder *folder = kx_view_folder(imap->view);
    if (want) {
        imap->watch = kx_folder_watch(folder, folder_changed, imap->session);
        kx_session_poke(imap->session);
    } else {
        kx_folder_unwatch(folder, imap->watch);
        imap->watch = 0;
    }
}

void kx_imap_unwatch_selected(KxImap *imap)
{
    if (imap->watch != 0)
        kx_folder_unwatch(kx_view_folder(imap->view), imap->watch);
    imap->watch = 0;
    imap->idling = FALSE;
}

void kx_imap_idle_stop(KxImap *imap)
{
    imap->idling = FALSE;
    kx_imap_watch_selected(imap);
}

/* Watches first and looks then, so that nothing falls in between. */
static void start(KxImap *imap)
{
    imap->idling = TRUE;
    g_clear_pointer(&imap->message, kx_imap_message_free); /* nobody will read on soon */
    kx_imap_watch_selected(imap);
    if (imap->view && !kx_imap_sync(imap, TRUE))
        kx_session_poke(imap->session);
    else
        kx_imap_notify_tell(imap);
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
