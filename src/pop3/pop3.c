/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/pop3.h"

#include "base/text.h"
#include "pop3/args.h"
#include "pop3/marks.h"
#include "pop3/wire.h"

enum { MISTAKES_MAX = 20 }; /* in a row: whoever talks there does not speak POP3 */

static const struct {
    const char *name;
    gboolean takes_args;
    KxPop3Command run;
} commands[] = {
    {"CAPA", FALSE, kx_pop3_cmd_capa}, {"DELE", TRUE, kx_pop3_cmd_dele},
    {"LIST", TRUE, kx_pop3_cmd_list},  {"NOOP", FALSE, kx_pop3_cmd_noop},
    {"QUIT", FALSE, kx_pop3_cmd_quit}, {"RETR", TRUE, kx_pop3_cmd_retr},
    {"RSET", FALSE, kx_pop3_cmd_rset}, {"STAT", FALSE, kx_pop3_cmd_stat},
    {"TOP", TRUE, kx_pop3_cmd_top},    {"UIDL", TRUE, kx_pop3_cmd_uidl},
};

/* ---- answers ---- */

void kx_pop3_ok(KxPop3 *pop3, const char *text)
{
    kx_session_printf(pop3->session, "+OK %s\r\n", text);
    kx_session_reply(pop3->session, 0, KX_POP3_ANSWERED);
}

void kx_pop3_err(KxPop3 *pop3, const char *text)
{
    kx_session_printf(pop3->session, "-ERR %s\r\n", text);
    kx_session_reply(pop3->session, 0, KX_POP3_ANSWERED);
}

/* ---- messages ---- */

gboolean kx_pop3_message(KxPop3 *pop3, const char **args, guint32 *ret_number, KxItem *ret_item)
{
    guint32 number;
    if (!kx_pop3_take_number(args, &number)) {
        kx_pop3_err(pop3, "A message number is needed");
        return FALSE;
    }
    if (!kx_pop3_is_there(pop3, number)) {
        kx_pop3_err(pop3, "No such message");
        return FALSE;
    }
    guint32 uid = kx_view_uid(pop3->view, number);
    if (uid == 0 || !kx_view_item(pop3->view, uid, ret_item)) {
        kx_pop3_err(pop3, "The message was removed by another program");
        return FALSE;
    }
    *ret_number = number;
    return TRUE;
}

gboolean kx_pop3_no_more(KxPop3 *pop3, const char *args)
{
    if (kx_pop3_args_end(args))
        return TRUE;
    kx_pop3_err(pop3, "There are too many arguments");
    return FALSE;
}

gboolean kx_pop3_is_there(KxPop3 *pop3, guint32 number)
{
    return number >= 1 && number <= pop3->deleted->len && !pop3->deleted->data[number - 1];
}

/* ---- the maildrop ---- */

static void set_marks(KxPop3 *pop3)
{
    guint32 count = kx_view_count(pop3->view);
    pop3->deleted = kx_pop3_marks_new(count);
    pop3->read = kx_pop3_marks_new(count);
}

static KxPop3 *pop3_new(KxSession *session)
{
    KxPop3 *pop3 = g_new0(KxPop3, 1);
    pop3->session = session;
    kx_session_set_data(session, pop3);
    return pop3;
}

static gboolean take_account(KxPop3 *pop3, GError **error)
{
    KxCore *core = kx_session_core(pop3->session);
    const KxUser *user = kx_session_user(pop3->session);
    pop3->locked = kx_exclusive_take(core->maildrops, kx_session_login(pop3->session));
    if (!pop3->locked)
        return FALSE;
    pop3->account = kx_store_account(core->store, user->domain, user->name, error);
    return pop3->account != NULL;
}

static void refuse(KxPop3 *pop3, const char *text)
{
    kx_session_printf(pop3->session, "-ERR %s\r\n", text);
    kx_session_reply(pop3->session, 0, KX_POP3_REFUSED);
}

static void open_maildrop(KxPop3 *pop3)
{
    kx_recent_logins_add(kx_session_core(pop3->session)->pop3_logins,
                         kx_session_remote_ip(pop3->session));
    g_autoptr(GError) error = NULL;
    if (!take_account(pop3, &error)) {
        refuse(pop3, pop3->locked ? "[SYS/TEMP] The mailbox cannot be opened"
                                  : "[IN-USE] Another program is using the mailbox");
        return;
    }
    g_autoptr(KxFolder) folder = kx_folder_open(pop3->account, "INBOX", &error);
    if (!folder) {
        refuse(pop3, "[SYS/TEMP] The mailbox cannot be opened");
        return;
    }
    pop3->view = kx_view_new(folder, FALSE);
    set_marks(pop3);
    kx_pop3_save(pop3);
    g_autofree char *text = g_strdup_printf("Signed in, %u messages", kx_view_count(pop3->view));
    kx_pop3_ok(pop3, text);
}

