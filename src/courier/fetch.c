/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/fetch.h"

#include <openssl/err.h>
#include <unistd.h>

#include "base/error.h"
#include "courier/fetch-private.h"
#include "ipc/channel.h"

enum { SESSIONS_MAX = 16 };

/* ---- a session's life ---- */

static KxFetch *fetch_new(const KxMsgFetchTask *task, int channel)
{
    KxFetch *fetch = g_new0(KxFetch, 1);
    fetch->protocol = task->protocol == KX_FETCH_IMAP ? &kx_fetch_imap : &kx_fetch_pop3;
    fetch->channel = channel;
    fetch->task = *task;
    fetch->host = g_strdup(task->host);
    fetch->login = g_strdup(task->login);
    fetch->password = g_strdup(task->password);
    fetch->folder = g_strdup(task->folder);
    fetch->items = g_array_new(FALSE, TRUE, sizeof(KxFetchItem));
    fetch->piece = g_string_new(NULL);
    fetch->buffer = g_malloc(KX_MESSAGE_MAX + 1);
    return fetch;
}

static void fetch_free(KxFetch *fetch)
{
    explicit_bzero(fetch->password, strlen(fetch->password));
    kx_smtp_conn_free(fetch->conn);
    kx_scram_client_free(fetch->scram);
    close(fetch->channel);
    g_array_unref(fetch->items);
    g_string_free(fetch->piece, TRUE);
    if (fetch->greeting)
        g_string_free(fetch->greeting, TRUE);
    if (fetch->capabilities)
        g_string_free(fetch->capabilities, TRUE);
    g_free(fetch->buffer);
    g_free(fetch->host);
    g_free(fetch->login);
    g_free(fetch->password);
    g_free(fetch->folder);
    g_free(fetch);
}

/* ---- with the core ---- */

static gboolean tell(KxFetch *fetch, KxMessageType type, const void *body, GError **error)
{
    return kx_channel_send(fetch->channel, type, 0, body, -1) ||
           kx_fail(error, KX_ERR_IO, "the core has ended");
}

static gboolean hear(KxFetch *fetch, KxMessageType type, KxMessage *ret_message, GError **error)
{
    KxReceived got = kx_channel_receive(fetch->channel, KX_ROLE_CORE, KX_ROLE_COURIER,
                                        fetch->buffer, ret_message, error);
    if (got == KX_RECEIVED && ret_message->type == type)
        return TRUE;
    return got == KX_RECEIVE_BAD || kx_fail(error, KX_ERR_IO, "the core has ended");
}

static void pack_item(const KxFetchItem *item, char *out)
{
    guint64 size = GUINT64_TO_LE(item->size);
    memcpy(out, item->id, KX_FETCH_ID);
    memcpy(out + KX_FETCH_ID, &size, sizeof size);
}

/* Asks the core what is to become of some messages. */
static gboolean ask(KxFetch *fetch, KxFetchItem *items, guint n, GError **error)
{
    g_autofree char *bytes = g_malloc((size_t)n * KX_FETCH_ITEM);
    KxMessage message;
    for (guint i = 0; i < n; i++)
        pack_item(&items[i], bytes + (size_t)i * KX_FETCH_ITEM);
    KxMsgFetchList list = {{bytes, (size_t)n * KX_FETCH_ITEM}};
    if (!tell(fetch, KX_MSG_FETCH_LIST, &list, error) ||
        !hear(fetch, KX_MSG_FETCH_CHOICE, &message, error))
        return FALSE;
    KxSlice choices = message.FETCH_CHOICE.choices;
    if (choices.len != n)
        return kx_fail(error, KX_ERR_PROTOCOL, "the core's choice makes no sense");
    for (guint i = 0; i < n; i++)
        items[i].choice = (guint8)choices.data[i];
    return TRUE;
}

static gboolean ask_all(KxFetch *fetch, GError **error)
{
    for (guint at = 0; at < fetch->items->len; at += KX_FETCH_ITEMS) {
        KxFetchItem *items = &g_array_index(fetch->items, KxFetchItem, at);
        if (!ask(fetch, items, MIN(fetch->items->len - at, (guint)KX_FETCH_ITEMS), error))
            return FALSE;
    }
    return TRUE;
}

/* ---- messages ---- */

/* Brings it here; `ret_choice` is what then becomes of it there. */
static gboolean bring(KxFetch *fetch, const KxFetchItem *item, guint *ret_choice, GError **error)
{
    char bytes[KX_FETCH_ITEM];
    KxFetchContent state = KX_FETCH_MISSING;
    g_autofree char *why = NULL;
    KxMessage message;
    pack_item(item, bytes);
    KxMsgFetchMessage begin = {{bytes, sizeof bytes}};
    if (!tell(fetch, KX_MSG_FETCH_MESSAGE, &begin, error) ||
        !fetch->protocol->get(fetch, item, &state, &why, error))
        return FALSE;
    KxMsgFetchComplete complete = {state,
                                   state == KX_FETCH_ENDLESS ? "it is larger than it may be" : why};
    if (!tell(fetch, KX_MSG_FETCH_COMPLETE, &complete, error) ||
        !hear(fetch, KX_MSG_FETCH_TAKEN, &message, error))
        return FALSE;
    *ret_choice = message.FETCH_TAKEN.choice;
    if (state != KX_FETCH_WHOLE)
        *ret_choice = KX_FETCH_TAKE; /* nothing to tell the server */
    return state != KX_FETCH_ENDLESS ||
           kx_fail(error, KX_ERR_TOO_BIG, "a message was larger than it may be");
}

