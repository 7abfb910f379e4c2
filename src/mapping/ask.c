/* SPDX-License-Identifier: Apache-2.0 */
/* A question through the courier, over a channel of its own (DIRECTORY_TASK in
 * ipc/message-list.h). */
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "mapping/mapping-private.h"

enum { TIMEOUT = 5, HOST_TIMES = 3, WHOLE_SECONDS = 300, VALUES_MAX = 200000 };

/* The courier keeps the times; if something holds it up (names of hosts are looked for), the core
 * waits so much longer. */
enum { BESIDE_SECONDS = 10 };

/* Bytes of an answer: of all, and of a few of a name. */
enum { BYTES_MAX = 256 * 1024 * 1024, BYTES_OF_FEW = 4 * 1024 * 1024, FEW = 10 };

static void free_entry(gpointer data)
{
    KxMapEntry *entry = data;
    for (guint i = 0; i < entry->values->len; i++)
        g_free(g_array_index(entry->values, KxMapValue, i).text);
    g_array_unref(entry->values);
    g_free(entry->dn);
    g_free(entry);
}

void kx_map_answer_clear(KxMapAnswer *answer)
{
    g_clear_pointer(&answer->text, g_free);
    g_clear_pointer(&answer->host, g_free);
    g_clear_pointer(&answer->ip, g_free);
    g_clear_pointer(&answer->tls, g_free);
    g_clear_pointer(&answer->entries, g_ptr_array_unref);
}

char *kx_map_escape(const char *value)
{
    GString *text = g_string_new(NULL);
    for (; *value != '\0'; value++)
        if (strchr("*()\\", *value) != NULL)
            g_string_append_printf(text, "\\%02x", (guint)(guchar)*value);
        else
            g_string_append_c(text, *value);
    return g_string_free(text, FALSE);
}

/* ---- the channel ---- */

/* FALSE: it is the end. */
static gboolean add_channel(KxMapping *mapping, int channel)
{
    kx_mutex_lock(&mapping->lock);
    gboolean ok = !mapping->stopping;
    if (ok)
        g_array_append_val(mapping->channels, channel);
    kx_mutex_unlock(&mapping->lock);
    return ok;
}

static void remove_channel(KxMapping *mapping, int channel)
{
    kx_mutex_lock(&mapping->lock);
    for (guint i = 0; i < mapping->channels->len; i++)
        if (g_array_index(mapping->channels, int, i) == channel) {
            g_array_remove_index_fast(mapping->channels, i);
            break;
        }
    close(channel);
    kx_mutex_unlock(&mapping->lock);
}

/* What is wanted to be known, and the attributes that say it, in the same order. */
typedef struct {
    GString *names;
    GArray *whats; /* of KxAttribute */
} Wanted;

static void find_wanted(const KxMapQuestion *question, Wanted *wanted)
{
    wanted->names = g_string_new(NULL);
    wanted->whats = g_array_new(FALSE, FALSE, sizeof(KxAttribute));
    for (KxAttribute what = question->first; what < question->end; what++) {
        g_auto(GStrv) names = kx_attribute_names(question->domain, what);
        for (guint i = 0; names[i] != NULL; i++) {
            g_string_append_printf(wanted->names, "%s%s", wanted->names->len > 0 ? " " : "",
                                   names[i]);
            g_array_append_val(wanted->whats, what);
        }
    }
}

static void clear_wanted(Wanted *wanted)
{
    g_string_free(wanted->names, TRUE);
    g_array_unref(wanted->whats);
}

/* Names from outside and lists of administrators are in it, which may be more than fits. */
static gboolean fits(const KxMsgDirectoryTask *task)
{
    char *packed = g_malloc(KX_MESSAGE_MAX);
    size_t len = kx_message_pack(KX_MSG_DIRECTORY_TASK, 0, task, packed, KX_MESSAGE_MAX);
    explicit_bzero(packed, len);
    g_free(packed);
    return len > 0;
}

static guint timeout_of(const KxDomain *domain)
{
    return domain->directory_timeout > 0 ? (guint)domain->directory_timeout : TIMEOUT;
}

/* Seconds in which something of the answer comes, whatever servers are asked before. */
static guint patience(const KxDomain *domain)
{
    return timeout_of(domain) * HOST_TIMES * MAX(g_strv_length(domain->directory_hosts), 1);
}

