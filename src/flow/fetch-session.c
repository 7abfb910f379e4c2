/* SPDX-License-Identifier: Apache-2.0 */
/* The core's side of a session: what the courier says on its channel, and the answers. */
#include "base/error.h"
#include "flow/fetch-private.h"
#include "ipc/channel.h"

enum { DAY = 24 * 3600 };

typedef struct {
    KxFetchSession *session;
    int channel;
    KxFetchMessage *message; /* that is coming, or NULL */
    char id[2 * KX_FETCH_ID + 1];
    gboolean over;
} Talk;

static gboolean answer(const Talk *talk, KxMessageType type, const void *body, GError **error)
{
    return kx_channel_send(talk->channel, type, 0, body, -1) ||
           kx_fail(error, KX_ERR_IO, "the process that downloads is being restarted");
}

static void warn(const Talk *talk, const char *what, const char *why)
{
    kx_log(talk->session->tools->logger, KX_LOG_WARNING, "Download \"%s\": a message %s: %s",
           talk->session->download->name, what, why);
}

static void unpack_item(const char *bytes, KxFetchSeen *ret_item)
{
    guint64 size;
    for (guint i = 0; i < KX_FETCH_ID; i++)
        g_snprintf(ret_item->id + 2 * (size_t)i, 3, "%02x", (guint8)bytes[i]);
    memcpy(&size, bytes + KX_FETCH_ID, sizeof size);
    ret_item->size = GUINT64_FROM_LE(size);
}

/* ---- choosing ---- */

/* Whether one more, of that size, fits into this session. The first always does: otherwise it never
 * would. */
static gboolean has_room(const KxFetchSession *session, guint64 size)
{
    const KxDownload *download = session->download;
    if (session->chosen == 0)
        return TRUE;
    if (download->session_count > 0 && session->chosen >= download->session_count)
        return FALSE;
    return download->session_size == 0 ||
           (size <= download->session_size && session->size <= download->session_size - size);
}

static gboolean is_too_big(const KxFetchSession *session, const KxFetchSeen *item)
{
    guint64 most = session->download->message_size;
    return most > 0 && item->size > most;
}

/* Of a message that is here already. */
static gboolean is_due_to_go(const KxFetchSession *session, const KxFetchSeen *item)
{
    const KxDownload *download = session->download;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (!download->keep)
        return TRUE;
    return download->keep_days > 0 && now - item->since >= (gint64)download->keep_days * DAY;
}

static KxFetchChoice choose(Talk *talk, const KxFetchSeen *item)
{
    KxFetchSession *session = talk->session;
    if (item->state == KX_FETCH_REFUSED) {
        session->result.left++;
        return KX_FETCH_LEAVE;
    }
    if (item->state != KX_FETCH_NEW)
        return is_due_to_go(session, item) ? KX_FETCH_DELETE : KX_FETCH_LEAVE;
    if (is_too_big(session, item)) {
        g_autofree char *why =
            g_strdup_printf("%" G_GUINT64_FORMAT " bytes are more than allowed", item->size);
        warn(talk, "stays on the server", why);
        session->result.left++;
        return KX_FETCH_LEAVE;
    }
    if (!has_room(session, item->size))
        return KX_FETCH_LEAVE;
    session->chosen++;
    session->size += item->size;
    return KX_FETCH_TAKE;
}

static gboolean on_list(Talk *talk, const KxMessage *message, GError **error)
{
    KxFetchSession *session = talk->session;
    KxFetchMemory *memory = session->tools->memory;
    KxSlice items = message->FETCH_LIST.items;
    guint n = (guint)(items.len / KX_FETCH_ITEM);
    if (n > KX_FETCH_ITEMS || items.len % KX_FETCH_ITEM != 0)
        return kx_fail(error, KX_ERR_PROTOCOL, "the list of messages is damaged");
    g_autofree KxFetchSeen *seen = g_new0(KxFetchSeen, n);
    g_autofree char *choices = g_malloc0(n + 1);
    for (guint i = 0; i < n; i++)
        unpack_item(items.data + (size_t)i * KX_FETCH_ITEM, &seen[i]);
    if (!kx_fetch_memory_look(memory, session->mailbox, seen, n, error))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        choices[i] = (char)choose(talk, &seen[i]);
        if (choices[i] != KX_FETCH_DELETE)
            continue;
        session->doomed++;
        seen[i].state = KX_FETCH_DOOMED;
    }
    return (session->doomed == 0 ||
            kx_fetch_memory_note_doomed(memory, session->mailbox, seen, n, error)) &&
           answer(talk, KX_MSG_FETCH_CHOICE, &(KxMsgFetchChoice){{choices, n}}, error);
}

/* ---- a message ---- */

static gboolean on_ready(Talk *talk, const KxMessage *message, GError **error)
{
    KxFetchSession *session = talk->session;
    if (session->ip)
        return kx_fail(error, KX_ERR_PROTOCOL, "it signed in twice");
    session->ip = g_strdup(message->FETCH_READY.ip);
    session->tls = g_strdup(message->FETCH_READY.tls);
    return TRUE;
}

static gboolean on_message(Talk *talk, const KxMessage *message, GError **error)
{
    KxSlice item = message->FETCH_MESSAGE.item;
    KxFetchSeen seen;
    if (!talk->session->ip || talk->message || item.len != KX_FETCH_ITEM)
        return kx_fail(error, KX_ERR_PROTOCOL, "a message came out of order");
    unpack_item(item.data, &seen);
    memcpy(talk->id, seen.id, sizeof talk->id);
    talk->message = kx_fetch_message_new(talk->session);
    return TRUE;
}

