/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to a syslog server or the local journal (LOG-18). Pure functions; sending is for the
 * process that may use the network.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

typedef struct KxSyslogOrigin {
    const char *hostname; /* of this server */
    gint pid;
} KxSyslogOrigin;

/*
 * Appends one message in the format and framing of record->config.
 *
 * RFC 3164: "<22>Oct 11 22:14:15 mail keryx/mail[812]: text", local time, host name without domain,
 *   1024 bytes at most, a longer text ends in "...".
 * RFC 5424: "<22>1 2026-10-11T22:14:15.003000+02:00 mail.company.test keryx 812 mail [origin
 *   software="keryx" swVersion="..."] text"; MSGID is the log; a text that is not ASCII begins with
 * a byte order mark (section 6.4). Over TCP and TLS the message is preceded by its length in bytes
 * and a space (RFC 6587 section 3.4.1, RFC 5425 section 4.3); over UDP it is a datagram by itself
 * (RFC 5426).
 */
void kx_syslog_render(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out);

/* Appends one datagram of the journal's native protocol (systemd, "Journal Native Protocol"):
 * PRIORITY, SYSLOG_IDENTIFIER=keryx, SYSLOG_FACILITY, SYSLOG_PID, KERYX_LOG=<slug>, KERYX_TIME (RFC
 * 3339 with zone), MESSAGE. A value with a line break takes the binary form, so it cannot add
 * fields. */
void kx_journald_render(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out);