/* ---- state for a new core: the view and the marks ---- */

enum { SAVED_MARKS = 3000 };

typedef struct {
    KxViewState view;
    guint32
        lost; /* there are more marks than fit: a new core must end the session, deleting nothing */
    guint8 marks[SAVED_MARKS];
} Saved;
G_STATIC_ASSERT(sizeof(Saved) <= 3072);

void kx_pop3_save(KxPop3 *pop3)
{
    Saved saved = {.lost = 0};
    size_t deleted = 0, read = 0;
    kx_view_save(pop3->view, &saved.view);
    saved.lost = !kx_pop3_marks_pack(pop3->deleted, saved.marks, SAVED_MARKS, &deleted);
    /* Which messages were read may be forgotten. */
    if (!saved.lost &&
        !kx_pop3_marks_pack(pop3->read, saved.marks + deleted, SAVED_MARKS - deleted, &read))
        read = 0;
    kx_session_set_state(pop3->session, &saved, offsetof(Saved, marks) + deleted + read);
}

static gboolean restore_marks(KxPop3 *pop3, const guint8 *marks, size_t len)
{
    set_marks(pop3);
    size_t used = kx_pop3_marks_unpack(pop3->deleted, marks, len);
    if (used > 0 && used < len)
        kx_pop3_marks_unpack(pop3->read, marks + used, len - used);
    return used > 0;
}

static gboolean on_resume(KxSession *session, const void *state, size_t len)
{
    Saved saved;
    if (len < offsetof(Saved, marks) || len > sizeof saved)
        return len == 0; /* not opened yet */
    memcpy(&saved, state, len);
    KxPop3 *pop3 = pop3_new(session);
    return !saved.lost && take_account(pop3, NULL) &&
           (pop3->view = kx_view_resume(pop3->account, &saved.view, NULL)) &&
           restore_marks(pop3, saved.marks, len - offsetof(Saved, marks));
}

/* ---- handler ---- */

static void run_line(KxPop3 *pop3, KxSlice slice)
{
    g_autofree char *line = g_strndup(slice.data, slice.len);
    size_t name = strcspn(line, " ");
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!kx_ascii_equal(line, name, commands[i].name))
            continue;
        const char *args = kx_pop3_skip_spaces(line + name);
        pop3->mistakes = 0;
        if (commands[i].takes_args || kx_pop3_no_more(pop3, args))
            commands[i].run(pop3, args);
        return;
    }
    if (++pop3->mistakes < MISTAKES_MAX)
        kx_pop3_err(pop3, "Unknown command");
    else
        kx_session_kick(pop3->session, "-ERR Too many unknown commands, goodbye\r\n");
}

static void on_message(KxSession *session, const KxMessage *message)
{
    KxPop3 *pop3 = kx_session_data(session);
    guint kind = message->type == KX_MSG_COMMAND ? message->COMMAND.kind : 0;
    if (kind == KX_POP3_OPEN && !pop3)
        open_maildrop(pop3_new(session));
    else if (kind == KX_POP3_LINE && pop3 && pop3->view)
        run_line(pop3, message->COMMAND.data);
    else if (kind == KX_POP3_KEEP && pop3 && pop3->view)
        kx_session_reply(session, 0, KX_POP3_ANSWERED);
    else
        kx_session_kick(session, NULL);
}

static void on_close(KxSession *session)
{
    KxPop3 *pop3 = kx_session_data(session);
    if (!pop3)
        return;
    kx_view_free(pop3->view);
    kx_account_unref(pop3->account);
    if (pop3->locked)
        kx_exclusive_release(kx_session_core(session)->maildrops, kx_session_login(session));
    g_clear_pointer(&pop3->deleted, g_byte_array_unref);
    g_clear_pointer(&pop3->read, g_byte_array_unref);
    g_free(pop3);
}

const KxHandler kx_pop3_handler = {
    .name = "POP3",
    .scope = KX_SCOPE_POP3,
    .master = TRUE,
    .goodbye = "-ERR [AUTH] This sign-in is not valid any more\r\n",
    .message = on_message,
    .resume = on_resume,
    .close = on_close,
};