static gboolean on_data(Talk *talk, const KxMessage *message, GError **error)
{
    KxSlice data = message->FETCH_DATA.data;
    if (!talk->message)
        return kx_fail(error, KX_ERR_PROTOCOL, "content came out of order");
    kx_fetch_message_write(talk->message, data.data, data.len);
    return TRUE;
}

/* It is noted before the server hears of it. */
static gboolean note(Talk *talk, KxFetchState state, GError **error)
{
    KxFetchSession *session = talk->session;
    session->doomed += state == KX_FETCH_DOOMED;
    return kx_fetch_memory_note(session->tools->memory, session->mailbox, talk->id, state, error);
}

static gboolean settle(Talk *talk, KxFetched what, const char *why, KxFetchChoice *ret_choice,
                       GError **error)
{
    KxFetchSession *session = talk->session;
    gboolean here = what == KX_FETCHED || what == KX_FETCHED_COPY;
    *ret_choice = here && !session->download->keep ? KX_FETCH_DELETE : KX_FETCH_LEAVE;
    session->result.taken += what == KX_FETCHED;
    session->result.copies += what == KX_FETCHED_COPY;
    session->result.left += !here;
    if (!here)
        warn(talk, "stays on the server", why);
    if (what == KX_FETCHED_LATER)
        return TRUE;
    return note(talk,
                !here                            ? KX_FETCH_REFUSED
                : *ret_choice == KX_FETCH_DELETE ? KX_FETCH_DOOMED
                                                 : KX_FETCH_TAKEN,
                error);
}

static gboolean on_complete(Talk *talk, const KxMessage *message, GError **error)
{
    static const KxFetched outcomes[] = {
        [KX_FETCH_MISSING] = KX_FETCHED_LATER, [KX_FETCH_ENDLESS] = KX_FETCHED_REFUSED};
    const KxMsgFetchComplete *complete = &message->FETCH_COMPLETE;
    g_autoptr(KxFetchMessage) content = g_steal_pointer(&talk->message);
    g_autoptr(GError) problem = NULL;
    KxFetchChoice choice = KX_FETCH_LEAVE;
    if (!content || complete->state > KX_FETCH_ENDLESS)
        return kx_fail(error, KX_ERR_PROTOCOL, "the end of a message came out of order");
    KxFetched what = complete->state == KX_FETCH_WHOLE ? kx_fetch_message_finish(content, &problem)
                                                       : outcomes[complete->state];
    return settle(talk, what, problem ? problem->message : complete->text, &choice, error) &&
           answer(talk, KX_MSG_FETCH_TAKEN, &(KxMsgFetchTaken){choice}, error);
}

static gboolean on_end(Talk *talk, const KxMessage *message, GError **error)
{
    const KxMsgFetchEnd *end = &message->FETCH_END;
    KxFetchSession *session = talk->session;
    gboolean committed = end->committed && end->deleted == session->doomed;
    talk->over = TRUE;
    session->result.listed = end->listed;
    session->result.deleted = end->committed ? end->deleted : 0;
    if (session->ip && !session->test &&
        !kx_fetch_memory_settle(session->tools->memory, session->mailbox, committed, error))
        return FALSE;
    return end->good || kx_fail(error, KX_ERR_FAILED, "%s", end->text);
}

static const struct {
    KxMessageType type;
    gboolean (*func)(Talk *talk, const KxMessage *message, GError **error);
} MESSAGES[] = {
    {KX_MSG_FETCH_READY, on_ready},       {KX_MSG_FETCH_LIST, on_list},
    {KX_MSG_FETCH_MESSAGE, on_message},   {KX_MSG_FETCH_DATA, on_data},
    {KX_MSG_FETCH_COMPLETE, on_complete}, {KX_MSG_FETCH_END, on_end},
};

static gboolean handle(Talk *talk, const KxMessage *message, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(MESSAGES); i++)
        if (MESSAGES[i].type == message->type)
            return MESSAGES[i].func(talk, message, error);
    return kx_fail(error, KX_ERR_PROTOCOL, "unexpected %s", kx_message_name(message->type));
}

/* ---- all of it ---- */

static gboolean talk_on(Talk *talk, GError **error)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    gboolean ok = TRUE;
    while (ok && !talk->over) {
        KxReceived got = kx_channel_receive(talk->channel, KX_ROLE_COURIER, KX_ROLE_CORE, buffer,
                                            &message, error);
        if (got != KX_RECEIVED)
            return got == KX_RECEIVE_BAD ||
                   kx_fail(error, KX_ERR_IO, "the process that downloads was restarted");
        ok = handle(talk, &message, error);
    }
    return ok;
}

void kx_fetch_session_run(KxFetchSession *session, int channel)
{
    Talk talk = {.session = session, .channel = channel};
    g_autoptr(GError) error = NULL;
    talk_on(&talk, &error);
    kx_fetch_message_free(talk.message);
    session->result.good = !error;
    if (error)
        g_strlcpy(session->result.text, error->message, sizeof session->result.text);
}

char *kx_fetch_mailbox_name(const KxDownload *download)
{
    g_autofree char *text = g_strdup_printf(
        "%u\n%s\n%" G_GUINT64_FORMAT "\n%s\n%s", download->protocol, download->host, download->port,
        download->login, *download->folder ? download->folder : "INBOX");
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}
