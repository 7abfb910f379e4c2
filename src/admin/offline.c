/* SPDX-License-Identifier: Apache-2.0 */
/* A command without a running server: this process opens the data directory itself. */
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/privileges.h"
#include "flow/public-folder.h"
#include "flow/queue.h"
#include "log/log-settings.h"

/* Aliases and forwarding that lead to public folders want the store, others do not. */
static gboolean public_folder(gpointer data, const char *domain, const char *folder, GError **error)
{
    KxCore *core = data;
    if (!core->store && !kx_core_open_store(core, error))
        return FALSE;
    g_autoptr(KxAccount) account =
        kx_public_folder_open(core->store, core->directory, domain, folder, error);
    return account != NULL;
}

static gboolean open_core(KxCore *core, guint flags, GError **error)
{
    KxLoggerOptions options = {.directory = "store/logs"};
    if (!(core->logger = kx_logger_open(&options, error)) ||
        !(core->directory = kx_directory_open(core->logger, error)))
        return FALSE;
    kx_directory_on_public_folder(core->directory, public_folder, core);
    g_autoptr(KxSettings) settings = kx_directory_settings(core->directory);
    kx_log_apply_settings(core->logger, settings);
    if ((flags & (KX_COMMAND_STORE | KX_COMMAND_QUEUE)) && !kx_core_open_store(core, error))
        return FALSE;
    return !(flags & KX_COMMAND_QUEUE) ||
           (core->queue = kx_queue_open(core->store, core->directory, core->logger, error)) != NULL;
}

static void close_core(KxCore *core)
{
    g_clear_pointer(&core->queue, kx_queue_close);
    g_clear_pointer(&core->store, kx_store_close);
    g_clear_pointer(&core->directory, kx_directory_close);
    g_clear_pointer(&core->logger, kx_logger_close);
}

struct KxOffline {
    KxCore core;
    int lock;
    char *admin;
};

KxOffline *kx_offline_open(const KxInvocation *invocation, GError **error)
{
    if (!kx_privileges_drop(".", error))
        return NULL;
    int lock = kx_cli_lock();
    if (lock < 0)
        return NULL;
    KxOffline *offline = g_new0(KxOffline, 1);
    offline->lock = lock;
    offline->admin = kx_admin_local_name(invocation->uid);
    if (open_core(&offline->core, invocation->command->flags, error))
        return offline;
    kx_offline_close(offline);
    return NULL;
}

json_t *kx_offline_run(KxOffline *offline, const json_t *request)
{
    KxAdminContext context = {&offline->core, {offline->admin, KX_LEVEL_FULL, NULL}, NULL};
    return kx_admin_run(&context, request);
}

void kx_offline_close(KxOffline *offline)
{
    if (!offline)
        return;
    close_core(&offline->core);
    close(offline->lock);
    g_free(offline->admin);
    g_free(offline);
}