static size_t bytes_of(const KxMapQuestion *question)
{
    return question->most > FEW ? BYTES_MAX : BYTES_OF_FEW;
}

/* And those of the whole. */
static guint seconds_of(const KxMapQuestion *question)
{
    return question->most <= FEW ? patience(question->domain) : WHOLE_SECONDS;
}

static gboolean send_task(KxMapping *mapping, const KxMapQuestion *question, const char *names,
                          int channel, KxMapAnswer *answer)
{
    const KxDomain *domain = question->domain;
    g_autofree char *hosts = g_strjoinv(" ", domain->directory_hosts);
    g_autofree char *base = kx_attribute_base(domain);
    KxMsgDirectoryTask task = {
        .hosts = question->hosts != NULL ? question->hosts : hosts,
        .tls = domain->directory_tls,
        .ca = domain->directory_ca,
        .user = domain->directory_user,
        .password = domain->directory_password,
        .base = base,
        .filter = question->filter,
        .attributes = names,
        .most = question->most,
        .check = question->secret != NULL,
        .secret = question->secret,
        .timeout = timeout_of(domain),
        .seconds = seconds_of(question),
        .bytes = (guint32)bytes_of(question),
    };
    if (!fits(&task)) {
        g_free(answer->text);
        answer->text = g_strdup("the question is too long");
        return FALSE;
    }
    kx_mutex_lock(&mapping->lock);
    KxQueueCourier courier = mapping->courier;
    kx_mutex_unlock(&mapping->lock);
    return courier.send != NULL &&
           courier.send(courier.data, KX_MSG_DIRECTORY_TASK, 0, &task, channel);
}

/* ---- the answer ---- */

static void take_entry(KxMapAnswer *answer, const char *dn)
{
    KxMapEntry *entry = g_new(KxMapEntry, 1);
    *entry = (KxMapEntry){g_utf8_make_valid(dn, -1), g_array_new(FALSE, FALSE, sizeof(KxMapValue))};
    g_ptr_array_add(answer->entries, entry);
}

/* Texts only: nothing else is of use here. */
static void take_value(KxMapAnswer *answer, const GArray *whats, const KxMsgDirectoryValue *value)
{
    KxMapEntry *entry =
        answer->entries->len > 0 ? answer->entries->pdata[answer->entries->len - 1] : NULL;
    if (entry == NULL || entry->values->len >= VALUES_MAX || value->attribute >= whats->len ||
        memchr(value->value.data, '\0', value->value.len) != NULL ||
        !g_utf8_validate(value->value.data, (gssize)value->value.len, NULL))
        return;
    KxMapValue taken = {g_array_index(whats, KxAttribute, value->attribute), value->attribute,
                        g_strndup(value->value.data, value->value.len)};
    g_array_append_val(entry->values, taken);
}

static void take_end(KxMapAnswer *answer, const KxMsgDirectoryEnd *end)
{
    answer->state = end->state <= KX_DIRECTORY_FAILED ? end->state : KX_DIRECTORY_FAILED;
    answer->right = end->right != 0;
    g_free(answer->text);
    answer->text = g_utf8_make_valid(end->text, -1);
    answer->host = g_utf8_make_valid(end->host, -1);
    answer->ip = g_utf8_make_valid(end->ip, -1);
    answer->tls = g_utf8_make_valid(end->tls, -1);
}

/* With what it takes beside its bytes to keep them. */
static size_t size_of(const KxMessage *message)
{
    enum { BESIDE = 64 };
    return BESIDE + (message->type == KX_MSG_DIRECTORY_ENTRY   ? strlen(message->DIRECTORY_ENTRY.dn)
                     : message->type == KX_MSG_DIRECTORY_VALUE ? message->DIRECTORY_VALUE.value.len
                                                               : 0);
}

static void give_up(KxMapAnswer *answer, KxDirectoryState state, const char *why)
{
    answer->state = state;
    g_free(answer->text);
    answer->text = g_strdup(why);
    g_ptr_array_set_size(answer->entries, 0);
}

