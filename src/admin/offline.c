/* SPDX-License-Identifier: Apache-2.0 */
/* A command without a running server: this process opens the data directory itself. */
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/privileges.h"
#include "flow/queue.h"
#include "log/log-settings.h"

static gboolean open_core(KxCore *core, guint flags, GError **error)
{
    KxLoggerOptions options = {.directory = "store/logs"};
    if (!(core->logger = kx_logger_open(&options, error)) ||
        !(core->directory = kx_directory_open(core->logger, error)))
        return FALSE;
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

json_t *kx_offline_run(const KxInvocation *invocation, const json_t *request, GError **error)
{
    if (!kx_privileges_drop(".", error))
        return NULL;
    int lock = kx_cli_lock();
    if (lock < 0)
        return NULL;
    KxCore core = {0};
    json_t *answer = NULL;
    if (open_core(&core, invocation->command->flags, error)) {
        g_autofree char *name = kx_admin_local_name(invocation->uid);
        KxAdminContext context = {&core, {name, KX_LEVEL_FULL, NULL}, NULL};
        answer = kx_admin_run(&context, request);
    }
    close_core(&core);
    close(lock);
    return answer;
}
