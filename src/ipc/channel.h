/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel between two roles: a Unix SOCK_SEQPACKET pair, one packed message per packet, at most
 * one file descriptor with it.
 *
 * The functions here are for blocking descriptors and may be called by many threads at once: a
 * packet is atomic. Event loops use KxLink (ipc/link.h).
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

enum { KX_CHANNEL_PATIENCE = 20 }; /* seconds */

/* A connected pair, close-on-exec, with room for several of the largest messages. */
gboolean kx_channel_pair(int ret_fds[2], GError **error);

/* Packs and sends; waits while the peer's buffer is full, whether the descriptor blocks or not.
 * `pass_fd` -1: none. FALSE when the peer is gone, or has not read for KX_CHANNEL_PATIENCE seconds:
 * then the channel is shut down, because a peer that stands still must not hold up those that serve
 * others. A body over its limits is a programming error and aborts. */
gboolean kx_channel_send(int fd, KxMessageType type, guint32 session, const void *body,
                         int pass_fd);

/* Sends bytes packed before, without waiting: FALSE with errno EAGAIN when the peer's buffer is
 * full. */
gboolean kx_channel_send_packed(int fd, const void *bytes, size_t len, int pass_fd);

typedef enum { KX_RECEIVED, KX_RECEIVE_AGAIN, KX_RECEIVE_CLOSED, KX_RECEIVE_BAD } KxReceived;

/* Receives one message into `buffer` of KX_MESSAGE_MAX + 1 bytes. BAD (with error): the peer broke
 * the rules and is to be dropped. A descriptor in the message is the caller's. */
KxReceived kx_channel_receive(int fd, KxRole from, KxRole to, char *buffer, KxMessage *ret_message,
                              GError **error);
