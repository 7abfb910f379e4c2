/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the helper. What comes back is looked at as anything from outside. */
#include "pam/pam.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lock.h"
#include "ipc/channel.h"

enum {
    KEEPER_SECONDS = 5, /* it does not wait for anybody */
    PATIENCE = 5,       /* beyond what the helper gives a check */
    PASSWORD_MAX = 511, /* PAM_MAX_RESP_SIZE with its NUL */
};

struct KxPam {
    KxPamTell tell;
    gpointer data;
    KxMutex lock;     /* of what follows */
    GArray *channels; /* int: which somebody waits at */
    gboolean stopped;
};

KxPam *kx_pam_new(KxPamTell tell, gpointer data)
{
    KxPam *pam = g_new0(KxPam, 1);
    pam->tell = tell;
    pam->data = data;
    kx_mutex_init(&pam->lock);
    pam->channels = g_array_new(FALSE, FALSE, sizeof(int));
    return pam;
}

void kx_pam_free(KxPam *pam)
{
    if (!pam)
        return;
    g_array_unref(pam->channels);
    kx_mutex_clear(&pam->lock);
    g_free(pam);
}

void kx_pam_stop(KxPam *pam)
{
    kx_mutex_lock(&pam->lock);
    pam->stopped = TRUE;
    for (guint i = 0; i < pam->channels->len; i++)
        shutdown(g_array_index(pam->channels, int, i), SHUT_RDWR);
    kx_mutex_unlock(&pam->lock);
}

/* ---- channels that are waited at ---- */

static gboolean enter(KxPam *pam, int channel)
{
    kx_mutex_lock(&pam->lock);
    gboolean ok = !pam->stopped;
    if (ok)
        g_array_append_val(pam->channels, channel);
    kx_mutex_unlock(&pam->lock);
    return ok;
}

static void leave(KxPam *pam, int channel)
{
    kx_mutex_lock(&pam->lock);
    for (guint i = 0; i < pam->channels->len; i++)
        if (g_array_index(pam->channels, int, i) == channel) {
            g_array_remove_index_fast(pam->channels, i);
            break;
        }
    kx_mutex_unlock(&pam->lock);
}

typedef enum { CAME, LATE, CLOSED } Came;

/* The message points into the buffer. */
static Came await(int channel, guint seconds, KxRole from, char *buffer, KxMessage *ret_message)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    struct pollfd wait = {.fd = channel, .events = POLLIN};
    int rc;
    do {
        gint64 left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;
        rc = poll(&wait, 1, (int)left);
    } while (rc < 0 && errno == EINTR);
    if (rc <= 0)
        return LATE;
    return kx_channel_receive(channel, from, KX_ROLE_CORE, buffer, ret_message, NULL) == KX_RECEIVED
               ? CAME
               : CLOSED;
}

static Came await_at(KxPam *pam, int channel, guint seconds, KxRole from, char *buffer,
                     KxMessage *ret_message)
{
    if (!enter(pam, channel))
        return CLOSED;
    Came came = await(channel, seconds, from, buffer, ret_message);
    leave(pam, channel);
    return came;
}

/* ---- a connection ---- */

/* -1 with a text: there is none. */
static int take_connection(KxMessage *message, char **ret_text)
{
    if (message->type == KX_MSG_PAM_CONNECTED)
        return message->fd;
    if (message->fd >= 0)
        close(message->fd);
    *ret_text = message->type == KX_MSG_PAM_ABSENT
                    ? g_utf8_make_valid(message->PAM_ABSENT.text, -1)
                    : g_strdup("the keeper does not say what it should");
    return -1;
}

static int connect_helper(KxPam *pam, char *buffer, char **ret_text)
{
    int ends[2], connection = -1;
    KxMessage message;
    if (!kx_channel_pair(ends, NULL)) {
        *ret_text = g_strdup("the server has no descriptor left");
        return -1;
    }
    pam->tell(pam->data, ends[1]);
    close(ends[1]);
    if (await_at(pam, ends[0], KEEPER_SECONDS, KX_ROLE_KEEPER, buffer, &message) == CAME)
        connection = take_connection(&message, ret_text);
    else
        *ret_text = g_strdup("the keeper does not answer");
    close(ends[0]);
    return connection;
}

/* ---- a question ---- */

static KxPamState take_answer(const KxMessage *message, char **ret_text)
{
    if (message->type != KX_MSG_PAM_CHECKED || message->PAM_CHECKED.state >= KX_PAM_STATES) {
        *ret_text = g_strdup("the helper does not say what it should");
        return KX_PAM_UNREACHABLE;
    }
    *ret_text = g_utf8_make_valid(message->PAM_CHECKED.text, -1);
    return (KxPamState)message->PAM_CHECKED.state;
}

static KxPamState ask(KxPam *pam, int connection, const KxMsgPamCheck *question, char *buffer,
                      char **ret_text)
{
    KxMessage message;
    Came came = CLOSED;
    if (kx_channel_send(connection, KX_MSG_PAM_CHECK, 0, question, -1))
        came = await_at(pam, connection, KX_PAM_SECONDS + PATIENCE, KX_ROLE_PAM, buffer, &message);
    if (came != CAME) {
        *ret_text =
            g_strdup(came == LATE ? "the helper has too much to do"
                                  : "the helper has ended without an answer; its journal says why "
                                    "(journalctl -u keryx-pam)");
        return KX_PAM_UNREACHABLE;
    }
    if (message.fd >= 0)
        close(message.fd);
    return take_answer(&message, ret_text);
}

KxPamState kx_pam_check(KxPam *pam, const KxMsgPamCheck *question, char **ret_text)
{
    if (!kx_pam_is_service(question->service) || !kx_pam_is_user(question->name) ||
        strlen(question->password) > PASSWORD_MAX || !kx_pam_is_address(question->remote_ip)) {
        *ret_text = g_strdup("PAM takes no such name, or no password of that length");
        return KX_PAM_REFUSED;
    }
    char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    int connection = connect_helper(pam, buffer, ret_text);
    KxPamState state = KX_PAM_UNREACHABLE;
    if (connection >= 0) {
        state = ask(pam, connection, question, buffer, ret_text);
        close(connection);
    }
    g_free(buffer);
    return state;
}
