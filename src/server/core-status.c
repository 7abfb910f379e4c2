/* SPDX-License-Identifier: Apache-2.0 */
/* What `keryx status` shows. */
#include "admin/certificate-expiry.h"
#include "server/core-private.h"

static const char *const states[] = {"down", "starting", "running"};

static void add_role(json_t *roles, const char *role, guint index, const KxRoleInfo *info)
{
    if (!info->known)
        return;
    json_t *sandbox = json_pack("{s:b, s:i, s:b}", "no-new-privileges", 1, "landlock",
                                (int)info->landlock, "seccomp", (int)info->seccomp);
    json_array_append_new(roles, json_pack("{s:s, s:i, s:i, s:s, s:i, s:o}", "role", role, "index",
                                           (int)index, "pid", (int)info->pid, "state",
                                           states[MIN(info->state, 2U)], "restarts",
                                           (int)info->restarts, "sandbox", sandbox));
}

static guint connections(const KxCoreProcess *process, KxServiceId service)
{
    guint sum = 0;
    for (guint i = 0; i < KX_EDGES_MAX; i++)
        sum += (guint)g_atomic_int_get((gint *)&process->counts->count[i][service]);
    return sum;
}

static json_t *services(KxCoreProcess *process, const KxSettings *settings)
{
    json_t *list = json_array();
    for (guint id = 0; id < KX_SERVICE_COUNT; id++) {
        const KxServiceState *state = &process->services[id];
        const KxService *service = kx_service(id);
        gboolean up = state->running && state->listening > 0;
        json_array_append_new(
            list,
            json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s?}", "service", service->name, "title",
                service->title, "status", up ? "running" : "stopped", "startup",
                kx_settings_text(settings, kx_setting_of_service(id, KX_SERVICE_ROW_STARTUP)),
                "listen", state->listen ? state->listen : "", "access",
                kx_settings_text(settings, kx_setting_of_service(id, KX_SERVICE_ROW_ACCESS_GROUP)),
                "connections", (int)connections(process, id), "max-connections",
                (int)kx_settings_int(settings,
                                     kx_setting_of_service(id, KX_SERVICE_ROW_MAX_CONNECTIONS)),
                "error", state->error));
    }
    return list;
}

static json_t *sessions(KxCoreProcess *process)
{
    json_t *list = json_array();
    g_autoptr(GPtrArray) all = kx_workers_sessions(process->workers);
    for (guint i = 0; i < all->len && i < 1000; i++) {
        const KxSessionInfo *info = all->pdata[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s?, s:I}", "service",
                                        kx_service(info->service)->name, "address", info->remote_ip,
                                        "user", info->login, "since", (json_int_t)info->since));
    }
    return list;
}

static json_t *conversions(KxCoreProcess *process)
{
    KxConvertCounts counts = kx_convert_counts(process->core.convert);
    return json_pack("{s:I, s:I, s:i}", "done", (json_int_t)counts.done, "failed",
                     (json_int_t)counts.failed, "waiting", (int)counts.waiting);
}

json_t *kx_core_status(gpointer data)
{
    KxCoreProcess *process = data;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    json_t *roles = json_array();
    kx_mutex_lock(&process->lock);
    add_role(roles, "core", 0, &process->core_info);
    add_role(roles, "courier", 0, &process->courier_info);
    add_role(roles, "kerberos", 0, &process->kerberos_info);
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        add_role(roles, "convert", i, &process->converters[i]);
    for (guint i = 0; i < KX_EDGES_MAX; i++)
        add_role(roles, "edge", i, &process->edges[i]);
    gboolean landlock = process->core_info.landlock > 0;
    json_t *list = services(process, settings);
    kx_mutex_unlock(&process->lock);
    json_t *status = json_pack(
        "{s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:o}", "version", KX_VERSION, "hostname",
        kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), "started", (json_int_t)process->started,
        "landlock", landlock, "roles", roles, "services", list, "sessions", sessions(process),
        "conversions", conversions(process), "certificates", kx_certificates_expiring());
    if (!landlock)
        json_object_set_new(
            status, "note",
            json_string(
                "this kernel has no Landlock; the roles run without file system sandboxes"));
    return status;
}
