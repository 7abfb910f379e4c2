/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request finds whoever can answer it: the running server, or this process when it gets the lock.
 * While the core is being restarted neither is so; then it is tried again for a while.
 */
#include "admin/cli-private.h"
#include "base/error.h"

enum { PATIENCE_SECONDS = 10, STEP_MS = 50, ANSWER_SECONDS = 600, QUICK_SECONDS = 10 };

static json_t *make_request(const KxInvocation *invocation)
{
    json_t *words = json_array();
    g_auto(GStrv) names = g_strsplit(invocation->command->words, " ", -1);
    for (guint i = 0; names[i]; i++)
        json_array_append_new(words, json_string(names[i]));
    for (guint i = 0; i < invocation->args->len; i++)
        json_array_append_new(words, json_string(invocation->args->pdata[i]));
    return json_pack("{s:o, s:O}", "words", words, "options", invocation->options);
}

/* In this process. NULL without an error: somebody else has the lock. */
static json_t *ask_here(const KxInvocation *invocation, const json_t *request, GError **error)
{
    KxOffline *once = NULL, **kept = invocation->offline ? invocation->offline : &once;
    if (!*kept)
        *kept = kx_offline_open(invocation, error);
    json_t *answer = *kept ? kx_offline_run(*kept, request) : NULL;
    kx_offline_close(once);
    return answer;
}

/* One try. NULL without an error: nobody is there yet. */
static json_t *try_once(const KxInvocation *invocation, const json_t *request, GError **error)
{
    guint flags = invocation->command->flags;
    gboolean quick = (flags & KX_COMMAND_READS) && !(flags & (KX_COMMAND_STORE | KX_COMMAND_QUEUE));
    g_autoptr(GError) inner = NULL;
    if (invocation->offline && *invocation->offline)
        return ask_here(invocation, request, error);
    json_t *answer = kx_control_ask(request, quick ? QUICK_SECONDS : ANSWER_SECONDS, &inner);
    if (answer)
        return answer;
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return ask_here(invocation, request, error);
    if (!(flags & KX_COMMAND_READS))
        g_propagate_error(error, g_steal_pointer(&inner));
    return NULL;
}

json_t *kx_cli_ask(const KxInvocation *invocation, GError **error)
{
    json_auto_t *request = make_request(invocation);
    gint64 deadline = g_get_monotonic_time() + (gint64)PATIENCE_SECONDS * G_USEC_PER_SEC;
    do {
        g_autoptr(GError) inner = NULL;
        json_t *answer = try_once(invocation, request, &inner);
        if (inner)
            g_propagate_error(error, g_steal_pointer(&inner));
        if (answer || (error && *error))
            return answer;
        g_usleep(STEP_MS * 1000);
    } while (g_get_monotonic_time() < deadline);
    kx_fail(error, KX_ERR_BUSY,
            "the server does not answer: see store/logs/error.log in the data directory");
    return NULL;
}
