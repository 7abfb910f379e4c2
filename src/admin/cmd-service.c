/* SPDX-License-Identifier: Apache-2.0 */
/* keryx service: the network services (SVC-01 to SVC-03, SVC-20). */
#include "admin/command.h"

#include "base/error.h"

/* Without a server nothing runs; the rest is in the settings. */
static json_t *stopped_services(const KxSettings *settings)
{
    json_t *all = json_array();
    for (guint id = 0; id < KX_SERVICE_COUNT; id++) {
#define TEXT(row) kx_settings_text(settings, kx_setting_of_service(id, KX_SERVICE_ROW_##row))
        g_autofree char *listen =
            kx_settings_format(settings, kx_setting_of_service(id, KX_SERVICE_ROW_LISTEN));
        json_int_t most =
            kx_settings_int(settings, kx_setting_of_service(id, KX_SERVICE_ROW_MAX_CONNECTIONS));
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I}", "service",
                                             kx_service(id)->name, "title", kx_service(id)->title,
                                             "status", "stopped", "startup", TEXT(STARTUP),
                                             "listen", listen, "access", TEXT(ACCESS_GROUP),
                                             "connections", 0, "max-connections", most));
#undef TEXT
    }
    return all;
}

static json_t *list(const KxCall *call, GError **error)
{
    const KxServerHooks *server = call->context->server;
    if (!server) {
        g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
        return stopped_services(settings);
    }
    json_auto_t *status = server->status(server->data);
    return json_incref(json_object_get(status, "services"));
}

static json_t *act(const KxCall *call, KxServiceAction action, const char *done, GError **error)
{
    const KxServerHooks *server = call->context->server;
    KxServiceId id;
    if (!kx_service_find(call->args[0], &id)) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no service '%s'; keryx service list shows all",
                call->args[0]);
        return NULL;
    }
    if (!server->service(server->data, id, action, error))
        return NULL;
    kx_call_log(call, "Service %s %s", kx_service(id)->title, done);
    return json_null();
}

static json_t *start(const KxCall *call, GError **error)
{
    return act(call, KX_SERVICE_START, "started", error);
}

static json_t *stop(const KxCall *call, GError **error)
{
    return act(call, KX_SERVICE_STOP, "stopped", error);
}

static json_t *restart(const KxCall *call, GError **error)
{
    return act(call, KX_SERVICE_RESTART, "restarted", error);
}

static const KxCommand commands[] = {
    {.words = "service list",
     .args = "",
     .api = "GET /services",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns =
         "service:Name,title:Service,status:Status,startup:Startup,listen:Addresses,access:Access,"
         "connections:Connections,max-connections:Most,error:Error",
     .manual = "Lists the network services."},
    {.words = "service start",
     .args = "SERVICE",
     .api = "POST /services/{service}/start",
     .min_args = 1,
     .max_args = 1,
     .run = start,
     .flags = KX_COMMAND_SERVER,
     .manual = "Starts a service of the running server."},
    {.words = "service stop",
     .args = "SERVICE",
     .api = "POST /services/{service}/stop",
     .min_args = 1,
     .max_args = 1,
     .run = stop,
     .flags = KX_COMMAND_SERVER,
     .manual =
         "Stops a service until it or the server is started again. Sessions that are open go on."},
    {.words = "service restart",
     .args = "SERVICE",
     .api = "POST /services/{service}/restart",
     .min_args = 1,
     .max_args = 1,
     .run = restart,
     .flags = KX_COMMAND_SERVER,
     .manual = "Stops a service and starts it again."},
};

const KxTopic kx_topic_service = {"service", "Network services", commands, G_N_ELEMENTS(commands)};
