/* SPDX-License-Identifier: Apache-2.0 */
/* What the Security log says of a mechanism that is not offered (LOG-43). */
#include "base/text.h"
#include "net/conn.h"
#include "settings/sasl.h"

enum { NAME_SHOWN = 32 }; /* bytes of a mechanism's name */

void kx_conn_log_mechanism(KxConn *conn, const char *service, const char *name, size_t len)
{
    g_autofree char *shown = kx_escape_for_log(name, (gssize)len, NAME_SHOWN);
    kx_conn_log(conn, KX_EDGE_LOG_SECURITY, "Failed %s login from %s, authentication method %s %s",
                service, kx_conn_remote_ip(conn), shown,
                kx_sasl_find(name, len) ? "is disabled" : "is invalid or unknown");
}
