/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses, domains, local parts, IP addresses and passwords as strangers write them. What is
 * accepted is canonical: it is accepted again and does not change.
 */
#include "directory/credentials.h"
#include "base/ip-range.h"
#include "directory/names.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void assert_stable(char *(*canonical)(const char *, GError **), const char *text)
{
    g_autofree char *once = canonical(text, NULL);
    if (once == NULL)
        return;
    g_autofree char *twice = canonical(once, NULL);
    g_assert_cmpstr(once, ==, twice);
}

static void check_address(const char *text)
{
    char *local = NULL, *domain = NULL;
    if (!kx_name_split(text, &local, &domain))
        return;
    g_assert_cmpuint(strlen(local), >, 0);
    g_assert_cmpuint(strlen(local), <=, KX_NAME_ADDRESS_MAX);
    g_free(local);
    g_free(domain);
}

static void check_fold(const char *text)
{
    g_autofree char *once = kx_name_fold(text);
    g_autofree char *twice = once != NULL ? kx_name_fold(once) : NULL;
    g_assert_cmpstr(once, ==, twice);
}

static void check_ip(const char *text)
{
    g_autofree char *once = kx_name_ip(text);
    g_autofree char *twice = once != NULL ? kx_name_ip(once) : NULL;
    g_assert_cmpstr(once, ==, twice);
    KxIpRange range;
    if (kx_ip_range_parse(text, &range, NULL))
        g_assert_true(kx_ip_range_contains(&range, range.low, range.v4) &&
                      kx_ip_range_contains(&range, range.high, range.v4));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    check_address(text);
    check_fold(text);
    check_ip(text);
    assert_stable(kx_name_domain, text);
    assert_stable(kx_name_local, text);
    assert_stable(kx_name_account, text);
    g_free(kx_password_prepare(text, NULL));
    return 0;
}
