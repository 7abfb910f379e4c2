/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos/realm-private.h"

enum {
    TICKET_SECONDS = 300, /* it is looked at and thrown away */
    LISTED_MAX = 10,      /* names of an explanation */
    ERROR_MAX = 900,
};

char *kx_realm_error(krb5_context context, krb5_error_code code)
{
    const char *said = sym_krb5_get_error_message(context, code);
    char *text = g_utf8_make_valid(said, -1);
    sym_krb5_free_error_message(context, said);
    if (strlen(text) > ERROR_MAX)
        *g_utf8_find_prev_char(text, text + ERROR_MAX) = '\0';
    return text;
}

/* ---- the host's key ---- */

static char *name_of(krb5_context context, krb5_const_principal principal)
{
    char *made = NULL;
    if (sym_krb5_unparse_name(context, principal, &made) != 0)
        return NULL;
    char *name = g_utf8_make_valid(made, -1);
    sym_krb5_free_unparsed_name(context, made);
    return name;
}

static gboolean is_of(krb5_const_principal principal, const char *realm)
{
    return principal->realm.length == strlen(realm) &&
           memcmp(principal->realm.data, realm, principal->realm.length) == 0;
}

static gboolean is_host(krb5_const_principal principal)
{
    return principal->length == 2 && principal->data[0].length == 4 &&
           memcmp(principal->data[0].data, "host", 4) == 0;
}

static gboolean is_permitted(krb5_context context, krb5_enctype type)
{
    krb5_enctype *permitted = NULL;
    gboolean found = FALSE;
    if (sym_krb5_get_permitted_enctypes(context, &permitted) != 0)
        return FALSE;
    for (guint i = 0; permitted[i] != 0; i++)
        found |= permitted[i] == type;
    sym_krb5_free_enctypes(context, permitted);
    return found;
}

/* What was seen on the way. */
typedef struct {
    GString *names;
    guint n;
    gboolean old; /* a key of the realm with an encryption that is not used any more */
} Seen;

static void note(krb5_context context, const krb5_keytab_entry *entry, Seen *seen)
{
    g_autofree char *name = name_of(context, entry->principal);
    if (name && seen->n < LISTED_MAX && !strstr(seen->names->str, name)) {
        g_string_append_printf(seen->names, "%s%s", seen->n > 0 ? ", " : "", name);
        seen->n++;
    }
}

static char *why_none(const char *realm, const Seen *seen)
{
    if (seen->old)
        return g_strdup_printf("the keys of %s in the keytab are of RC4 or DES only; make ones of "
                               "AES",
                               realm);
    return seen->n > 0 ? g_strdup_printf("the keytab has no key of %s, only %.700s", realm,
                                         seen->names->str)
                       : g_strdup("the keytab is empty");
}

static void consider(krb5_context context, krb5_keytab_entry *entry, const char *realm, Seen *seen,
                     krb5_principal *best)
{
    gboolean of_realm = is_of(entry->principal, realm);
    gboolean usable = of_realm && is_permitted(context, entry->key.enctype);
    note(context, entry, seen);
    seen->old |= of_realm && !usable;
    if (!usable || (*best && (is_host(*best) || !is_host(entry->principal))))
        return;
    if (*best)
        sym_krb5_free_principal(context, *best);
    *best = entry->principal;
    entry->principal = NULL;
}

krb5_principal kx_realm_find_key(krb5_context context, krb5_keytab keytab, const char *realm,
                                 char **ret_why)
{
    krb5_principal best = NULL;
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    g_autoptr(GString) names = g_string_new(NULL);
    Seen seen = {names, 0, FALSE};
    krb5_error_code code = sym_krb5_kt_start_seq_get(context, keytab, &cursor);
    if (code != 0) {
        *ret_why = kx_realm_error(context, code);
        return NULL;
    }
    while (sym_krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0) {
        consider(context, &entry, realm, &seen, &best);
        sym_krb5_free_keytab_entry_contents(context, &entry);
    }
    sym_krb5_kt_end_seq_get(context, keytab, &cursor);
    if (!best)
        *ret_why = why_none(realm, &seen);
    return best;
}

/* ---- a password ---- */

