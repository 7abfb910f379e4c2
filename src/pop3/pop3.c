/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/pop3.h"

#include "base/text.h"
#include "pop3/wire.h"

static const struct {
    const char *name;
    KxPop3Command run;
} commands[] = {
    {"CAPA", kx_pop3_cmd_capa}, {"DELE", kx_pop3_cmd_dele}, {"LIST", kx_pop3_cmd_list}, {"NOOP", kx_pop3_cmd_noop},
    {"QUIT", kx_pop3_cmd_quit}, {"RETR", kx_pop3_cmd_retr}, {"RSET", kx_pop3_cmd_rset}, {"STAT", kx_pop3_cmd_stat},
    {"TOP", kx_pop3_cmd_top},   {"UIDL", kx_pop3_cmd_uidl},
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

gboolean kx_pop3_message(KxPop3 *pop3, const char *args, guint32 *ret_number, KxItem *ret_item,
                         const char **ret_rest)
{
    size_t digits = strspn(args, "0123456789");
    g_autofree char *text = g_strndup(args, digits);
    guint64 number;
    gboolean ends_well = args[digits] == '\0' || (ret_rest && args[digits] == ' ');
    if (!ends_well || !kx_parse_uint(text, G_MAXUINT32, &number) || number == 0) {
        kx_pop3_err(pop3, "A message number is needed");
        return FALSE;
    }
    if (!kx_pop3_is_there(pop3, (guint32)number)) {
        kx_pop3_err(pop3, "No such message");
        return FALSE;
    }
    guint32 uid = kx_view_uid(pop3->view, (guint32)number);
    if (uid == 0 || !kx_view_item(pop3->view, uid, ret_item)) {
        kx_pop3_err(pop3, "The message was removed by another program");
        return FALSE;
    }
    *ret_number = (guint32)number;
    if (ret_rest)
        *ret_rest = args[digits] == ' ' ? args + digits + 1 : "";
    return TRUE;
}

gboolean kx_pop3_is_there(KxPop3 *pop3, guint32 number)
{
    return number >= 1 && number <= pop3->deleted->len && !pop3->deleted->data[number - 1];
}

/* ---- the maildrop ---- */

static void set_marks(KxPop3 *pop3)
{
    guint32 count = kx_view_count(pop3->view);
    pop3->deleted = g_byte_array_sized_new(count);
    pop3->read = g_byte_array_sized_new(count);
    g_byte_array_set_size(pop3->deleted, count);
    g_byte_array_set_size(pop3->read, count);
    if (count > 0) {
        memset(pop3->deleted->data, 0, count);
        memset(pop3->read->data, 0, count);
    }
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

/* ---- state for a new core: the view and the numbers of marked messages ---- */

enum { SAVED_MARKS = 600 };

typedef struct {
    KxViewState view;
    guint32 count;
    guint32 deleted[SAVED_MARKS];
} Saved;
G_STATIC_ASSERT(sizeof(Saved) <= 3072);

void kx_pop3_save(KxPop3 *pop3)
{
    Saved saved = {.count = 0};
    kx_view_save(pop3->view, &saved.view);
    for (guint32 i = 0; i < pop3->deleted->len; i++) {
        if (!pop3->deleted->data[i])
            continue;
        if (saved.count == SAVED_MARKS) /* too many: then this session ends with the core, deleting nothing */
            return;
        saved.deleted[saved.count++] = i;
    }
    kx_session_set_state(pop3->session, &saved, offsetof(Saved, deleted) + saved.count * sizeof(guint32));
}

static gboolean on_resume(KxSession *session, const void *state, size_t len)
{
    Saved saved;
    if (len < offsetof(Saved, deleted) || len > sizeof saved)
        return len == 0; /* not opened yet */
    memcpy(&saved, state, len);
    KxPop3 *pop3 = pop3_new(session);
    if (!take_account(pop3, NULL) || !(pop3->view = kx_view_resume(pop3->account, &saved.view, NULL)))
        return FALSE;
    set_marks(pop3);
    for (guint32 i = 0; i < saved.count && i < SAVED_MARKS; i++)
        if (saved.deleted[i] < pop3->deleted->len)
            pop3->deleted->data[saved.deleted[i]] = 1;
    return TRUE;
}

/* ---- handler ---- */

static void run_line(KxPop3 *pop3, KxSlice slice)
{
    g_autofree char *line = g_strndup(slice.data, slice.len);
    size_t name = strcspn(line, " ");
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
        if (kx_ascii_equal(line, name, commands[i].name)) {
            commands[i].run(pop3, line[name] ? line + name + 1 : "");
            return;
        }
    kx_pop3_err(pop3, "Unknown command");
}

static void on_message(KxSession *session, const KxMessage *message)
{
    KxPop3 *pop3 = kx_session_data(session);
    if (message->type != KX_MSG_COMMAND) {
        kx_session_kick(session, NULL);
        return;
    }
    if (message->COMMAND.kind == KX_POP3_OPEN && !pop3)
        open_maildrop(pop3_new(session));
    else if (message->COMMAND.kind == KX_POP3_LINE && pop3 && pop3->view)
        run_line(pop3, message->COMMAND.data);
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
    .message = on_message,
    .resume = on_resume,
    .close = on_close,
};
