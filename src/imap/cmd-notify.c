/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFY (RFC 5465 section 3.1). */
#include "imap/notify.h"

KX_IMAP_COMMAND(notify)
{
    g_autoptr(KxEventSet) set = NULL;
    KxSlice text = {0};
    if (kx_imap_parse_space(args)) {
        text = (KxSlice){args->at, (size_t)(args->end - args->at)};
        set = kx_event_set_parse(args);
    }
    if (!set) {
        kx_imap_bad(imap, args->error);
        return;
    }
    if (set->events & (KX_EVENT_ANNOTATION_CHANGE | KX_EVENT_UNKNOWN)) {
        g_autofree char *code = g_strdup_printf("BADEVENT (%s)", KX_EVENT_SUPPORTED);
        kx_imap_no(imap, code, "There is no such event");
        return;
    }
    imap->reply_code = KX_IMAP_CODE_NOTIFYING;
    kx_imap_notify_set(imap, g_steal_pointer(&set), text);
    kx_imap_notify_begin(imap);
}
