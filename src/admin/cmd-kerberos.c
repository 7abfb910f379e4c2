/* SPDX-License-Identifier: Apache-2.0 */
/* keryx kerberos: whether the realms of domains can be used (KRB-08, KRB-12, KRB-15). */
#include "admin/command.h"
#include "base/error.h"
#include "directory/auth-outside.h"

static const KxOption test_options[] = {
    {"user", KX_OPTION_TEXT, "NAME", "Whose password it is; the part before @ of the principal."},
    {"password", KX_OPTION_SECRET, "SECRET",
     "A password to try. Without it, and without --user, only what everybody needs is looked at."},
};

static json_t *findings_json(const GPtrArray *findings)
{
    json_t *list = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const KxKerberosFinding *finding = findings->pdata[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "about", finding->about, "state",
                                        finding->good ? "good" : "bad", "text", finding->text));
    }
    return list;
}

/* What is bad is an error, which says all that was found before it. */
static gboolean check_findings(const GPtrArray *findings, KxKerberosState state, const char *text,
                               GError **error)
{
    if (state == KX_KERBEROS_GOOD)
        return TRUE;
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const KxKerberosFinding *finding = findings->pdata[i];
        g_string_append_printf(all, "%s%s: %s", i > 0 ? "; " : "", finding->about, finding->text);
    }
    return kx_fail(error, KX_ERR_FAILED, "%s", all->len > 0 ? all->str : text);
}

static json_t *test(const KxCall *call, GError **error)
{
    KxCore *core = call->context->core;
    const char *user = kx_call_text(call, "user"), *password = kx_call_text(call, "password");
    g_autoptr(KxDomain) domain = kx_domain_get(core->directory, call->args[0], error);
    g_autofree char *realm = domain ? kx_domain_realm(domain) : NULL;
    g_autofree char *text = NULL;
    KxKerberosState state;
    if (!domain)
        return NULL;
    if (!realm || !core->kerberos || !user != !password) {
        kx_fail(error, KX_ERR_INVALID,
                !realm           ? "the domain has no realm: set kerberos-realm"
                : core->kerberos ? "--user and --password belong together"
                                 : "only a running server can try that");
        return NULL;
    }
    g_autoptr(GPtrArray) findings = kx_kerberos_examine(core->kerberos, realm, user ? user : "",
                                                        password ? password : "", &state, &text);
    return check_findings(findings, state, text, error) ? findings_json(findings) : NULL;
}

static const KxCommand commands[] = {
    {.words = "kerberos test",
     .args = "DOMAIN",
     .api = "POST /domains/{domain}/kerberos-test",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(test_options),
     .run = test,
     .flags = KX_COMMAND_SERVER,
     .columns = "about:About,state:State,text:Found",
     .manual = "Looks at what signing in with the domain's realm takes: krb5.conf, a key of this "
               "host in the keytab, a KDC that answers; and with a user's password, whether the "
               "KDC takes it and can prove that it is the right one."},
};

const KxTopic kx_topic_kerberos = {"kerberos", "Passwords and tickets of Kerberos realms", commands,
                                   G_N_ELEMENTS(commands)};
