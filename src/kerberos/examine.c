/* SPDX-License-Identifier: Apache-2.0 */
/* The prerequisites of Kerberos one by one, for whoever sets it up (KRB-08, KRB-12, KRB-15). */
#include "kerberos/realm-private.h"

/* Whom the KDC is asked about when nobody is named: that it has no such principal is an answer. */
#define SOMEBODY "keryx-test"

enum { TEXT_MAX = 1000 }; /* the field of KERBEROS_FOUND is a little longer */

typedef struct {
    const char *realm, *name, *password;
    KxRealmFound found;
    gpointer data;
    krb5_context context;
    krb5_keytab keytab;
} Examination;

static void tell(const Examination *examination, const char *about, gboolean good, char *text)
{
    if (strlen(text) > TEXT_MAX)
        text[TEXT_MAX] = '\0';
    examination->found(examination->data, about, good, text);
    g_free(text);
}

static gboolean look_at_configuration(const Examination *examination)
{
    char *realm = NULL;
    krb5_error_code code = sym_krb5_get_default_realm(examination->context, &realm);
    gboolean same = code == 0 && g_str_equal(realm, examination->realm);
    tell(examination, "configuration", TRUE,
         code != 0 ? kx_realm_error(examination->context, code)
         : same    ? g_strdup_printf("the default realm is %s", realm)
                   : g_strdup_printf("the default realm is %s, not %s", realm, examination->realm));
    if (code == 0)
        sym_krb5_free_default_realm(examination->context, realm);
    return TRUE;
}

static gboolean look_at_keytab(const Examination *examination)
{
    g_autofree char *why = NULL, *path = kx_realm_keytab_path();
    krb5_principal host =
        kx_realm_find_key(examination->context, examination->keytab, examination->realm, &why);
    char *name = NULL;
    if (!host) {
        tell(examination, "keytab", FALSE, g_strdup_printf("%s: %s", path, why));
        return FALSE;
    }
    gboolean named = sym_krb5_unparse_name(examination->context, host, &name) == 0;
    tell(examination, "keytab", TRUE,
         g_strdup_printf("%s has the key of %s", path, named ? name : "the host"));
    if (named)
        sym_krb5_free_unparsed_name(examination->context, name);
    sym_krb5_free_principal(examination->context, host);
    return TRUE;
}

/* An error that the KDC tells is an answer, unless it says that it cannot serve or is not asked
 * rightly. */
static gboolean is_answer(krb5_error_code code)
{
    return code >= KRB5KDC_ERR_NONE && code < KRB5KDC_ERR_NONE + 127 &&
           code != KRB5KRB_AP_ERR_SKEW && code != KRB5KDC_ERR_SVC_UNAVAILABLE &&
           code != KRB5KDC_ERR_WRONG_REALM;
}

static gboolean look_at_kdc(const Examination *examination)
{
    krb5_principal who = NULL;
    krb5_creds credentials = {0};
    krb5_error_code code =
        sym_krb5_build_principal(examination->context, &who, (unsigned)strlen(examination->realm),
                                 examination->realm, SOMEBODY, NULL);
    if (code == 0)
        code = kx_realm_ask(examination->context, who, "?", &credentials);
    if (code == 0)
        sym_krb5_free_cred_contents(examination->context, &credentials);
    if (who)
        sym_krb5_free_principal(examination->context, who);
    gboolean good = code == 0 || is_answer(code);
    tell(examination, "KDC", good,
         good ? g_strdup_printf("a KDC of %s answers", examination->realm)
              : kx_realm_error(examination->context, code));
    return good;
}

static KxKerberosState examine(const Examination *examination, char **ret_text)
{
    if (!look_at_configuration(examination) || !look_at_keytab(examination) ||
        !look_at_kdc(examination)) {
        *ret_text = g_strdup("Kerberos cannot be used as things are");
        return KX_KERBEROS_UNREACHABLE;
    }
    if (*examination->password == '\0')
        return KX_KERBEROS_GOOD;
    KxKerberosState state =
        kx_realm_check(examination->realm, examination->name, examination->password, ret_text);
    gboolean good = state == KX_KERBEROS_GOOD;
    tell(examination, "password", good,
         good ? g_strdup_printf("it is that of %s@%s, and the KDC has proved itself",
                                examination->name, examination->realm)
              : g_strdup(*ret_text));
    return state;
}

KxKerberosState kx_realm_examine(const char *realm, const char *name, const char *password,
                                 KxRealmFound found, gpointer data, char **ret_text)
{
    Examination examination = {realm, name, password, found, data};
    KxKerberosState state = KX_KERBEROS_UNREACHABLE;
    krb5_error_code code = sym_krb5_init_context(&examination.context);
    if (code != 0) {
        *ret_text = g_strdup_printf("krb5.conf cannot be used (error %d)", (int)code);
        return state;
    }
    code = sym_krb5_kt_default(examination.context, &examination.keytab);
    if (code != 0)
        *ret_text = kx_realm_error(examination.context, code);
    else
        state = examine(&examination, ret_text);
    if (examination.keytab)
        sym_krb5_kt_close(examination.context, examination.keytab);
    sym_krb5_free_context(examination.context);
    return state;
}
