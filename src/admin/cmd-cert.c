/* SPDX-License-Identifier: Apache-2.0 */
/* keryx cert: the server's certificates (CERT-06 to CERT-17). */
#include <unistd.h>

#include "admin/certificate-import.h"
#include "admin/certificate-info.h"
#include "admin/certificate-store.h"
#include "admin/command.h"
#include "admin/ocsp.h"
#include "admin/renewal.h"
#include "base/error.h"

/* Changes go through here: one at a time, and running services take the result over. */
typedef gboolean (*Change)(const KxCall *call, char **ret_name, GError **error);

static json_t *describe(const char *name, GError **error);

static json_t *change(const KxCall *call, Change func, GError **error)
{
    int lock = kx_certificates_lock(error);
    if (lock < 0)
        return NULL;
    g_autofree char *name = NULL;
    gboolean ok = func(call, &name, error);
    close(lock);
    const KxServerHooks *server = call->context->server;
    if (ok && server && server->certificates_changed)
        server->certificates_changed(server->data);
    if (ok && server && server->renewal)
        kx_renewal_look(server->renewal);
    if (!ok)
        return NULL;
    return name ? describe(name, error) : json_null();
}

/* ---- looking ---- */

/* What clients are shown of the authority's word. */
static void add_ocsp(json_t *result, const char *name)
{
    gint64 until, now = g_get_real_time() / G_USEC_PER_SEC;
    if (kx_ocsp_need(name, now, &until) == KX_OCSP_NONE)
        return;
    g_autoptr(GDateTime) end = until > 0 ? g_date_time_new_from_unix_utc(until) : NULL;
    g_autofree char *text = end ? g_date_time_format_iso8601(end) : g_strdup("none");
    json_object_set_new(result, "ocsp-until", json_string(text));
}

static json_t *describe(const char *name, GError **error)
{
    g_autofree char *active = kx_certificate_active();
    gboolean pending = kx_certificate_has(name, KX_CERTIFICATE_REQUEST);
    gboolean request = !kx_certificate_has(name, KX_CERTIFICATE_CHAIN);
    g_autofree char *pem = kx_certificate_read(
        name, request && pending ? KX_CERTIFICATE_REQUEST : KX_CERTIFICATE_CHAIN, error);
    json_t *info = !pem      ? NULL
                   : request ? kx_certificate_request_info(pem, error)
                             : kx_certificate_info(pem, error);
    if (!info)
        return NULL;
    json_auto_t *rest = info;
    json_t *result =
        json_pack("{s:s, s:s, s:b, s:b}", "name", name, "kind", request ? "request" : "certificate",
                  "active", !request && g_strcmp0(active, name) == 0, "pending-request", pending);
    json_object_update(result, rest);
    if (!request)
        add_ocsp(result, name);
    return result;
}

static json_t *list(const KxCall *call, GError **error)
{
    g_auto(GStrv) names = kx_certificate_names();
    json_t *all = json_array();
    for (guint i = 0; names[i]; i++) {
        g_autoptr(GError) inner = NULL;
        json_t *one = describe(names[i], &inner);
        json_array_append_new(all,
                              one ? one
                                  : json_pack("{s:s, s:s, s:b, s:s}", "name", names[i], "kind",
                                              "damaged", "active", 0, "state", inner->message));
    }
    return all;
}

static json_t *show(const KxCall *call, GError **error)
{
    return describe(call->args[0], error);
}

static json_t *export(const KxCall *call, GError **error)
{
    static const char *const words[] = {"certificate", "key", "request"};
    const char *what = kx_call_text(call, "what");
    KxCertificatePart part = KX_CERTIFICATE_CHAIN;
    while (what && part < G_N_ELEMENTS(words) && !g_str_equal(words[part], what))
        part++;
    if (part == G_N_ELEMENTS(words)) {
        kx_fail(error, KX_ERR_INVALID, "--what is one of certificate, request and key");
        return NULL;
    }
    if (part == KX_CERTIFICATE_KEY && call->context->admin.level != KX_LEVEL_FULL) {
        kx_fail(error, KX_ERR_DENIED, "private keys are for administrators with full rights");
        return NULL;
    }
    char *pem = kx_certificate_read(call->args[0], part, error);
    if (!pem)
        return NULL;
    if (part == KX_CERTIFICATE_KEY)
        kx_call_log(call, "Private key of certificate '%s' exported", call->args[0]);
    json_t *result = json_string(pem);
    explicit_bzero(pem, strlen(pem));
    g_free(pem);
    return result;
}

/* ---- making ---- */

/* "server", "server-2", ... */
static char *free_name(void)
{
    for (guint i = 1;; i++) {
        char *name = i == 1 ? g_strdup("server") : g_strdup_printf("server-%u", i);
        if (kx_certificate_check_free(name, NULL))
            return name;
        g_free(name);
    }
}

