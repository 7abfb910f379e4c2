/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

/* RFC 4648 section 10, and what must not pass. */
static void test_cases(void)
{
    static const struct {
        const char *in, *out; /* NULL: not base64 */
    } cases[] = {
        {"", ""},         {"Zg==", "f"},        {"Zm8=", "fo"},
        {"Zm9v", "foo"},  {"Zm9vYg==", "foob"}, {"+/+/", "\xfb\xff\xbf"},
        {"Zg", NULL},     {"Zg=", NULL},        {"Z===", NULL},
        {"====", NULL},   {"Zg==Zg==", NULL},   {"Zm 9v", NULL},
        {"Zm9v\n", NULL}, {"Zm-_", NULL},       {"Zm9\xe9", NULL},
        {"=Zm9", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup(cases[i].in);
        size_t len = 99;
        g_assert_cmpint(kx_base64_decode(text, strlen(text), &len), ==, cases[i].out != NULL);
        if (cases[i].out)
            g_assert_cmpmem(text, (int)len, cases[i].out, (int)strlen(cases[i].out));
        else
            g_assert_cmpstr(text, ==, cases[i].in);
    }
}

static void test_round_trip(void)
{
    guchar bytes[256];
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guchar)i;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        g_autofree char *text = g_base64_encode(bytes, len);
        size_t back = 0;
        g_assert_true(kx_base64_decode(text, strlen(text), &back));
        g_assert_cmpmem(text, (int)back, bytes, (int)len);
    }
}

static void test_for_urls(void)
{
    g_autofree char *text = kx_base64url("\xfb\xff\xbf\xfe", 4), *none = kx_base64url("", 0);
    g_assert_cmpstr(text, ==, "-_-__g");
    g_assert_cmpstr(none, ==, "");
}

static void test_for_urls_back(void)
{
    static const struct {
        const char *in, *out; /* NULL: it is none */
    } cases[] = {
        {"", ""},          {"-_-__g", "\xfb\xff\xbf\xfe"},
        {"Zg", "f"},       {"Zm8", "fo"},
        {"Zm9v", "foo"},   {"Z", NULL},
        {"Zm9vZ", NULL},   {"Zg==", NULL},
        {"Zh", NULL},      {"Zm9", NULL},
        {"+/+/", NULL},    {"Zm 9", NULL},
        {"Zm9\xe9", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes = kx_base64url_decode(cases[i].in, strlen(cases[i].in));
        g_assert_cmpint(bytes != NULL, ==, cases[i].out != NULL);
        size_t len = 0;
        const void *at = bytes ? g_bytes_get_data(bytes, &len) : NULL;
        if (bytes)
            g_assert_cmpmem(at, (int)len, cases[i].out, (int)strlen(cases[i].out));
    }
    guchar all[256];
    for (guint i = 0; i < sizeof all; i++)
        all[i] = (guchar)i;
    for (size_t len = 0; len <= sizeof all; len++) {
        g_autofree char *text = kx_base64url(all, len);
        g_autoptr(GBytes) back = kx_base64url_decode(text, strlen(text));
        g_assert_cmpmem(g_bytes_get_data(back, NULL), (int)g_bytes_get_size(back), all, (int)len);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/base64/cases", test_cases);
    g_test_add_func("/base/base64/round-trip", test_round_trip);
    g_test_add_func("/base/base64/for-urls", test_for_urls);
    g_test_add_func("/base/base64/for-urls-back", test_for_urls_back);
    return g_test_run();
}
