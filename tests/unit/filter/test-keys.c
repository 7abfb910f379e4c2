/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of DKIM with keys made here, and one that somebody else made (RFC 8463 appendix A). */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "filter/dkim-sign.h"
#include "filter/dkim-verify.h"
#include "filter/key-files.h"

static const char RFC8463[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                              " subject : date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                              "From: Joe SixPack <joe@football.example.com>\r\n"
                              "To: Suzie Q <suzie@shopping.example.net>\r\n"
                              "Subject: Is dinner ready?\r\n"
                              "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                              "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                              "\r\n"
                              "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
static const char RFC8463_KEY[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static KxCheckResult verify(const char *message, const char *name, const char *record,
                            const char **ret_reason)
{
    g_autoptr(KxMailView) mail = kx_mail_view_new(message, strlen(message));
    g_autoptr(GPtrArray) all = kx_dkim_signatures(mail, 1528637909);
    g_autoptr(GHashTable) txt = kx_txt_table_new();
    kx_txt_table_put(txt, name, KX_TXT_FOUND, record);
    g_assert_cmpuint(all->len, ==, 1);
    KxDkimSignature *signature = all->pdata[0];
    g_assert_cmpstr(signature->key_name, ==, name);
    kx_dkim_verify(signature, mail, txt);
    *ret_reason = signature->reason;
    return signature->result;
}

static void test_rfc8463(void)
{
    static const char name[] = "brisbane._domainkey.football.example.com";
    const char *reason;
    KxCheckResult result = verify(RFC8463, name, RFC8463_KEY, &reason);
    g_assert_cmpstr(reason, ==, NULL);
    g_assert_cmpint(result, ==, KX_CHECK_PASS);
    g_autofree char *changed = g_strdup(RFC8463);
    strstr(changed, "dinner")[0] = 'D';
    g_assert_cmpint(verify(changed, name, RFC8463_KEY, &reason), ==, KX_CHECK_FAIL);
    g_assert_cmpint(verify(RFC8463, name, "v=DKIM1; k=rsa; p=AAAA", &reason), ==,
                    KX_CHECK_PERMERROR);
    g_assert_cmpint(verify(RFC8463, name, "v=DKIM1; k=ed25519; p=", &reason), ==,
                    KX_CHECK_PERMERROR);
    g_assert_cmpstr(reason, ==, "the key is revoked");
}

static void check_algorithm(KxDkimAlgorithm algorithm)
{
    static const char message[] = "From: a@b.test\r\nSubject: x\r\n\r\nhello\r\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *pem = kx_dkim_key_generate(algorithm, 1024, &error);
    g_assert_no_error(error);
    g_autoptr(KxDkimKey) key = kx_dkim_key_new(pem, strlen(pem), "s1", &error);
    g_assert_no_error(error);
    g_autoptr(KxMailView) mail = kx_mail_view_new(message, strlen(message));
    g_autofree char *field = kx_dkim_sign(key, "b.test", mail, 1528637909);
    g_autofree char *record = kx_dkim_key_record(key);
    g_autofree char *whole = g_strconcat(field, message, NULL);
    const char *reason;
    g_assert_cmpint(verify(whole, "s1._domainkey.b.test", record, &reason), ==, KX_CHECK_PASS);
    g_autofree char *more = g_strconcat(field, "From: eve@b.test\r\n", message, NULL);
    g_assert_cmpint(verify(more, "s1._domainkey.b.test", record, &reason), ==, KX_CHECK_FAIL);
}

static void test_own_keys(void)
{
    check_algorithm(KX_DKIM_RSA);
    check_algorithm(KX_DKIM_ED25519);
}

static void test_no_key(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_dkim_key_new("nothing", 7, "s1", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
}

/* A folder that cannot be opened now is none without keys, then and later. */
static void test_folder_that_cannot_be_opened(void)
{
    g_autofree char *folder = g_dir_make_tmp("keryx-keys-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    struct rlimit before, none = {3, 0};
    g_assert_cmpint(g_chdir(folder), ==, 0);
    kx_dkim_file_create("b.test", "s1", KX_DKIM_ED25519, 0, &error);
    g_assert_no_error(error);
    KxDkimKeys *keys = kx_dkim_keys_new();
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    none.rlim_max = before.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    GPtrArray *found = kx_dkim_keys_of(keys, "b.test", &error);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_null(found);
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_autoptr(GPtrArray) later = kx_dkim_keys_of(keys, "b.test", NULL);
    g_assert_cmpuint(later->len, ==, 1);
    g_autoptr(GPtrArray) others = kx_dkim_keys_of(keys, "c.test", NULL);
    g_assert_cmpuint(others->len, ==, 0);
    kx_dkim_keys_free(keys);
    g_assert_true(kx_dkim_file_remove("b.test", "s1", NULL));
    g_assert_cmpint(g_rmdir("dkim"), ==, 0);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/filter/keys/rfc8463", test_rfc8463);
    g_test_add_func("/filter/keys/own", test_own_keys);
    g_test_add_func("/filter/keys/none", test_no_key);
    g_test_add_func("/filter/keys/folder-that-cannot-be-opened", test_folder_that_cannot_be_opened);
    return g_test_run();
}