static gboolean read_wish(const KxCall *call, KxCertificateWish *ret_wish, char ***ret_names,
                          GError **error)
{
    const char *key = kx_call_text(call, "key-type"), *names = kx_call_text(call, "san");
    gboolean rsa = g_strcmp0(key, "rsa") == 0;
    if (key && !rsa && !g_str_equal(key, "ec"))
        return kx_fail(error, KX_ERR_INVALID, "--key-type is ec or rsa");
    gint64 days = kx_call_int(call, "days", KX_CERTIFICATE_DAYS);
    if (days == 0)
        return kx_fail(error, KX_ERR_INVALID, "--days is at least 1");
    *ret_names = g_strsplit(names ? names : "", ",", KX_CERTIFICATE_NAMES_MAX + 2);
    for (guint i = 0; (*ret_names)[i]; i++)
        g_strstrip((*ret_names)[i]);
    *ret_wish = (KxCertificateWish){
        .hostname = kx_call_text(call, "hostname"),
        .names = (const char *const *)*ret_names,
        .organization = kx_call_text(call, "organization"),
        .unit = kx_call_text(call, "unit"),
        .city = kx_call_text(call, "city"),
        .state = kx_call_text(call, "state"),
        .country = kx_call_text(call, "country"),
        .days = (guint)days,
        .rsa = rsa,
    };
    return TRUE;
}

static gboolean make(const KxCall *call, KxCertificatePart part, char **ret_name, GError **error)
{
    KxCertificateWish wish;
    g_auto(GStrv) names = NULL;
    const char *given = kx_call_text(call, "name");
    g_autofree char *name = given ? g_strdup(given) : free_name();
    if (!kx_certificate_check_free(name, error) || !read_wish(call, &wish, &names, error) ||
        !kx_certificate_make(name, part, &wish, error))
        return FALSE;
    kx_call_log(call, "Certificate %s'%s' created for %s",
                part == KX_CERTIFICATE_REQUEST ? "request " : "", name, wish.hostname);
    *ret_name = g_steal_pointer(&name);
    return TRUE;
}

static gboolean make_certificate(const KxCall *call, char **ret_name, GError **error)
{
    return make(call, KX_CERTIFICATE_CHAIN, ret_name, error);
}

static gboolean make_request(const KxCall *call, char **ret_name, GError **error)
{
    return make(call, KX_CERTIFICATE_REQUEST, ret_name, error);
}

static gboolean take_file(const KxCall *call, char **ret_name, GError **error)
{
    if (!kx_certificate_import(call->args[0], kx_call_text(call, "key"), kx_call_text(call, "name"),
                               ret_name, error))
        return FALSE;
    kx_call_log(call, "Certificate '%s' imported", *ret_name);
    return TRUE;
}

/* ---- using ---- */

static gboolean activate_name(const KxCall *call, char **ret_name, GError **error)
{
    const char *name = call->args[0];
    g_autofree char *pem = kx_certificate_read(name, KX_CERTIFICATE_CHAIN, error);
    g_autofree char *secret = pem ? kx_certificate_read(name, KX_CERTIFICATE_KEY, error) : NULL;
    g_autoptr(KxX509Chain) chain = secret ? kx_certificate_parse(pem, error) : NULL;
    g_autoptr(EVP_PKEY) key = chain ? kx_certificate_parse_key(secret, error) : NULL;
    if (secret)
        explicit_bzero(secret, strlen(secret));
    if (!key)
        return FALSE;
    if (X509_check_private_key(sk_X509_value(chain, 0), key) != 1)
        return kx_fail(error, KX_ERR_CORRUPT, "the key of certificate '%s' does not belong to it",
                       name);
    if (!kx_certificate_set_active(name, error))
        return FALSE;
    kx_call_log(call, "Certificate '%s' activated", name);
    *ret_name = g_strdup(name);
    return TRUE;
}

static gboolean remove_name(const KxCall *call, char **ret_name, GError **error)
{
    const char *name = call->args[0];
    g_autofree char *active = kx_certificate_active();
    if (!kx_certificate_name_check(name, error))
        return FALSE;
    if (!kx_certificate_has(name, KX_CERTIFICATE_CHAIN) &&
        !kx_certificate_has(name, KX_CERTIFICATE_REQUEST))
        return kx_fail(error, KX_ERR_NOT_FOUND,
                       "there is no certificate or request '%s'; keryx cert list shows all", name);
    if (g_strcmp0(active, name) == 0)
        return kx_fail(error, KX_ERR_IN_USE,
                       "certificate '%s' is in use: activate another one first", name);
    if (!kx_certificate_delete(name, error))
        return FALSE;
    kx_call_log(call, "Certificate '%s' removed", name);
    return TRUE;
}

