/* SPDX-License-Identifier: Apache-2.0 */
/* QUIT: the UPDATE state (RFC 1939 section 6), and the commands that do nothing. */
#include "pop3/capability.h"
#include "pop3/pop3.h"
#include "store/change.h"

/* UIDs of the messages marked in `marks` and not in `except`. */
static GArray *marked(KxPop3 *pop3, const GByteArray *marks, const GByteArray *except)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < marks->len; i++) {
        guint32 uid =
            marks->data[i] && !(except && except->data[i]) ? kx_view_uid(pop3->view, i + 1) : 0;
        if (uid != 0)
            g_array_append_val(uids, uid);
    }
    return uids;
}

static gboolean update(KxPop3 *pop3, GError **error)
{
    KxFolder *folder = kx_view_folder(pop3->view);
    g_autoptr(GArray) gone = marked(pop3, pop3->deleted, NULL);
    g_autoptr(GArray) seen = marked(pop3, pop3->read, pop3->deleted);
    KxActor actor = kx_session_actor(pop3->session);
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    guint64 modseq;
    if (seen->len > 0 && !kx_folder_change_flags(folder, (guint32 *)(void *)seen->data, seen->len,
                                                 &change, &modseq, NULL, error))
        return FALSE;
    return gone->len == 0 || kx_folder_expunge(folder, (guint32 *)(void *)gone->data, gone->len,
                                               TRUE, &actor, NULL, error);
}

void kx_pop3_cmd_quit(KxPop3 *pop3, const char *args)
{
    g_autoptr(GError) error = NULL;
    if (update(pop3, &error)) {
        kx_session_puts(pop3->session, "+OK Goodbye\r\n");
    } else {
        KxCore *core = kx_session_core(pop3->session);
        kx_log(core->logger, KX_LOG_ERROR, "POP3: %s: the mailbox was not updated: %s",
               kx_session_login(pop3->session), error->message);
        kx_session_puts(pop3->session, "-ERR [SYS/TEMP] Marked messages were not removed\r\n");
    }
    kx_session_reply(pop3->session, KX_REPLY_CLOSE, 0);
}

void kx_pop3_cmd_noop(KxPop3 *pop3, const char *args)
{
    kx_pop3_ok(pop3, "");
}

void kx_pop3_cmd_capa(KxPop3 *pop3, const char *args)
{
    g_autofree char *mechanisms = kx_session_mechanisms(pop3->session);
    g_autofree char *lines = kx_pop3_capabilities(kx_session_settings(pop3->session), mechanisms,
                                                  kx_session_is_secure(pop3->session));
    kx_session_puts(pop3->session, "+OK Capability list follows\r\n");
    kx_session_puts(pop3->session, lines);
    kx_session_reply(pop3->session, 0, 0);
}
