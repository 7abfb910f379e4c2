/* SPDX-License-Identifier: Apache-2.0 */
/* The session: messages from the edge, and the ends of commands. */
#include "imap/fetch-message.h"
#include "imap/mailbox.h"
#include "imap/message-limit.h"
#include "imap/notify.h"
#include "imap/search-context.h"
#include "imap/state.h"

/* ---- answers ---- */

void kx_imap_end(KxImap *imap, guint reply_code)
{
    kx_imap_drop_spools(imap);
    g_clear_pointer(&imap->tag, g_free);
    imap->command = NULL;
    imap->uid = imap->removed = FALSE;
    imap->limit_uid = 0;
    kx_imap_save_state(imap);
    kx_session_reply(imap->session, imap->ending ? KX_REPLY_CLOSE : 0, reply_code);
}

/* The end of a command: what changed in the folder, which may take a while, then the tagged line.
 */
typedef struct {
    KxImap *imap;
    gboolean synced;
    const char *status;
    char *code, *text;
} Ending;

static void ending_free(gpointer data)
{
    Ending *ending = data;
    g_free(ending->code);
    g_free(ending->text);
    g_free(ending);
}

static gboolean tell_changes(Ending *ending)
{
    KxImap *imap = ending->imap;
    guint flags = imap->command ? imap->command->flags : 0;
    if (!kx_imap_tell_news(imap))
        return FALSE;
    if (ending->synced || !imap->view || flags & KX_IMAP_NO_SYNC || imap->ending)
        return TRUE;
    ending->synced = TRUE;
    return kx_imap_sync(imap, !(flags & KX_IMAP_NO_EXPUNGE) || imap->uid);
}

/* Codes that the command's work brings about. One line has one of them (RFC 9738 section 3.1). */
static void add_codes(Ending *ending)
{
    KxImap *imap = ending->imap;
    if (!g_str_equal(ending->status, "OK"))
        return;
    if (imap->removed && !ending->code && imap->view && imap->enabled & KX_IMAP_QRESYNC) {
        KxViewState state;
        kx_imap_save_view(imap, &state);
        ending->code = g_strdup_printf("HIGHESTMODSEQ %" G_GUINT64_FORMAT, state.change_modseq);
    }
    if (imap->limit_uid == 0)
        return;
    g_autofree char *limit = kx_imap_limit_code(imap, imap->limit_uid);
    if (ending->code)
        kx_session_printf(imap->session, "* NO [%s] More messages than the limit\r\n", limit);
    else
        ending->code = g_steal_pointer(&limit);
}

static void write_ending(Ending *ending)
{
    KxImap *imap = ending->imap;
    if (!(imap->command && imap->command->flags & KX_IMAP_NO_SYNC) && !imap->ending)
        kx_imap_notify_tell(imap);
    kx_imap_watch_selected(imap);
    add_codes(ending);
    kx_session_printf(imap->session, "%s %s ", imap->tag, ending->status);
    if (ending->code) { /* may be long */
        kx_session_puts(imap->session, "[");
        kx_session_puts(imap->session, ending->code);
        kx_session_puts(imap->session, "] ");
    }
    kx_session_printf(imap->session, "%s\r\n", ending->text);
    kx_imap_end(imap, imap->reply_code);
}

static KxStep end_step(KxSession *session, gpointer ending)
{
    if (!tell_changes(ending))
        return KX_STEP_MORE;
    write_ending(ending);
    return KX_STEP_DONE;
}

static void finish(KxImap *imap, const char *status, const char *code, const char *text)
{
    Ending *ending = g_new0(Ending, 1);
    *ending =
        (Ending){.imap = imap, .status = status, .code = g_strdup(code), .text = g_strdup(text)};
    if (end_step(imap->session, ending) == KX_STEP_DONE)
        ending_free(ending);
    else
        kx_session_set_cursor(imap->session, end_step, ending, ending_free);
}

void kx_imap_ok(KxImap *imap, const char *code, const char *text)
{
    finish(imap, "OK", code, text);
}

void kx_imap_no(KxImap *imap, const char *code, const char *text)
{
    finish(imap, "NO", code, text);
}

void kx_imap_bad(KxImap *imap, const char *text)
{
    finish(imap, "BAD", NULL, text);
}

void kx_imap_bad_code(KxImap *imap, const char *code, const char *text)
{
    finish(imap, "BAD", code, text);
}

/* RFC 5530 */
static const char *const error_codes[] = {
    [KX_ERR_FAILED] = "SERVERBUG",     [KX_ERR_NOT_FOUND] = "NONEXISTENT",
    [KX_ERR_EXISTS] = "ALREADYEXISTS", [KX_ERR_INVALID] = "CANNOT",
    [KX_ERR_DENIED] = "NOPERM",        [KX_ERR_IN_USE] = "INUSE",
    [KX_ERR_TOO_BIG] = "LIMIT",        [KX_ERR_OVERQUOTA] = "OVERQUOTA",
    [KX_ERR_IO] = "UNAVAILABLE",       [KX_ERR_CORRUPT] = "CORRUPTION",
    [KX_ERR_PROTOCOL] = "CLIENTBUG",   [KX_ERR_BUSY] = "UNAVAILABLE",
};

static void no_with(KxImap *imap, const char *code, const GError *error)
{
    g_autofree char *text = g_strdup(error->message);
    for (char *c = text; *c != '\0'; c++) {
        if (!g_ascii_isprint(*c))
            *c = '?';
    }
    text[0] = g_ascii_toupper(text[0]);
    kx_imap_no(imap, code, text);
}

void kx_imap_no_error(KxImap *imap, const GError *error)
{
    gboolean ours = error->domain == KX_ERROR && (guint)error->code < G_N_ELEMENTS(error_codes);
    no_with(imap, ours ? error_codes[error->code] : "SERVERBUG", error);
}

