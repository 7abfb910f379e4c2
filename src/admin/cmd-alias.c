/* SPDX-License-Identifier: Apache-2.0 */
/* keryx alias: addresses that lead elsewhere (ALIAS-01 to ALIAS-11). */
#include "admin/object.h"

#include "base/error.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-alias.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption add_options[] = {
    {"description", KX_OPTION_TEXT, "TEXT", "Free text."},
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};

/* Several lines of one alias are one object here: its targets (ALIAS-08). */
static char *join_targets(char *const *present, const char *const *args, guint n)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (; present && *present; present++)
        g_ptr_array_add(all, *present);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(all, (char *)args[i]);
    g_ptr_array_add(all, NULL);
    return g_strjoinv(",", (char **)all->pdata);
}

static char *without_targets(char *const *present, const char *const *args, guint n, GError **error)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    guint out = 0;
    for (; *present; present++) {
        gboolean named = FALSE;
        for (guint i = 0; i < n && !named; i++)
            named = g_ascii_strcasecmp(*present, args[i]) == 0;
        out += named;
        if (!named)
            g_ptr_array_add(left, *present);
    }
    if (out < n) {
        kx_fail(error, KX_ERR_NOT_FOUND, "the alias has no such target");
        return NULL;
    }
    g_ptr_array_add(left, NULL);
    return g_strjoinv(",", (char **)left->pdata);
}

static KxAlias *find(const KxCall *call, GError **error)
{
    return (KxAlias *)(void *)kx_object_get(call->context->core->directory, KX_OBJECT_ALIAS,
                                            call->args[0], error);
}

static gboolean change(const KxCall *call, KxChangeVerb verb, const KxAlias *seen,
                       const char *targets, GError **error)
{
    const char *description = kx_call_text(call, "description");
    const KxField values[] = {{"targets", targets}, {"description", description}};
    KxChange wish = {
        .verb = verb,
        .object = KX_OBJECT_ALIAS,
        .name = call->args[0],
        .fields = values,
        .n_fields = description ? 2 : 1,
        .generation = seen ? seen->generation : 0,
    };
    return kx_object_change(call->context->core->directory, &call->context->admin, &wish, 1, NULL,
                            error);
}

static json_t *add(const KxCall *call, GError **error)
{
    g_autoptr(KxAlias) present = find(call, NULL);
    g_autofree char *targets =
        join_targets(present ? present->targets : NULL, call->args + 1, call->n_args - 1);
    if (!change(call, present ? KX_CHANGE_SET : KX_CHANGE_ADD, present, targets, error))
        return NULL;
    return kx_object_run_show(call, error);
}

static json_t *remove_alias(const KxCall *call, GError **error)
{
    if (call->n_args == 1)
        return kx_object_run_remove(call, error);
    g_autoptr(KxAlias) present = find(call, error);
    g_autofree char *targets =
        present ? without_targets(present->targets, call->args + 1, call->n_args - 1, error) : NULL;
    if (!targets)
        return NULL;
    if (!*targets)
        return kx_object_run_remove(call, error);
    return change(call, KX_CHANGE_SET, present, targets, error) ? json_null() : NULL;
}

static const KxCommand commands[] = {
    {.words = "alias add",
     .args = "ALIAS@DOMAIN TARGET...",
     .api = "POST /aliases alias targets...",
     .min_args = 2,
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(add_options),
     .object = KX_OBJECT_ALIAS,
     .run = add,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Makes an alias, or gives it further targets: names in the domain, addresses "
               "anywhere, public folders (#public/Folder). In its name * stands for any number of "
               "characters and ? for one; * alone takes mail that nothing else takes."},
    {.words = "alias list",
     .args = "[DOMAIN]",
     .api = "GET /aliases domain",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_ALIAS,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "alias:Alias,targets:Deliver to,description:Description",
     .manual = "Lists the aliases of one domain, or all."},
    {.words = "alias show",
     .args = "ALIAS@DOMAIN",
     .api = "GET /aliases/{alias}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_ALIAS,
     .run = kx_object_run_show,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .manual = "Shows one alias."},
    {.words = "alias set",
     .args = "ALIAS@DOMAIN",
     .api = "PATCH /aliases/{alias}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_ALIAS,
     .run = kx_object_run_set,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Changes an alias; --targets replaces all of them."},
    {.words = "alias remove",
     .args = "ALIAS@DOMAIN [TARGET...]",
     .api = "DELETE /aliases/{alias} targets...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .object = KX_OBJECT_ALIAS,
     .run = remove_alias,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual = "Removes an alias, or some of its targets."},
};

const KxTopic kx_topic_alias = {"alias", "Addresses that lead elsewhere", commands,
                                G_N_ELEMENTS(commands)};
