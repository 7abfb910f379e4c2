/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel between two roles: a Unix SOCK_SEQPACKET pair, one packed message per packet, at most one file
 * descriptor with it.
 *
 * The functions here are for blocking descriptors and may be called by many threads at once: a packet is
 * atomic. Event loops use KxLink (ipc/link.h).
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* A connected pair, close-on-exec, with room for several of the largest messages. */
gboolean kx_channel_pair(int ret_fds[2], GError **error);

/* Packs and sends; blocks while the peer's buffer is full. `pass_fd` -1: none. FALSE when the peer is gone.
 * A body over its limits is a programming error and aborts. */
gboolean kx_channel_send(int fd, KxMessageType type, guint32 session, const void *body, int pass_fd);

/* Sends bytes packed before. Returns FALSE with errno EAGAIN on a non-blocking descriptor. */
gboolean kx_channel_send_packed(int fd, const void *bytes, size_t len, int pass_fd);

typedef enum { KX_RECEIVED, KX_RECEIVE_AGAIN, KX_RECEIVE_CLOSED, KX_RECEIVE_BAD } KxReceived;

/* Receives one message into `buffer` of KX_MESSAGE_MAX + 1 bytes. BAD (with error): the peer broke the rules and is
 * to be dropped. A descriptor in the message is the caller's. */
KxReceived kx_channel_receive(int fd, KxRole from, KxRole to, char *buffer, KxMessage *ret_message,
                              GError **error);
