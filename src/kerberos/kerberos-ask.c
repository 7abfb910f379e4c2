/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the process as messages. What comes back is looked at as anything from outside. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "kerberos/kerberos-private.h"

enum {
    TOKEN_SECONDS = 10,
    CHECK_SECONDS = 15, /* a KDC that does not answer is left alone then, */
    QUIET_SECONDS = 10, /* so long */
    EXAMINE_SECONDS = 60,
    FINDINGS_MAX = 32,
    REALM_MAX = 255, /* the fields of KERBEROS_CHECK in ipc/message-list.h */
    NAME_MAX_BYTES = 1000,
    PASSWORD_MAX = 12000,
};

#define NO_PROCESS "the process that has the keys of the host does not answer"

/* Parsed messages point into the buffer. */
typedef struct {
    char *buffer;
    KxMessage message;
} Received;

/* FALSE: nothing good came until then. */
static gboolean receive(int channel, gint64 deadline, KxMessageType type, KxMessageType other,
                        Received *ret_received)
{
    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd wait = {.fd = channel, .events = POLLIN};
        int rc = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (rc < 0 && errno == EINTR)
            continue;
        if (rc <= 0)
            return FALSE;
        break;
    }
    KxReceived got = kx_channel_receive(channel, KX_ROLE_KERBEROS, KX_ROLE_CORE,
                                        ret_received->buffer, &ret_received->message, NULL);
    if (got != KX_RECEIVED)
        return FALSE;
    if (ret_received->message.fd >= 0)
        close(ret_received->message.fd);
    return ret_received->message.type == type || ret_received->message.type == other;
}

static gint64 in_seconds(guint seconds)
{
    return g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
}

static char *text_of(const char *text)
{
    return g_utf8_make_valid(text, -1);
}

/* ---- tokens ---- */

struct KxGssExchange {
    KxKerberos *kerberos;
    KxMsgGssTask task;
    int channel; /* -1: not open yet */
};

KxGssExchange *kx_gss_exchange_new(KxKerberos *kerberos, KxGssMechanism mechanism, gboolean ntlm)
{
    KxGssExchange *exchange = g_new0(KxGssExchange, 1);
    exchange->kerberos = kerberos;
    exchange->task = (KxMsgGssTask){.mechanism = mechanism, .ntlm = ntlm};
    exchange->channel = -1;
    return exchange;
}

void kx_gss_exchange_free(KxGssExchange *exchange)
{
    if (exchange && exchange->channel >= 0)
        kx_kerberos_close(exchange->kerberos, exchange->channel);
    g_free(exchange);
}

void kx_gss_answer_clear(KxGssAnswer *answer)
{
    g_clear_pointer(&answer->token, g_bytes_unref);
    g_clear_pointer(&answer->name, g_free);
    g_clear_pointer(&answer->authzid, g_free);
    g_clear_pointer(&answer->text, g_free);
}

static void take_answer(const KxMsgGssAnswer *message, KxGssAnswer *answer)
{
    answer->state = message->state <= KX_GSS_LATER ? (KxGssState)message->state : KX_GSS_FAILED;
    if (message->token.len > 0)
        answer->token = g_bytes_new(message->token.data, message->token.len);
    answer->text = text_of(message->text);
    if (answer->state != KX_GSS_DONE)
        return;
    answer->name = text_of(message->name);
    answer->authzid = text_of(message->authzid);
}

void kx_gss_exchange_step(KxGssExchange *exchange, KxSlice token, KxGssAnswer *ret_answer)
{
    KxMsgGssToken message = {token};
    *ret_answer = (KxGssAnswer){.state = KX_GSS_LATER};
    if (exchange->channel < 0)
        exchange->channel = kx_kerberos_open(exchange->kerberos, KX_MSG_GSS_TASK, &exchange->task);
    Received received = {g_malloc(KX_MESSAGE_MAX + 1)};
    if (exchange->channel >= 0 &&
        kx_channel_send(exchange->channel, KX_MSG_GSS_TOKEN, 0, &message, -1) &&
        receive(exchange->channel, in_seconds(TOKEN_SECONDS), KX_MSG_GSS_ANSWER, KX_MSG_GSS_ANSWER,
                &received))
        take_answer(&received.message.GSS_ANSWER, ret_answer);
    else
        ret_answer->text = g_strdup(NO_PROCESS);
    g_free(received.buffer);
}

/* ---- realms that do not answer ---- */