/* One more of the answer; FALSE: it is longer than it may be. */
static gboolean take_part(KxMapAnswer *answer, const GArray *whats, guint most,
                          const KxMessage *message, size_t *left)
{
    gboolean entry = message->type == KX_MSG_DIRECTORY_ENTRY;
    size_t size = size_of(message);
    if (size > *left || (entry && answer->entries->len >= most))
        return FALSE;
    *left -= size;
    if (entry)
        take_entry(answer, message->DIRECTORY_ENTRY.dn);
    else
        take_value(answer, whats, &message->DIRECTORY_VALUE);
    return TRUE;
}

/* The times are kept here too: the courier talks to strangers. */
static KxReceived receive_part(int channel, const KxMapQuestion *question, gint64 deadline,
                               char *buffer, KxMessage *message)
{
    gint64 each = (gint64)(patience(question->domain) + BESIDE_SECONDS) * G_USEC_PER_SEC;
    gint64 left = MIN(each, deadline - g_get_monotonic_time());
    if (left <= 0)
        return KX_RECEIVE_AGAIN;
    const struct timeval wait = {left / G_USEC_PER_SEC, left % G_USEC_PER_SEC};
    setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return kx_channel_receive(channel, KX_ROLE_COURIER, KX_ROLE_CORE, buffer, message, NULL);
}

/* FALSE: nothing comes after it. */
static gboolean take_message(KxMapAnswer *answer, const GArray *whats, guint most,
                             const KxMessage *message, size_t *left)
{
    if (message->fd >= 0)
        close(message->fd);
    if (message->type == KX_MSG_DIRECTORY_END)
        take_end(answer, &message->DIRECTORY_END);
    else if (message->type != KX_MSG_DIRECTORY_ENTRY && message->type != KX_MSG_DIRECTORY_VALUE)
        give_up(answer, KX_DIRECTORY_FAILED, "what came is no answer");
    else if (!take_part(answer, whats, most, message, left))
        give_up(answer, KX_DIRECTORY_FAILED,
                "the answer of the directory is longer than it may be");
    else
        return TRUE;
    return FALSE;
}

static void receive(int channel, const KxMapQuestion *question, const GArray *whats,
                    KxMapAnswer *answer)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    KxReceived got;
    size_t left = bytes_of(question);
    gint64 deadline =
        g_get_monotonic_time() + (gint64)(seconds_of(question) + BESIDE_SECONDS) * G_USEC_PER_SEC;
    while ((got = receive_part(channel, question, deadline, buffer, &message)) == KX_RECEIVED)
        if (!take_message(answer, whats, question->most, &message, &left))
            return;
    if (got == KX_RECEIVE_AGAIN)
        give_up(answer, KX_DIRECTORY_UNREACHABLE, "no answer came in time");
    else
        g_ptr_array_set_size(answer->entries, 0);
}

static void conduct(KxMapping *mapping, const KxMapQuestion *question, const Wanted *wanted,
                    KxMapAnswer *answer)
{
    int ends[2];
    if (!kx_channel_pair(ends, NULL))
        return;
    gboolean sent = send_task(mapping, question, wanted->names->str, ends[1], answer);
    close(ends[1]);
    if (!sent || !add_channel(mapping, ends[0])) {
        close(ends[0]);
        return;
    }
    receive(ends[0], question, wanted->whats, answer);
    remove_channel(mapping, ends[0]);
}

gboolean kx_map_ask(KxMapping *mapping, const KxMapQuestion *question, KxMapAnswer *ret_answer)
{
    Wanted wanted;
    *ret_answer = (KxMapAnswer){.state = KX_DIRECTORY_NOT_ASKED,
                                .text = g_strdup("the process that asks is being restarted"),
                                .entries = g_ptr_array_new_with_free_func(free_entry)};
    find_wanted(question, &wanted);
    conduct(mapping, question, &wanted, ret_answer);
    clear_wanted(&wanted);
    kx_debug(mapping->logger, KX_DEBUG_DIRECTORY_LOOKUP,
             "Directory of %s: %s below the base: %s, %u found%s%s", question->domain->name,
             question->filter, ret_answer->state == KX_DIRECTORY_GOOD ? ret_answer->host : "failed",
             ret_answer->entries->len, ret_answer->state == KX_DIRECTORY_GOOD ? "" : ": ",
             ret_answer->text);
    return ret_answer->state == KX_DIRECTORY_GOOD;
}
