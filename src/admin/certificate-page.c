/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-page.h"

#include <openssl/pem.h>
#include <string.h>

#include "admin/certificate-store.h"

static void give(KxHttpResponse *response, const char *type, const char *file, GBytes *body)
{
    response->status = 200;
    response->type = type;
    response->body = body;
    kx_http_response_field(response, "Content-Disposition", "attachment; filename=\"%s\"", file);
}

static X509 *last_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *last = NULL, *next;
    while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        X509_free(last);
        last = next;
    }
    BIO_free(bio);
    return last;
}

static void give_pem(KxHttpResponse *response, const char *pem)
{
    give(response, "application/pem-certificate-chain", "certificate.pem",
         g_bytes_new(pem, strlen(pem)));
}

/* The last of the chain; NULL: it cannot be read. */
static GBytes *der_of_last(const char *pem)
{
    unsigned char *der = NULL;
    X509 *last = last_of(pem);
    int len = last ? i2d_X509(last, &der) : -1;
    GBytes *bytes = len > 0 ? g_bytes_new(der, (size_t)len) : NULL;
    OPENSSL_free(der);
    X509_free(last);
    return bytes;
}

static void give_der(KxHttpResponse *response, const char *pem)
{
    GBytes *der = der_of_last(pem);
    if (der)
        give(response, "application/x-x509-ca-cert", "certificate.crt", der);
    else
        kx_http_response_problem(response, 404, "The certificate cannot be read");
}

/* ---- for devices of Apple ---- */

/* The same for the same certificate, so that a profile that is taken again replaces the first one:
 * a UUID of RFC 9562 section 5.8. */
static char *uuid_of(GBytes *der, const char *part)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize len;
    const guint8 *bytes = g_bytes_get_data(der, &len);
    g_checksum_update(sum, bytes, (gssize)len);
    g_checksum_update(sum, (const guint8 *)part, -1);
    const char *hex = g_checksum_get_string(sum);
    return g_strdup_printf("%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15,
                           hex + 18);
}

static void append_payload(GString *text, const char *type, const char *name, const char *uuid)
{
    g_string_append_printf(text,
                           "<key>PayloadType</key><string>%s</string>\n"
                           "<key>PayloadVersion</key><integer>1</integer>\n"
                           "<key>PayloadIdentifier</key><string>%s</string>\n"
                           "<key>PayloadUUID</key><string>%s</string>\n"
                           "<key>PayloadDisplayName</key><string>%s</string>\n",
                           type, uuid, uuid, name);
}

static char *profile_of(GBytes *der)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(der, &len);
    g_autofree char *content = g_base64_encode(bytes, len);
    g_autofree char *whole = uuid_of(der, "profile"), *part = uuid_of(der, "certificate");
    GString *text = g_string_new(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
        "<plist version=\"1.0\">\n<dict>\n<key>PayloadContent</key>\n<array>\n<dict>\n");
    append_payload(text, "com.apple.security.root", "Certificate of the mail server", part);
    g_string_append_printf(text,
                           "<key>PayloadCertificateFileName</key><string>certificate.crt</string>\n"
                           "<key>PayloadContent</key><data>%s</data>\n</dict>\n</array>\n",
                           content);
    append_payload(text, "Configuration", "Trust in the mail server", whole);
    g_string_append(text, "</dict>\n</plist>\n");
    return g_string_free(text, FALSE);
}

static void give_profile(KxHttpResponse *response, const char *pem)
{
    g_autoptr(GBytes) der = der_of_last(pem);
    char *profile = der ? profile_of(der) : NULL;
    if (profile)
        give(response, "application/x-apple-aspen-config", "certificate.mobileconfig",
             g_bytes_new_take(profile, strlen(profile)));
    else
        kx_http_response_problem(response, 404, "The certificate cannot be read");
}

static const struct {
    const char *path;
    void (*run)(KxHttpResponse *response, const char *pem);
} pages[] = {
    {"/certificate.pem", give_pem},
    {"/certificate.crt", give_der},
    {"/certificate.mobileconfig", give_profile},
};

static void handle(gpointer data G_GNUC_UNUSED, const KxHttpRequest *request,
                   KxHttpResponse *response)
{
    g_autofree char *name = kx_certificate_active();
    g_autofree char *pem = name ? kx_certificate_read(name, KX_CERTIFICATE_CHAIN, NULL) : NULL;
    for (guint i = 0; pem && i < G_N_ELEMENTS(pages); i++)
        if (g_str_equal(request->path, pages[i].path)) {
            pages[i].run(response, pem);
            return;
        }
    kx_http_response_problem(response, 404, "There is nothing here");
}

const KxHttpApp kx_certificate_app = {
    .prefix = "/certificate.",
    .services = 1 << KX_SERVICE_ADMIN | 1 << KX_SERVICE_HTTPS,
    .methods = KX_HTTP_GET,
    .handle = handle,
};
