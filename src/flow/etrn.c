/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/etrn.h"

#include "directory/hop.h"

enum { TIMEOUT = 60 /* seconds */, PORT = 25, SUBMISSION_PORT = 587 };

static void answer_free(gpointer data)
{
    KxEtrnAnswer *answer = data;
    g_free(answer->server);
    g_free(answer->domain);
    g_free(answer->text);
    g_free(answer);
}

static void add_answer(GPtrArray *answers, const KxEtrnServer *server, const KxAskName *name,
                       const KxAsk *ask)
{
    KxEtrnAnswer *answer = g_new(KxEtrnAnswer, 1);
    const char *text = name->text ? name->text : ask->text;
    *answer = (KxEtrnAnswer){g_strdup(server->name), g_strdup(name->name), name->code,
                             g_strdup(text ? text : "no answer")};
    g_ptr_array_add(answers, answer);
}

static void ask_server(KxAsks *asks, KxLogger *logger, const KxEtrnServer *server,
                       GPtrArray *answers)
{
    guint n = g_strv_length(server->domains);
    g_autofree KxAskName *names = g_new0(KxAskName, n);
    for (guint i = 0; i < n; i++)
        names[i].name = server->domains[i];
    guint usual = *server->user ? SUBMISSION_PORT : PORT;
    KxAsk ask = {.kind = KX_MAIL_ETRN,
                 .host = server->host,
                 .port = server->port ? (guint)server->port : usual,
                 .tls = kx_relay_tls(server->tls),
                 .user = server->user,
                 .password = server->password,
                 .seconds = server->timeout ? (guint)server->timeout : TIMEOUT,
                 .names = names,
                 .n_names = n};
    kx_asks_run(asks, &ask);
    for (guint i = 0; i < n; i++) {
        add_answer(answers, server, &names[i], &ask);
        const KxEtrnAnswer *answer = answers->pdata[answers->len - 1];
        kx_debug(logger, KX_DEBUG_QUEUE, "ETRN %s to %s: %u %s", answer->domain, server->host,
                 answer->code, answer->text);
    }
    kx_ask_clear(&ask);
}

static GPtrArray *find_servers(KxDirectory *directory, const char *name, GError **error)
{
    if (!name)
        return kx_object_list(directory, KX_OBJECT_ETRN, &(KxQuery){0}, NULL, error);
    KxRecord *one = kx_object_get(directory, KX_OBJECT_ETRN, name, error);
    if (!one)
        return NULL;
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)kx_etrn_server_free);
    g_ptr_array_add(list, one);
    return list;
}

GPtrArray *kx_etrn_run(KxDirectory *directory, KxAsks *asks, KxLogger *logger, const char *name,
                       GError **error)
{
    g_autoptr(GPtrArray) servers = find_servers(directory, name, error);
    if (!servers)
        return NULL;
    GPtrArray *answers = g_ptr_array_new_with_free_func(answer_free);
    for (guint i = 0; i < servers->len; i++) {
        const KxEtrnServer *server = servers->pdata[i];
        if (!server->disabled || name)
            ask_server(asks, logger, server, answers);
    }
    return answers;
}