static gboolean is_quiet(KxKerberos *kerberos, const char *realm)
{
    kx_mutex_lock(&kerberos->lock);
    const gint64 *until = g_hash_table_lookup(kerberos->quiet, realm);
    gboolean quiet = until && g_get_monotonic_time() < *until;
    kx_mutex_unlock(&kerberos->lock);
    return quiet;
}

static void note_quiet(KxKerberos *kerberos, const char *realm)
{
    gint64 *until = g_new(gint64, 1);
    *until = in_seconds(QUIET_SECONDS);
    kx_mutex_lock(&kerberos->lock);
    g_hash_table_replace(kerberos->quiet, g_strdup(realm), until);
    kx_mutex_unlock(&kerberos->lock);
}

/* ---- passwords ---- */

static KxKerberosState take_state(const KxMsgKerberosChecked *message, char **ret_text)
{
    *ret_text = text_of(message->text);
    return message->state <= KX_KERBEROS_UNREACHABLE ? (KxKerberosState)message->state
                                                     : KX_KERBEROS_UNREACHABLE;
}

static void take_finding(const KxMsgKerberosFound *message, GPtrArray *findings)
{
    KxKerberosFinding *finding = g_new0(KxKerberosFinding, 1);
    finding->about = text_of(message->about);
    finding->text = text_of(message->text);
    finding->good = message->good != 0;
    g_ptr_array_add(findings, finding);
}

/* `findings` NULL: there are none to come. */
static gboolean await_end(int channel, guint seconds, GPtrArray *findings,
                          KxKerberosState *ret_state, char **ret_text)
{
    KxMessageType other = findings ? KX_MSG_KERBEROS_FOUND : KX_MSG_KERBEROS_CHECKED;
    gint64 deadline = in_seconds(seconds);
    Received received = {g_malloc(KX_MESSAGE_MAX + 1)};
    gboolean good;
    while ((good = receive(channel, deadline, KX_MSG_KERBEROS_CHECKED, other, &received)) &&
           received.message.type == KX_MSG_KERBEROS_FOUND && findings->len < FINDINGS_MAX)
        take_finding(&received.message.KERBEROS_FOUND, findings);
    good = good && received.message.type == KX_MSG_KERBEROS_CHECKED;
    if (good)
        *ret_state = take_state(&received.message.KERBEROS_CHECKED, ret_text);
    g_free(received.buffer);
    return good;
}

static KxKerberosState ask(KxKerberos *kerberos, const KxMsgKerberosCheck *question, guint seconds,
                           GPtrArray *findings, char **ret_text)
{
    KxKerberosState state = KX_KERBEROS_UNREACHABLE;
    if (strlen(question->realm) > REALM_MAX || strlen(question->name) > NAME_MAX_BYTES ||
        strlen(question->password) > PASSWORD_MAX) {
        *ret_text = g_strdup("realm, name or password is too long");
        return KX_KERBEROS_WRONG;
    }
    int channel = kx_kerberos_open(kerberos, KX_MSG_KERBEROS_CHECK, question);
    if (channel < 0) {
        *ret_text = g_strdup(NO_PROCESS);
        return state;
    }
    if (!await_end(channel, seconds, findings, &state, ret_text)) {
        *ret_text = g_strdup_printf("no KDC of %s has answered in time", question->realm);
        note_quiet(kerberos, question->realm);
    }
    kx_kerberos_close(kerberos, channel);
    return state;
}

KxKerberosState kx_kerberos_check(KxKerberos *kerberos, const char *realm, const char *name,
                                  const char *password, char **ret_text)
{
    if (is_quiet(kerberos, realm)) {
        *ret_text = g_strdup_printf("no KDC of %s has answered a moment ago", realm);
        return KX_KERBEROS_UNREACHABLE;
    }
    return ask(kerberos, &(KxMsgKerberosCheck){realm, name, password, FALSE}, CHECK_SECONDS, NULL,
               ret_text);
}

static void free_finding(gpointer data)
{
    KxKerberosFinding *finding = data;
    g_free(finding->about);
    g_free(finding->text);
    g_free(finding);
}

GPtrArray *kx_kerberos_examine(KxKerberos *kerberos, const char *realm, const char *name,
                               const char *password, KxKerberosState *ret_state, char **ret_text)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func(free_finding);
    *ret_state = ask(kerberos, &(KxMsgKerberosCheck){realm, name, password, TRUE}, EXAMINE_SECONDS,
                     findings, ret_text);
    return findings;
}
