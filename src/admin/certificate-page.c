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

static void give_der(KxHttpResponse *response, const char *pem)
{
    unsigned char *der = NULL;
    X509 *last = last_of(pem);
    int len = last ? i2d_X509(last, &der) : -1;
    if (len > 0)
        give(response, "application/x-x509-ca-cert", "certificate.crt",
             g_bytes_new(der, (size_t)len));
    else
        kx_http_response_problem(response, 404, "The certificate cannot be read");
    OPENSSL_free(der);
    X509_free(last);
}

static const struct {
    const char *path;
    void (*run)(KxHttpResponse *response, const char *pem);
} pages[] = {
    {"/certificate.pem", give_pem},
    {"/certificate.crt", give_der},
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
