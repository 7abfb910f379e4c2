/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of one reply: RSET, NOOP, QUIT, VRFY, HELP, and those that are refused (RFC 5321
 * section 4.1.1). */
#include "smtp/edge-private.h"

static void say_reset(KxConn *conn)
{
    kx_edge_say(conn, 250, "2.0.0 OK");
}

void kx_edge_cmd_rset(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_reset(conn, say_reset);
}

void kx_edge_cmd_noop(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_say(conn, 250, "2.0.0 OK");
}

void kx_edge_cmd_quit(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_say(conn, 221, "2.0.0 Bye");
    kx_edge_close(conn);
}

/* RFC 5321 section 3.5.3: no address is confirmed to strangers. */
void kx_edge_cmd_vrfy(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_say(conn, 252,
                "2.5.0 Cannot verify the user, but will take mail and try to deliver it");
}

void kx_edge_cmd_help(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_line(conn, "214-2.0.0 Commands: HELO EHLO STARTTLS AUTH MAIL RCPT DATA BDAT");
    kx_edge_line(conn, "214 2.0.0 RSET NOOP VRFY ETRN HELP QUIT (RFC 5321, 1985)");
}

void kx_edge_cmd_refused(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_say(conn, 502, "5.5.1 Command not implemented");
}

void kx_edge_cmd_foreign(KxConn *conn, const KxEdgeArgs *args)
{
    kx_edge_goodbye(conn, "4.7.0", "This is a mail server");
}
