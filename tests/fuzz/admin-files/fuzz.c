/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that administrators bring: settings documents, certificates, requests, keys. The first byte
 * says which. What is accepted has to hold what it promises.
 */
#include "admin/certificate-info.h"
#include "admin/config-file.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static void fuzz_config(const char *text)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    g_autoptr(KxConfigDiff) diff = kx_config_diff(defaults, text, (text[0] & 1) != 0, NULL);
    if (!diff)
        return;
    const KxConfigWish everything = {.secrets = TRUE, .typed = (text[0] & 2) != 0};
    json_auto_t *document = kx_config_document(diff->after, &everything);
    g_autofree char *written = json_dumps(document, 0);
    g_autoptr(KxConfigDiff) again = kx_config_diff(defaults, written, TRUE, NULL);
    g_assert(again && again->changes->len == diff->changes->len);
}

static void fuzz_certificate(const char *text)
{
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(text, NULL);
    json_auto_t *info = kx_certificate_info(text, NULL);
    g_assert((chain != NULL) == (info != NULL));
    g_assert(!chain || sk_X509_num(chain) <= KX_CERTIFICATE_CHAIN_MAX);
}

static void fuzz_request(const char *text)
{
    json_auto_t *info = kx_certificate_request_info(text, NULL);
    g_assert(!info || json_is_string(json_object_get(info, "subject")));
}

static void fuzz_key(const char *text)
{
    g_autoptr(EVP_PKEY) key = kx_certificate_parse_key(text, NULL);
    g_assert(!key || EVP_PKEY_get_bits(key) > 0);
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    static void (*const kinds[])(const char *text) = {fuzz_config, fuzz_certificate, fuzz_request,
                                                      fuzz_key};
    if (len == 0)
        return 0;
    g_autofree char *text = g_strndup((const char *)bytes + 1, len - 1);
    kinds[bytes[0] % G_N_ELEMENTS(kinds)](text);
    return 0;
}
