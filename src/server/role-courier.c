/* SPDX-License-Identifier: Apache-2.0 */
/* The courier role's process: the only one that connects to the outside. It opens no file. */
#include <errno.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "courier/syslog-sender.h"
#include "ipc/link.h"
#include "server/roles.h"
#include "server/sandbox.h"

enum { FINISH_SECONDS = 3 };

typedef struct {
    struct event_base *base;
    KxLink *keeper;
    KxLink *core; /* NULL while there is none */
    KxSyslogSender *syslog;
} Courier;

static void report(gpointer data, const char *text)
{
    Courier *courier = data;
    if (courier->core)
        kx_link_send(courier->core, KX_MSG_LOG, 0, &(KxMsgLog){KX_EDGE_LOG_WARNING, text}, -1);
}

static void core_message(gpointer data, KxLink *link, KxMessage *message)
{
    Courier *courier = data;
    if (message->type == KX_MSG_SYSLOG)
        kx_syslog_sender_send(courier->syslog, &message->SYSLOG);
}

static void core_closed(gpointer data, KxLink *link, const GError *error)
{
    Courier *courier = data;
    g_clear_pointer(&courier->core, kx_link_free);
}

static const KxLinkCallbacks core_callbacks = {core_message, core_closed};

static void keeper_message(gpointer data, KxLink *link, KxMessage *message)
{
    Courier *courier = data;
    if (message->type == KX_MSG_PEER && message->PEER.role == KX_ROLE_CORE) {
        kx_link_free(courier->core);
        courier->core = kx_link_new(courier->base, message->fd, KX_ROLE_COURIER, KX_ROLE_CORE,
                                    &core_callbacks, courier);
        message->fd = -1;
    } else if (message->type == KX_MSG_STOP) {
        event_base_loopbreak(courier->base);
    }
}

static void keeper_closed(gpointer data, KxLink *link, const GError *error)
{
    Courier *courier = data;
    event_base_loopbreak(courier->base);
}

static const KxLinkCallbacks keeper_callbacks = {keeper_message, keeper_closed};

int kx_role_courier_main(void)
{
    Courier courier = {.base = event_base_new()};
    if (chdir("/") < 0) {
        g_printerr("keryx courier: cannot start: %s\n", g_strerror(errno));
        return 1;
    }
    OPENSSL_init_ssl(0, NULL);
    courier.syslog = kx_syslog_sender_new(courier.base, KX_FD_JOURNAL, report, &courier);
    KxSandbox sandbox;
    g_autoptr(GError) error = NULL;
    if (!kx_sandbox_enter(KX_ROLE_COURIER, &sandbox, &error)) {
        g_printerr("keryx courier: %s\n", error->message);
        return 1;
    }
    courier.keeper = kx_link_new(courier.base, KX_FD_KEEPER, KX_ROLE_COURIER, KX_ROLE_KEEPER,
                                 &keeper_callbacks, &courier);
    kx_link_send(courier.keeper, KX_MSG_ROLE_READY, 0,
                 &(KxMsgRoleReady){sandbox.landlock, sandbox.seccomp}, -1);
    event_base_dispatch(courier.base);
    kx_syslog_sender_finish(courier.syslog, FINISH_SECONDS);
    kx_syslog_sender_free(courier.syslog);
    kx_link_free(courier.core);
    kx_link_free(courier.keeper);
    event_base_free(courier.base);
    return 0;
}
