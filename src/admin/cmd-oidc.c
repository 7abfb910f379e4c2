/* SPDX-License-Identifier: Apache-2.0 */
/* keryx oidc: the providers of OpenID Connect whose tokens users sign in with. */
#include "admin/command.h"
#include "base/error.h"

static const KxOption test_options[] = {
    {"token", KX_OPTION_SECRET, "TOKEN",
     "An access token of the provider, which is then tried as at a sign-in."},
};

static json_t *test(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) steps =
        kx_oidc_test(call->context->core->oidc, call->args[0], kx_call_text(call, "token"), error);
    json_t *list = steps ? json_array() : NULL;
    for (guint i = 0; steps && i < steps->len; i++) {
        const KxOidcStep *step = steps->pdata[i];
        if (!step->good) {
            json_decref(list);
            kx_fail(error, KX_ERR_FAILED, "%s: %s", step->step, step->text);
            return NULL;
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "step", step->step, "found", step->text));
    }
    return list;
}

static const KxCommand commands[] = {
    {.words = "oidc test",
     .args = "DOMAIN",
     .api = "POST /domains/{domain}/oidc-test",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(test_options),
     .run = test,
     .flags = KX_COMMAND_SERVER,
     .columns = "step:Step,found:Found",
     .manual = "Asks the provider whose tokens the domain's users sign in with, step by step, and "
               "says what is found: whether it can be reached, its certificate is good, it is the "
               "issuer of oidc-issuer, which of its keys can be used, and whether it can be asked "
               "about tokens. With a token it also says whether that one would count, and whose "
               "account it opens. It ends at the first step that fails, and says why."},
};

const KxTopic kx_topic_oidc = {"oidc", "Tokens of providers of OpenID Connect", commands,
                               G_N_ELEMENTS(commands)};
