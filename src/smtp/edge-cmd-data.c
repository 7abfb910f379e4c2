/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: RFC 5321 section 4.1.1.4. */
#include "ipc/message.h"
#include "smtp/edge-private.h"

void kx_edge_cmd_data(KxConn *conn, const KxEdgeArgs *args)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (!edge->mail) {
        kx_edge_say(conn, 503, "5.5.1 Send MAIL first");
    } else if (edge->chunking || (edge->mail->flags & KX_SMTP_BINARYMIME)) {
        kx_edge_say(conn, 503,
                    "5.5.1 This message must be sent with BDAT"); /* RFC 3030 section 3 */
    } else if (!edge->recipients) {
        kx_edge_say(conn, 554, "5.5.1 No valid recipients");
    } else {
        size_t early;
        kx_conn_input(conn, &early);
        if (early > 0) {
            /* Content before our 354 (RFC 2920 section 3.1): somebody plays through a proxy. */
            kx_edge_say(conn, 554, "5.5.0 Content must wait for the reply to DATA");
            kx_edge_close(conn);
            return;
        }
        kx_edge_content_begin(edge, KX_EDGE_DATA);
        kx_edge_line(conn, "354 End data with <CR><LF>.<CR><LF>");
    }
}
