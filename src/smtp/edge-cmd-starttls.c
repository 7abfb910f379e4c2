/* SPDX-License-Identifier: Apache-2.0 */
/* STARTTLS: RFC 3207. What the client sent behind the command in clear is thrown away by the
 * connection. */
#include "smtp/edge-private.h"

void kx_edge_cmd_starttls(KxConn *conn, const KxEdgeArgs *args)
{
    if (kx_conn_is_secure(conn)) {
        kx_edge_say(conn, 503, "5.5.1 TLS is active already");
        return;
    }
    kx_edge_line(conn, "220 2.0.0 Ready to start TLS");
    kx_conn_start_tls(conn);
}