static gboolean handle(KxFetch *fetch, const KxFetchItem *item, GError **error)
{
    guint choice = item->choice;
    gboolean done = FALSE;
    if (choice == KX_FETCH_LEAVE)
        return TRUE;
    if (choice == KX_FETCH_TAKE && !bring(fetch, item, &choice, error))
        return FALSE;
    if (choice == KX_FETCH_LEAVE)
        return fetch->protocol->keep(fetch, item, error);
    if (choice == KX_FETCH_DELETE && !fetch->protocol->remove(fetch, item, &done, error))
        return FALSE;
    fetch->deleted += done;
    return TRUE;
}

static gboolean handle_all(KxFetch *fetch, GError **error)
{
    if (!fetch->protocol->list(fetch, error) || !ask_all(fetch, error))
        return FALSE;
    for (guint i = 0; i < fetch->items->len; i++)
        if (!handle(fetch, &g_array_index(fetch->items, KxFetchItem, i), error))
            return FALSE;
    return TRUE;
}

/* ---- connecting ---- */

static gboolean connect_to(KxFetch *fetch, const GArray *addresses, GError **error)
{
    guint port = fetch->task.port;
    if (port == 0)
        port = fetch->task.tls == KX_FETCH_TLS ? fetch->protocol->tls_port : fetch->protocol->port;
    for (guint i = 0; i < addresses->len && !fetch->conn; i++) {
        g_clear_error(error);
        fetch->conn = kx_smtp_conn_open(&g_array_index(addresses, KxHostAddress, i), port, NULL,
                                        fetch->task.timeout, error);
    }
    return fetch->conn != NULL;
}

static gboolean open_connection(KxFetch *fetch, GError **error)
{
    g_auto(KxHostAnswer) answer = {0};
    KxDnsAnswer found = kx_resolver_addresses(fetch->tools->resolver, fetch->host, &answer);
    if (found == KX_DNS_NONE || (found == KX_DNS_FOUND && answer.addresses->len == 0))
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no host of that name");
    if (found == KX_DNS_FAILED)
        return kx_fail(error, KX_ERR_IO, "the DNS servers do not answer for the host's name");
    return connect_to(fetch, answer.addresses, error) &&
           (fetch->task.tls != KX_FETCH_TLS || kx_fetch_start_tls(fetch, error));
}

static gboolean sign_in(KxFetch *fetch, GError **error)
{
    if (!open_connection(fetch, error) || !fetch->protocol->sign_in(fetch, error))
        return FALSE;
    KxMsgFetchReady ready = {kx_smtp_conn_ip(fetch->conn), kx_smtp_conn_tls(fetch->conn)};
    return tell(fetch, KX_MSG_FETCH_READY, &ready, error);
}

/* ---- all of it ---- */

static void conduct(KxFetch *fetch)
{
    g_autoptr(GError) error = NULL;
    gboolean committed = FALSE;
    fetch->deadline = g_get_monotonic_time() + (gint64)fetch->task.seconds * G_USEC_PER_SEC;
    gboolean ok = sign_in(fetch, &error) &&
                  (fetch->task.test ? fetch->protocol->count : handle_all)(fetch, &error);
    if (ok)
        ok = committed = fetch->protocol->end(fetch, &error);
    g_autofree char *text = error ? kx_fetch_quote(KX_SLICE_STR(error->message)) : NULL;
    KxMsgFetchEnd end = {ok, committed, fetch->listed, fetch->deleted, text};
    kx_channel_send(fetch->channel, KX_MSG_FETCH_END, 0, &end, -1);
}

static void run(gpointer data G_GNUC_UNUSED, gpointer job, const KxMailTools *tools)
{
    KxFetch *fetch = job;
    fetch->tools = tools;
    if (tools) {
        conduct(fetch);
    } else {
        KxMsgFetchEnd end = {.text = "the DNS servers cannot be used"};
        kx_channel_send(fetch->channel, KX_MSG_FETCH_END, 0, &end, -1);
    }
    fetch_free(fetch);
}

KxCrew *kx_fetch_crew_new(KxMailPool *mail)
{
    return kx_crew_new(mail, SESSIONS_MAX, run, NULL);
}

void kx_fetch_begin(KxCrew *crew, const KxMsgFetchTask *task, int channel)
{
    KxFetch *fetch = fetch_new(task, channel);
    if (kx_crew_begin(crew, fetch))
        return;
    KxMsgFetchEnd end = {.text = "too many sessions are under way"};
    kx_channel_send(channel, KX_MSG_FETCH_END, 0, &end, -1);
    fetch_free(fetch);
}
