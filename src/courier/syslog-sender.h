/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends rendered log lines to syslog servers over UDP, TCP (RFC 6587) or TLS (RFC 5425), and to the
 * journal of systemd, from the courier's event loop. One connection for each server, kept open,
 * made anew with a growing pause after a failure; lines wait meanwhile, up to a bound, then further
 * ones are dropped and counted. Names are looked up by the loop's own resolver; nothing blocks. One
 * thread.
 */
#pragma once

#include <event2/event.h>

#include "ipc/message.h"

typedef struct KxSyslogSender KxSyslogSender;

/* Says something for the Error or Warning log: failures and recoveries, once each. */
typedef void (*KxSyslogReport)(gpointer data, const char *text);

/* Made before the sandbox is entered: reads the resolver's configuration and the trusted
 * certificates. `journal` is a connected datagram socket or anything else that takes writes. */
KxSyslogSender *kx_syslog_sender_new(struct event_base *base, int journal, KxSyslogReport report,
                                     gpointer data);
void kx_syslog_sender_free(KxSyslogSender *sender);

void kx_syslog_sender_send(KxSyslogSender *sender, const KxMsgSyslog *line);

/* Sends what is waiting for at most `seconds`, before the role ends; runs the loop. */
void kx_syslog_sender_finish(KxSyslogSender *sender, guint seconds);
