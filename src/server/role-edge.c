/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <openssl/ssl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/edge.h"
#include "imap/edge.h"
#include "net/edge.h"
#include "pop3/edge.h"
#include "server/roles.h"
#include "server/sandbox.h"
#include "smtp/smtp-edge.h"

static const KxProtocol *const protocols[KX_PROTOCOL_COUNT] = {
    [KX_PROTOCOL_SMTP] = &kx_smtp_protocol,
    [KX_PROTOCOL_IMAP] = &kx_imap_edge,
    [KX_PROTOCOL_POP3] = &kx_pop3_edge,
    [KX_PROTOCOL_HTTP] = &kx_http_edge,
};

/* As many descriptors as the system lets us have: each client is one. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int kx_role_edge_main(guint index)
{
    raise_descriptors();
    KxEdgeCounts *counts =
        mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, KX_FD_COUNTS, 0);
    if (counts == MAP_FAILED || chdir("/") < 0) {
        g_printerr("keryx edge: cannot start: %s\n", g_strerror(errno));
        return 1;
    }
    close(KX_FD_COUNTS);
    /* Libraries read their configuration now; later there are no files. */
    OPENSSL_init_ssl(0, NULL);
    struct event_base *base = event_base_new();
    KxSandbox sandbox;
    g_autoptr(GError) error = NULL;
    if (!base || !kx_sandbox_enter(KX_ROLE_EDGE, &sandbox, &error)) {
        g_printerr("keryx edge: %s\n", error ? error->message : "cannot make an event loop");
        return 1;
    }
    KxEdge *edge = kx_edge_new(base, index, KX_FD_KEEPER, protocols, counts);
    kx_edge_ready(edge, sandbox.landlock, sandbox.seccomp);
    event_base_dispatch(base);
    kx_edge_free(edge);
    event_base_free(base);
    return 0;
}
