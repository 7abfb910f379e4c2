/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its answer. */
#include "admin/admin.h"

#include "admin/command.h"
#include "base/error.h"
#include "directory/rights.h"

typedef struct {
    const char *words[KX_ARGS_MAX];
    guint n;
} Words;

static gboolean read_words(const json_t *request, Words *ret_words, GError **error)
{
    const json_t *words = json_object_get(request, "words");
    size_t n = json_array_size(words);
    if (n == 0 || n > KX_ARGS_MAX)
        return kx_fail(error, KX_ERR_INVALID, "a request has 1 to %d words", KX_ARGS_MAX);
    for (size_t i = 0; i < n; i++) {
        ret_words->words[i] = json_string_value(json_array_get(words, i));
        if (!ret_words->words[i])
            return kx_fail(error, KX_ERR_INVALID, "the words of a request are texts");
    }
    ret_words->n = (guint)n;
    return TRUE;
}

/* The domain a command on accounts is about: its first argument if it is called so, or what stands
 * behind the @ there; a bare name is in the primary domain. NULL: all. */
static char *domain_of(const KxCall *call)
{
    if (call->n_args == 0)
        return NULL;
    if (g_str_has_prefix(call->command->args, "DOMAIN"))
        return g_strdup(call->args[0]);
    const char *at = strrchr(call->args[0], '@');
    if (at && g_str_has_prefix(call->command->args, "ADDRESS"))
        return kx_domain_of_mail(call->context->core->directory, at + 1);
    if (at)
        return g_strdup(at + 1);
    if (*call->command->args == '[')
        return g_strdup(call->args[0]);
    return kx_domain_primary(call->context->core->directory);
}

static gboolean check_rights(const KxCall *call, GError **error)
{
    guint flags = call->command->flags;
    KxAction action = flags & KX_COMMAND_READS ? KX_ACTION_READ : KX_ACTION_CHANGE;
    const KxAdmin *admin = &call->context->admin;
    g_autofree char *domain = flags & KX_COMMAND_ACCOUNTS ? domain_of(call) : NULL;
    if (flags & KX_COMMAND_ACCOUNTS && kx_rights_check(admin, KX_ACTION_ACCOUNT, domain, NULL))
        return TRUE;
    return kx_rights_check(admin, action, NULL, error);
}

static json_t *run(const KxAdminContext *context, const json_t *request, GError **error)
{
    g_autofree Words *words = g_new(Words, 1);
    guint used;
    if (!read_words(request, words, error))
        return NULL;
    const KxCommand *command = kx_command_find(words->words, words->n, &used);
    if (!command || !command->run) {
        kx_fail(error, KX_ERR_INVALID, "there is no command '%s' here", words->words[0]);
        return NULL;
    }
    json_auto_t *none = json_object();
    const json_t *options = json_object_get(request, "options");
    KxCall call = {context, command, words->words + used, words->n - used,
                   options ? options : none};
    if (!json_is_object(call.options)) {
        kx_fail(error, KX_ERR_INVALID, "the options of a request are an object");
        return NULL;
    }
    if (!kx_call_check(&call, error) || !check_rights(&call, error))
        return NULL;
    if ((command->flags & KX_COMMAND_SERVER) && !context->server) {
        kx_fail(error, KX_ERR_FAILED, "the server is not running: start it with keryx serve");
        return NULL;
    }
    json_t *result = command->run(&call, error);
    kx_debug(context->core->logger, KX_DEBUG_ADMINISTRATION, "%s: %s: %s", context->admin.name,
             command->words,
             result ? "done" : (*error)->message); /* not the arguments: there may be passwords */
    return result;
}

json_t *kx_admin_run(const KxAdminContext *context, const json_t *request)
{
    g_autoptr(GError) error = NULL;
    json_t *result = run(context, request, &error);
    if (result)
        return json_pack("{s:b, s:o}", "ok", 1, "result", result);
    g_autofree char *text = g_utf8_make_valid(error->message, -1);
    return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", text, "code", kx_error_word(error));
}
