/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/link.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Messages taken in one go before other events get their turn. */
enum { BATCH = 64 };

typedef struct {
    GBytes *bytes;
    int fd;
} Queued;

struct KxLink {
    int fd;
    KxRole self, peer;
    const KxLinkCallbacks *callbacks;
    gpointer data;
    struct event *readable, *writable;
    GQueue out;
    size_t out_bytes;
    gboolean receiving; /* a callback may free the link: that waits until it returns */
    gboolean freed;
    char buffer[KX_MESSAGE_MAX + 1];
};

static void queued_free(gpointer data)
{
    Queued *queued = data;
    g_bytes_unref(queued->bytes);
    if (queued->fd >= 0)
        close(queued->fd);
    g_free(queued);
}

static void receive(evutil_socket_t fd, short what, void *data)
{
    KxLink *link = data;
    link->receiving = TRUE;
    for (int i = 0; i < BATCH && !link->freed; i++) {
        KxMessage message;
        g_autoptr(GError) error = NULL;
        KxReceived got =
            kx_channel_receive(link->fd, link->peer, link->self, link->buffer, &message, &error);
        if (got == KX_RECEIVE_AGAIN)
            break;
        if (got != KX_RECEIVED) {
            event_del(link->readable);
            link->callbacks->closed(link->data, link, error);
            break;
        }
        link->callbacks->message(link->data, link, &message);
        if (message.fd >= 0)
            close(message.fd);
    }
    link->receiving = FALSE;
    if (link->freed)
        kx_link_free(link);
}

static void flush(evutil_socket_t fd, short what, void *data)
{
    KxLink *link = data;
    Queued *queued;
    while ((queued = g_queue_peek_head(&link->out))) {
        size_t len;
        const void *bytes = g_bytes_get_data(queued->bytes, &len);
        if (!kx_channel_send_packed(link->fd, bytes, len, queued->fd)) {
            if (errno == EAGAIN)
                return;
            break; /* the peer is gone: the reading side tells the owner */
        }
        link->out_bytes -= len;
        queued_free(g_queue_pop_head(&link->out));
    }
    event_del(link->writable);
}

KxLink *kx_link_new(struct event_base *base, int fd, KxRole self, KxRole peer,
                    const KxLinkCallbacks *callbacks, gpointer data)
{
    KxLink *link = g_new0(KxLink, 1);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    link->fd = fd;
    link->self = self;
    link->peer = peer;
    link->callbacks = callbacks;
    link->data = data;
    link->readable = event_new(base, fd, EV_READ | EV_PERSIST, receive, link);
    link->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, flush, link);
    g_queue_init(&link->out);
    event_add(link->readable, NULL);
    return link;
}

void kx_link_free(KxLink *link)
{
    if (!link)
        return;
    if (link->receiving) {
        link->freed = TRUE;
        return;
    }
    event_free(link->readable);
    event_free(link->writable);
    g_queue_clear_full(&link->out, queued_free);
    close(link->fd);
    g_free(link);
}

static void send_packed(KxLink *link, const void *bytes, size_t len, int pass_fd)
{
    if (g_queue_is_empty(&link->out)) {
        if (kx_channel_send_packed(link->fd, bytes, len, pass_fd) || errno != EAGAIN)
            return; /* sent, or the peer is gone: the reading side tells the owner */
        event_add(link->writable, NULL);
    }
    Queued *queued = g_new(Queued, 1);
    queued->bytes = g_bytes_new(bytes, len);
    queued->fd = pass_fd >= 0 ? fcntl(pass_fd, F_DUPFD_CLOEXEC, 0) : -1;
    g_queue_push_tail(&link->out, queued);
    link->out_bytes += len;
}

void kx_link_send_bytes(KxLink *link, const void *bytes, size_t len)
{
    send_packed(link, bytes, len, -1);
}

void kx_link_send(KxLink *link, KxMessageType type, guint32 session, const void *body, int pass_fd)
{
    char bytes[KX_MESSAGE_MAX];
    size_t len = kx_message_pack(type, session, body, bytes, sizeof bytes);
    g_assert(len > 0);
    send_packed(link, bytes, len, pass_fd);
}

size_t kx_link_queued(KxLink *link)
{
    return link->out_bytes;
}
