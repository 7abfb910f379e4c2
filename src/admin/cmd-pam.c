/* SPDX-License-Identifier: Apache-2.0 */
/* keryx pam: the helper that asks PAM, and whether it does (DOM-24). */
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/error.h"
#include "base/privileges.h"
#include "directory/auth-outside.h"
#include "pam/consult.h"
#include "pam/helper.h"

/* ---- serve ---- */

static const KxOption serve_options[] = {
    {"socket", KX_OPTION_TEXT, "PATH",
     "Where it listens, if systemd has not passed a socket; " KX_PAM_SOCKET " if not given."},
    {"group", KX_OPTION_TEXT, "GROUP",
     "Whose members may ask, beside the user that the data directory belongs to; that directory's "
     "group if not given."},
};

static const char *option(const KxInvocation *invocation, const char *name)
{
    return json_string_value(json_object_get(invocation->options, name));
}

/* Until there is a data directory, it is the account that it will be given to. */
static void find_owner(const char *data, guint *ret_uid, guint *ret_gid)
{
    struct stat st;
    if (stat(data, &st) < 0) {
        kx_privileges_service_user(ret_uid, ret_gid);
        return;
    }
    *ret_uid = st.st_uid;
    *ret_gid = st.st_gid;
}

static gboolean find_group(const char *name, guint *ret_gid, GError **error)
{
    const struct group *found = name ? getgrnam(name) : NULL;
    if (name && !found)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no group %s", name);
    if (found)
        *ret_gid = found->gr_gid;
    return TRUE;
}

static int open_listener(const KxInvocation *invocation, guint gid, GError **error)
{
    const char *path = option(invocation, "socket");
    g_autoptr(GError) wrong = NULL;
    int fd = kx_pam_helper_inherited(&wrong);
    if (fd >= 0)
        return fd;
    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return -1;
    }
    return kx_pam_helper_bind(path ? path : KX_PAM_SOCKET, gid, error);
}

static int serve(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    KxPamHelper helper = {
        .seconds = KX_PAM_SECONDS, .most = KX_PAM_CHECKS_MAX, .consult = kx_pam_consult};
    find_owner(invocation->data, &helper.uid, &helper.gid);
    int listener = find_group(option(invocation, "group"), &helper.gid, &error)
                       ? open_listener(invocation, helper.gid, &error)
                       : -1;
    if (listener < 0 || chdir("/") < 0)
        return error ? kx_cli_fail(error) : KX_EXIT_FAILED;
    printf("ready\n");
    fflush(stdout);
    gboolean ok = kx_pam_helper_run(listener, &helper, &error);
    close(listener);
    return ok ? KX_EXIT_OK : kx_cli_fail(error);
}

/* ---- test ---- */

static const KxOption test_options[] = {
    {"password", KX_OPTION_SECRET, "SECRET", "The password to try.", .required = TRUE},
};

/* Such as those that let root pass (pam_rootok), which the helper is. */
static gboolean takes_anything(KxPam *pam, const KxMsgPamCheck *question)
{
    g_autofree char *made_up = g_uuid_string_random(), *text = NULL;
    const KxMsgPamCheck other = {question->service, question->name, made_up, ""};
    return kx_pam_check(pam, &other, &text) == KX_PAM_GOOD;
}

static json_t *test(const KxCall *call, GError **error)
{
    KxCore *core = call->context->core;
    g_autoptr(KxDomain) domain = kx_domain_get(core->directory, call->args[0], error);
    g_autofree char *text = NULL;
    if (!domain)
        return NULL;
    if (!core->pam) {
        kx_fail(error, KX_ERR_INVALID, "only a running server can try that");
        return NULL;
    }
    const KxMsgPamCheck question = {kx_domain_pam_service(domain), call->args[1],
                                    kx_call_text(call, "password"), ""};
    if (kx_pam_check(core->pam, &question, &text) != KX_PAM_GOOD) {
        kx_fail(error, KX_ERR_FAILED, "the PAM service %s: %s", question.service, text);
        return NULL;
    }
    if (takes_anything(core->pam, &question)) {
        kx_fail(error, KX_ERR_FAILED,
                "the PAM service %s takes any password of %s: it is of no use for signing in",
                question.service, question.name);
        return NULL;
    }
    return json_pack("{s:s, s:s}", "service", question.service, "text", text);
}

static const KxCommand commands[] = {
    {.words = "pam serve",
     .args = "",
     KX_OPTIONS(serve_options),
     .local = serve,
     .manual = "Runs the helper that asks PAM for the server, in the foreground and as root, until "
               "SIGTERM. It prints 'ready' when it listens. keryx-pam.service runs it when "
               "keryx-pam.socket is enabled; this is for machines without systemd. It answers the "
               "user of the data directory and root alone, and is not asked about root."},
    {.words = "pam test",
     .args = "DOMAIN USER",
     .api = "POST /domains/{domain}/pam-test user",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(test_options),
     .run = test,
     .flags = KX_COMMAND_SERVER,
     .show = kx_show_object,
     .manual =
         "Asks the PAM service of the domain about a user of this machine and his password, "
         "as signing in does, and says what is missing. If the password is right, it also asks "
         "about a wrong one, which no service may take."},
};

const KxTopic kx_topic_pam = {"pam", "Passwords that PAM checks", commands, G_N_ELEMENTS(commands)};