krb5_error_code kx_realm_ask(krb5_context context, krb5_principal who, const char *password,
                             krb5_creds *ret_credentials)
{
    krb5_get_init_creds_opt *options = NULL;
    krb5_error_code code = sym_krb5_get_init_creds_opt_alloc(context, &options);
    if (code != 0)
        return code;
    sym_krb5_get_init_creds_opt_set_tkt_life(options, TICKET_SECONDS);
    sym_krb5_get_init_creds_opt_set_forwardable(options, 0);
    sym_krb5_get_init_creds_opt_set_proxiable(options, 0);
    code = sym_krb5_get_init_creds_password(context, ret_credentials, who, password, NULL, NULL, 0,
                                            NULL, options);
    sym_krb5_get_init_creds_opt_free(context, options);
    return code;
}

/* It is the user's doing, not the server's. */
static gboolean is_refusal(krb5_error_code code)
{
    static const krb5_error_code refusals[] = {
        KRB5KDC_ERR_PREAUTH_FAILED, KRB5KRB_AP_ERR_BAD_INTEGRITY, KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
        KRB5KDC_ERR_CLIENT_REVOKED, KRB5KDC_ERR_CLIENT_NOTYET,    KRB5KDC_ERR_NAME_EXP,
        KRB5KDC_ERR_KEY_EXP,        KRB5KDC_ERR_NULL_KEY,         KRB5KDC_ERR_POLICY,
    };
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++)
        if (refusals[i] == code)
            return TRUE;
    return FALSE;
}

static KxKerberosState fail(krb5_context context, krb5_error_code code, char **ret_text)
{
    *ret_text = kx_realm_error(context, code);
    return is_refusal(code) ? KX_KERBEROS_WRONG : KX_KERBEROS_UNREACHABLE;
}

/* Whoever answered knows the host's key too. */
static KxKerberosState verify(krb5_context context, krb5_keytab keytab, krb5_principal host,
                              krb5_creds *credentials, char **ret_text)
{
    krb5_verify_init_creds_opt options;
    sym_krb5_verify_init_creds_opt_init(&options);
    sym_krb5_verify_init_creds_opt_set_ap_req_nofail(&options, 1);
    krb5_error_code code =
        sym_krb5_verify_init_creds(context, credentials, host, keytab, NULL, &options);
    if (code == 0)
        return KX_KERBEROS_GOOD;
    g_autofree char *why = kx_realm_error(context, code);
    *ret_text = g_strdup_printf("the KDC does not have the key of this host: %s", why);
    return KX_KERBEROS_UNREACHABLE;
}

static KxKerberosState check_with(krb5_context context, krb5_keytab keytab, krb5_principal host,
                                  krb5_principal who, const char *password, char **ret_text)
{
    krb5_creds credentials = {0};
    krb5_error_code code = kx_realm_ask(context, who, password, &credentials);
    if (code != 0)
        return fail(context, code, ret_text);
    KxKerberosState state = verify(context, keytab, host, &credentials, ret_text);
    sym_krb5_free_cred_contents(context, &credentials);
    return state;
}

static KxKerberosState check(krb5_context context, krb5_keytab keytab, const char *realm,
                             const char *name, const char *password, char **ret_text)
{
    krb5_principal who = NULL, host = kx_realm_find_key(context, keytab, realm, ret_text);
    if (!host)
        return KX_KERBEROS_UNREACHABLE;
    krb5_error_code code =
        sym_krb5_build_principal(context, &who, (unsigned)strlen(realm), realm, name, NULL);
    KxKerberosState state = code != 0 ? fail(context, code, ret_text)
                                      : check_with(context, keytab, host, who, password, ret_text);
    if (who)
        sym_krb5_free_principal(context, who);
    sym_krb5_free_principal(context, host);
    return state;
}

KxKerberosState kx_realm_check(const char *realm, const char *name, const char *password,
                               char **ret_text)
{
    krb5_context context = NULL;
    krb5_keytab keytab = NULL;
    KxKerberosState state = KX_KERBEROS_UNREACHABLE;
    krb5_error_code code = sym_krb5_init_context(&context);
    if (code != 0) {
        *ret_text = g_strdup_printf("/etc/krb5.conf cannot be used (error %d)", (int)code);
        return state;
    }
    code = sym_krb5_kt_default(context, &keytab);
    if (code != 0)
        *ret_text = kx_realm_error(context, code);
    else
        state = check(context, keytab, realm, name, password, ret_text);
    if (keytab)
        sym_krb5_kt_close(context, keytab);
    sym_krb5_free_context(context);
    return state;
}
