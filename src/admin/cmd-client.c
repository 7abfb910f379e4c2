/* SPDX-License-Identifier: Apache-2.0 */
/* keryx client: what single clients did lately, and who is held off (SMTP-16 to SMTP-18). */
#include "admin/command.h"

#include "base/error.h"

static json_t *list(const KxCall *call, GError **error G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) all = kx_client_limits_list(call->context->core->limits);
    gboolean blocked = kx_call_flag(call, "blocked");
    json_t *result = json_array();
    for (guint i = 0; i < all->len; i++) {
        const KxClientLimit *one = all->pdata[i];
        if (blocked && one->blocked == 0)
            continue;
        json_array_append_new(result, json_pack("{s:s, s:I, s:I, s:I, s:I}", "client", one->who,
                                                "connections", (json_int_t)one->connections,
                                                "messages", (json_int_t)one->messages,
                                                "unknown-recipients", (json_int_t)one->unknown,
                                                "blocked-seconds", (json_int_t)one->blocked));
    }
    return result;
}

static json_t *clear(const KxCall *call, GError **error)
{
    const char *who = call->n_args > 0 ? call->args[0] : NULL;
    guint n = kx_client_limits_forgive(call->context->core->limits, who);
    if (who && n == 0) {
        kx_fail(error, KX_ERR_NOT_FOUND, "nothing is held against '%.100s'", who);
        return NULL;
    }
    kx_call_log(call, "Counts of %s cleared", who ? who : "all clients");
    return json_pack("{s:I}", "cleared", (json_int_t)n);
}

static const KxOption list_options[] = {
    {"blocked", KX_OPTION_FLAG, NULL, "Only those that are blocked."},
};

static const KxCommand commands[] = {
    {.words = "client list",
     .args = "",
     .api = "GET /clients",
     KX_OPTIONS(list_options),
     .run = list,
     .flags = KX_COMMAND_READS | KX_COMMAND_SERVER,
     .columns = "client:Client,connections:Connections,messages:Messages,"
                "unknown-recipients:Unknown recipients,blocked-seconds:Blocked for",
     .manual =
         "Lists SMTP clients and users with their open connections, their messages and unknown "
         "recipients of the last hour, and for how many seconds they are blocked."},
    {.words = "client clear",
     .args = "[CLIENT]",
     .api = "DELETE /clients/{client}; DELETE /clients",
     .max_args = 1,
     .run = clear,
     .flags = KX_COMMAND_SERVER,
     .manual = "Forgets what was counted of a client or user, or of all, and blocks it no longer."},
};

const KxTopic kx_topic_client = {"client", "SMTP clients and what holds them off", commands,
                                 G_N_ELEMENTS(commands)};
