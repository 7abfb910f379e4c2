/* SPDX-License-Identifier: Apache-2.0 */
/* A call: its arguments and options, checked against the table and read by the command. */
#include "admin/command.h"

#include "base/error.h"
#include "log/log-config.h"

static gboolean check_count(const KxCall *call, GError **error)
{
    const KxCommand *command = call->command;
    if (call->n_args >= command->min_args && call->n_args <= command->max_args)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "%s: keryx %s%s%s",
                   call->n_args < command->min_args ? "too few words" : "too many words",
                   command->words, *command->args ? " " : "", command->args);
}

static gboolean check_option(const KxOption *option, const json_t *value, GError **error)
{
    switch (option->type) {
    case KX_OPTION_FLAG:
        return json_is_true(value) ||
               kx_fail(error, KX_ERR_INVALID, "--%s takes no value", option->name);
    case KX_OPTION_INT:
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > option->max)
            return kx_fail(error, KX_ERR_INVALID,
                           "--%s takes a whole number from 0 to %" G_GINT64_FORMAT, option->name,
                           option->max);
        return TRUE;
    default:
        return json_is_string(value) ||
               kx_fail(error, KX_ERR_INVALID, "--%s takes a text", option->name);
    }
}

static gboolean fail_unknown(const KxCommand *command, const char *name, GError **error)
{
    g_autofree const char **names = g_new(const char *, command->n_options + 1);
    for (guint i = 0; i < command->n_options; i++)
        names[i] = command->options[i].name;
    const char *like = kx_suggest(name, names, command->n_options);
    return kx_fail(error, KX_ERR_INVALID, "keryx %s has no option --%s%s%s%s", command->words, name,
                   like ? " (did you mean --" : "", like ? like : "", like ? "?)" : "");
}

gboolean kx_call_check(const KxCall *call, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)call->options, name, value)
    {
        const KxOption *option = kx_command_option(call->command, name);
        if (!option)
            return fail_unknown(call->command, name, error);
        if (!check_option(option, value, error))
            return FALSE;
    }
    for (guint i = 0; i < call->command->n_options; i++) {
        const KxOption *option = &call->command->options[i];
        if (option->required && !json_object_get(call->options, option->name))
            return kx_fail(error, KX_ERR_INVALID, "keryx %s needs --%s %s", call->command->words,
                           option->name, option->placeholder);
    }
    return check_count(call, error);
}

const char *kx_call_text(const KxCall *call, const char *option)
{
    return json_string_value(json_object_get(call->options, option));
}

gboolean kx_call_flag(const KxCall *call, const char *option)
{
    return json_is_true(json_object_get(call->options, option));
}

gint64 kx_call_int(const KxCall *call, const char *option, gint64 absent)
{
    const json_t *value = json_object_get(call->options, option);
    return value ? json_integer_value(value) : absent;
}

const char *kx_error_word(const GError *error)
{
    static const char *const words[] = {
        [KX_ERR_FAILED] = "failed",
        [KX_ERR_NOT_FOUND] = "not-found",
        [KX_ERR_EXISTS] = "exists",
        [KX_ERR_INVALID] = "invalid",
        [KX_ERR_DENIED] = "denied",
        [KX_ERR_IN_USE] = "in-use",
        [KX_ERR_TOO_BIG] = "too-big",
        [KX_ERR_OVERQUOTA] = "overquota",
        [KX_ERR_IO] = "io",
        [KX_ERR_CORRUPT] = "corrupt",
        [KX_ERR_PROTOCOL] = "protocol",
        [KX_ERR_BUSY] = "busy",
        [KX_ERR_CONFLICT] = "conflict",
    };
    if (error->domain != KX_ERROR || (guint)error->code >= G_N_ELEMENTS(words))
        return words[KX_ERR_FAILED];
    return words[error->code];
}

char *kx_admin_local_name(guint uid)
{
    return uid == 0 ? g_strdup("root (local)") : g_strdup_printf("uid %u (local)", uid);
}

void kx_call_log(const KxCall *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *action = g_strdup_vprintf(format, args);
    va_end(args);
    kx_log_config_action(call->context->core->logger, call->context->admin.name, action);
}