void kx_imap_no_target(KxImap *imap, const GError *error)
{
    if (g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        no_with(imap, "TRYCREATE", error);
    else
        kx_imap_no_error(imap, error);
}

gboolean kx_imap_check(KxImap *imap, KxImapParser *args)
{
    if (kx_imap_parse_end(args))
        return TRUE;
    kx_imap_bad_code(imap, args->code, args->error);
    return FALSE;
}

const char *kx_imap_mailbox_argument(KxImap *imap, KxImapParser *args)
{
    const char *path = NULL;
    if (kx_imap_parse_space(args))
        kx_imap_parse_mailbox(args, &path);
    return kx_imap_check(imap, args) ? path : NULL;
}

/* ---- folders ---- */

void kx_imap_deselect(KxImap *imap)
{
    kx_imap_unwatch_selected(imap);
    kx_imap_messages_reset(imap);
    kx_contexts_clear(imap);
    g_clear_pointer(&imap->lost_contexts, g_strfreev);
    kx_imap_drop_news(imap);
    g_clear_pointer(&imap->view, kx_view_free);
    g_clear_pointer(&imap->selected, kx_imap_mailbox_free);
    imap->read_only = imap->examined = FALSE;
    imap->keywords_told = 0;
}

/* ---- the handler ---- */

static gboolean open_account(KxImap *imap, GError **error)
{
    const KxUser *user = kx_session_user(imap->session);
    imap->account =
        kx_store_account(kx_session_core(imap->session)->store, user->domain, user->name, error);
    return imap->account != NULL;
}

static KxImap *new_imap(KxSession *session)
{
    KxImap *imap = g_new0(KxImap, 1);
    imap->session = session;
    imap->spools = g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    kx_session_set_data(session, imap);
    return imap;
}

static void signed_in(KxSession *session)
{
    kx_imap_save_state(new_imap(session));
}

static gboolean resume(KxSession *session, const void *state, size_t len)
{
    KxImap *imap = new_imap(session);
    return open_account(imap, NULL) && kx_imap_restore_state(imap, state, len);
}

static void command(KxImap *imap, const KxMsgCommand *message)
{
    g_autoptr(GError) error = NULL;
    imap->reply_code = KX_IMAP_CODE_NONE;
    if (!imap->account && !open_account(imap, &error)) {
        kx_session_kick(imap->session, "* BYE [UNAVAILABLE] The mailbox cannot be opened\r\n");
        kx_log(kx_session_core(imap->session)->logger, KX_LOG_ERROR,
               "The mailbox of %s cannot be opened: %s", kx_session_login(imap->session),
               error->message);
        return;
    }
    KxStore *store = kx_session_core(imap->session)->store;
    kx_store_act_for(store, imap);
    switch ((KxImapKind)message->kind) {
    case KX_IMAP_KIND_COMMAND:
        kx_imap_run(imap, message->data.data, message->data.len);
        break;
    case KX_IMAP_KIND_LITERAL:
        kx_imap_run_literal(imap, message->data.data, message->data.len);
        break;
    case KX_IMAP_KIND_DONE:
        kx_imap_idle_done(imap, message->data);
        break;
    case KX_IMAP_KIND_RESUME_IDLE:
        kx_imap_idle_resume(imap);
        break;
    default:
        kx_imap_end(imap, KX_IMAP_CODE_NONE);
        break;
    }
    kx_store_act_for(store, NULL);
}

static void receive(KxSession *session, const KxMessage *message)
{
    KxImap *imap = kx_session_data(session);
    if (message->type == KX_MSG_SPOOL)
        kx_imap_spool(imap, message->SPOOL.data);
    else
        command(imap, &message->COMMAND);
}

/* RFC 5465 section 6.1.2: EXPUNGE may have to wait for a command. FALSE: there is more. */
static gboolean push_news(KxImap *imap, const KxEventSet *set)
{
    gboolean expunge = imap->idling || !set->delayed;
    gboolean done = kx_imap_tell_news(imap);
    if (done && imap->view && (imap->idling || kx_imap_notify_pushes(imap)))
        done = kx_imap_sync(imap, expunge);
    if (done && !imap->ending)
        kx_imap_notify_tell(imap);
    g_clear_pointer(&imap->message, kx_imap_message_free);
    return done;
}

static void notify(KxSession *session)
{
    KxImap *imap = kx_session_data(session);
    const KxEventSet *set = imap && imap->notify ? imap->notify->set : NULL;
    if (!imap || !imap->account || imap->ending || (!imap->idling && !set))
        return;
    if (kx_session_push_room(session) > 0 && kx_imap_refresh_rights(imap) && !push_news(imap, set))
        kx_session_poke(session); /* others get their turn first */
    kx_imap_save_state(imap);
    if (imap->ending)
        kx_session_kick(session, NULL);
}

static void close_session(KxSession *session)
{
    KxImap *imap = kx_session_data(session);
    if (!imap)
        return;
    kx_imap_deselect(imap);
    kx_imap_notify_free(imap);
    kx_imap_drop_spools(imap);
    g_ptr_array_unref(imap->spools);
    g_clear_pointer(&imap->account, kx_account_unref);
    g_free(imap->tag);
    g_free(imap);
    kx_session_set_data(session, NULL);
}

const KxHandler kx_imap_handler = {
    .name = "IMAP",
    .scope = KX_SCOPE_IMAP,
    .master = TRUE,
    .goodbye = "* BYE This sign-in is not valid any more\r\n",
    .message = receive,
    .signed_in = signed_in,
    .resume = resume,
    .notify = notify,
    .close = close_session,
};
