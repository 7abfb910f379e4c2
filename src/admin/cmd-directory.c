/* SPDX-License-Identifier: Apache-2.0 */
/* keryx directory: the LDAP directories that domains take users and groups from (DIR-01 to DIR-18).
 */
#include "admin/object.h"
#include "base/error.h"
#include "directory/kinds.h"

static const KxOption list_options[] = {
    {"filter", KX_OPTION_TEXT, "FILTER",
     "Only entries that fit this LDAP filter too, like (departmentNumber=7)."},
};

/* ---- trying the servers ---- */

static json_t *test_json(const KxMappingTest *test)
{
    static const char *const states[] = {
        [KX_DIRECTORY_GOOD] = "good",
        [KX_DIRECTORY_UNREACHABLE] = "no answer",
        [KX_DIRECTORY_NO_TLS] = "no TLS",
        [KX_DIRECTORY_REFUSED] = "sign-in refused",
        [KX_DIRECTORY_NO_BASE] = "no such base",
        [KX_DIRECTORY_TOO_MANY] = "too many entries",
        [KX_DIRECTORY_NOT_ASKED] = "not asked",
        [KX_DIRECTORY_FAILED] = "failed",
    };
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "server", test->host, "state",
                     states[test->state], "address", test->ip ? test->ip : "", "tls",
                     test->tls ? test->tls : "", "users", (int)test->users, "groups",
                     (int)test->groups, "error", test->text ? test->text : "");
}

static json_t *test(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) tests =
        kx_mapping_test(call->context->core->mapping, call->args[0], error);
    json_t *list = tests ? json_array() : NULL;
    gboolean any = FALSE;
    for (guint i = 0; tests && i < tests->len; i++) {
        const KxMappingTest *one = tests->pdata[i];
        any |= one->state == KX_DIRECTORY_GOOD;
        json_array_append_new(list, test_json(one));
    }
    if (!list || any)
        return list;
    json_decref(list);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < tests->len; i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "; " : "",
                               ((const KxMappingTest *)tests->pdata[i])->text);
    kx_fail(error, KX_ERR_FAILED, "the directory cannot be used: %s", all->str);
    return NULL;
}

/* ---- who is taken ---- */

static const KxOption activate_options[] = {
    {"all", KX_OPTION_FLAG, NULL, "All who are in the directory now, and can be."},
};

static json_t *users_json(const GPtrArray *users)
{
    json_t *all = users ? json_array() : NULL;
    for (guint i = 0; users && i < users->len; i++) {
        const KxMappingUser *user = users->pdata[i];
        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", user->name,
                                             "full-name", user->full_name ? user->full_name : "",
                                             "addresses", user->addresses ? user->addresses : "",
                                             "state", user->state, "entry", user->entry));
    }
    return all;
}

/* The arguments behind the domain. */
static char **names_of(const KxCall *call)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 1; i < call->n_args; i++)
        g_ptr_array_add(names, g_strdup(call->args[i]));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static json_t *activate(const KxCall *call, GError **error)
{
    gboolean all = kx_call_flag(call, "all");
    g_auto(GStrv) names = names_of(call);
    if (all == (call->n_args > 1)) {
        kx_fail(error, KX_ERR_INVALID, "name users, or say --all");
        return NULL;
    }
    g_autoptr(GPtrArray) users =
        kx_mapping_activate(call->context->core->mapping, call->args[0], all ? NULL : names, error);
    if (users)
        kx_call_log(call, "Activate %u users of the directory of domain %s", users->len,
                    call->args[0]);
    return users_json(users);
}

static json_t *deactivate(const KxCall *call, GError **error)
{
    g_auto(GStrv) names = names_of(call);
    return kx_mapping_deactivate(call->context->core->mapping, call->args[0], names,
                                 &call->context->admin, error)
               ? json_null()
               : NULL;
}

/* ---- all of it ---- */

static json_t *refresh(const KxCall *call, GError **error)
{
    KxMappingReport report;
    if (!kx_mapping_refresh(call->context->core->mapping, call->args[0], &report, error))
        return NULL;
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "users", (int)report.users, "groups",
                     (int)report.groups, "added", (int)report.added, "changed", (int)report.changed,
                     "gone", (int)report.gone, "left-out", (int)report.left_out);
}

static json_t *list(const KxCall *call, GError **error)
{
    const char *filter = kx_call_text(call, "filter");
    g_autofree char *checked = filter ? kx_kind_parse(&kx_kind_filter, filter, error) : NULL;
    if (filter && !checked)
        return NULL;
    g_autoptr(GPtrArray) users =
        kx_mapping_list(call->context->core->mapping, call->args[0], checked, error);
    return users_json(users);
}

#define USER_COLUMNS "name:Name,full-name:Full name,addresses:Addresses,state:State,entry:Entry"

static const KxCommand commands[] = {
    {.words = "directory test",
     .args = "DOMAIN",
     .api = "POST /domains/{domain}/directory-test",
     .min_args = 1,
     .max_args = 1,
     .run = test,
     .flags = KX_COMMAND_SERVER,
     .columns = "server:Server,state:State,address:Address,tls:TLS,users:Users,groups:Groups,"
                "error:Error",
     .manual =
         "Tries each server of the directory that the domain takes users from: whether it can "
         "be reached, its certificate is good, the user that reads it may sign in, the base "
         "is there, and how many users and groups it shows."},
    {.words = "directory list",
     .args = "DOMAIN",
     .api = "GET /domains/{domain}/directory-users",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(list_options),
     .run = list,
     .flags = KX_COMMAND_SERVER | KX_COMMAND_READS,
     .columns = USER_COLUMNS,
     .manual = "Lists the users in the directory of the domain as they are there now, and what "
               "they are here: mapped, new, disabled, or why they are left out; in a domain with "
               "directory-activate chosen: active or not active."},
    {.words = "directory activate",
     .args = "DOMAIN [USER...]",
     .api = "POST /domains/{domain}/directory-activate users...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(activate_options),
     .run = activate,
     .flags = KX_COMMAND_SERVER,
     .columns = USER_COLUMNS,
     .manual = "Takes users of the directory into a domain that takes only those chosen "
               "(directory-activate): they get mail and can sign in at once. If one of those named "
               "cannot be taken, none is. Lists them."},
    {.words = "directory deactivate",
     .args = "DOMAIN USER...",
     .api = "POST /domains/{domain}/directory-deactivate users...",
     .min_args = 2,
     .max_args = KX_ARGS_MAX,
     .run = deactivate,
     .show = kx_show_nothing,
     .flags = KX_COMMAND_SERVER,
     .manual = "Takes users of the directory out of such a domain again: they get no mail, cannot "
               "sign in, and their sessions end. Their mail stays, and is theirs when they are "
               "activated again. All of those named, or none."},
    {.words = "directory refresh",
     .args = "DOMAIN",
     .api = "POST /domains/{domain}/directory-refresh",
     .min_args = 1,
     .max_args = 1,
     .run = refresh,
     .flags = KX_COMMAND_SERVER,
     .manual = "Looks at all users and groups in the directory of the domain now, rather than at "
               "the time of directory-refresh."},
};

const KxTopic kx_topic_directory = {"directory", "Users and groups from LDAP directories", commands,
                                    G_N_ELEMENTS(commands)};