static json_t *new_certificate(const KxCall *call, GError **error)
{
    return change(call, make_certificate, error);
}

static json_t *request(const KxCall *call, GError **error)
{
    return change(call, make_request, error);
}

static json_t *import(const KxCall *call, GError **error)
{
    return change(call, take_file, error);
}

static json_t *activate(const KxCall *call, GError **error)
{
    return change(call, activate_name, error);
}

static json_t *remove_certificate(const KxCall *call, GError **error)
{
    return change(call, remove_name, error);
}

/* ---- the table ---- */

#define SUBJECT_OPTIONS(country_required)                                                          \
    {"name", KX_OPTION_TEXT, "NAME",                                                               \
     "What to call it here; server, server-2 and so on if not given."},                            \
        {"hostname", KX_OPTION_TEXT, "HOST", "Host name that clients connect to.",                 \
         .required = TRUE},                                                                        \
        {"san", KX_OPTION_TEXT, "NAME,...", "Further host names, *.host names and IP addresses."}, \
        {"organization", KX_OPTION_TEXT, "TEXT", "Organization."},                                 \
        {"unit", KX_OPTION_TEXT, "TEXT", "Organizational unit."},                                  \
        {"city", KX_OPTION_TEXT, "TEXT", "City."},                                                 \
        {"state", KX_OPTION_TEXT, "TEXT", "State or province."},                                   \
        {"country", KX_OPTION_TEXT, "CC", "Country, two capital letters.",                         \
         .required = country_required},                                                            \
    {                                                                                              \
        "key-type", KX_OPTION_TEXT, "ec|rsa",                                                      \
            "Kind of the new key: ec (P-256, if not given) or rsa (3072 bits)."                    \
    }

static const KxOption new_options[] = {
    SUBJECT_OPTIONS(FALSE),
    {"days", KX_OPTION_INT, "N", "Days it is valid; 825 if not given.",
     .max = KX_CERTIFICATE_DAYS_MAX},
};
static const KxOption request_options[] = {SUBJECT_OPTIONS(TRUE)};
static const KxOption import_options[] = {
    {"key", KX_OPTION_FILE, "FILE",
     "Private key in PEM form, unless it is in the same file or that of a request made here."},
    {"name", KX_OPTION_TEXT, "NAME", "What to call it here; made from its host name if not given."},
};
static const KxOption export_options[] = {
    {"what", KX_OPTION_TEXT, "certificate|request|key",
     "What to print; the certificate with its chain if not given."},
};

static const KxCommand commands[] = {
    {.words = "cert list",
     .args = "",
     .api = "GET /certificates",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns = "name:Name,kind:Kind,active:Active,pending-request:Request,state:State,until:Valid "
                "until,names:Names,issuer:Issuer",
     .manual = "Lists certificates and requests."},
    {.words = "cert show",
     .args = "NAME",
     .api = "GET /certificates/{certificate}",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one of them."},
    {.words = "cert new",
     .args = "",
     .api = "POST /certificates",
     KX_OPTIONS(new_options),
     .run = new_certificate,
     .manual = "Makes a self-signed certificate. It is used once it is activated."},
    {.words = "cert request",
     .args = "",
     .api = "POST /certificate-requests",
     KX_OPTIONS(request_options),
     .run = request,
     .manual = "Makes a key and a request for a certification authority; keryx cert export NAME "
               "--what request prints it."},
    {.words = "cert import",
     .args = "FILE",
     .api = "POST /certificates/import pem",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(import_options),
     .run = import,
     .flags = KX_COMMAND_FILE,
     .manual = "Imports a certificate with its chain (PEM, the server's own first). The answer to "
               "a request finds its key."},
    {.words = "cert export",
     .args = "NAME",
     .api = "GET /certificates/{certificate}/pem",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(export_options),
     .run = export,
     .flags = KX_COMMAND_READS,
     .manual = "Prints a certificate, request or private key in PEM form."},
    {.words = "cert activate",
     .args = "NAME",
     .api = "POST /certificates/{certificate}/activate",
     .min_args = 1,
     .max_args = 1,
     .run = activate,
     .show = kx_show_nothing,
     .manual = "Makes all services use a certificate from now on. Connections that are open stay."},
    {.words = "cert remove",
     .args = "NAME",
     .api = "DELETE /certificates/{certificate}",
     .min_args = 1,
     .max_args = 1,
     .run = remove_certificate,
     .manual = "Removes a certificate or request with its key. The active one cannot be removed."},
};

const KxTopic kx_topic_cert = {"cert", "Certificates", commands, G_N_ELEMENTS(commands)};
