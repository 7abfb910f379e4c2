/* SPDX-License-Identifier: Apache-2.0 */
/* Records and macros of SPF, by the grammar and the examples of RFC 7208; what DNS has to do with
 * it is in tests/e2e/test_sender_authentication.py. */
#include <arpa/inet.h>

#include "courier/spf-private.h"

static void check(const char *record, gboolean good)
{
    g_auto(GStrv) words = g_strsplit(record, " ", -1);
    GArray *terms = kx_spf_parse(words);
    g_test_message("%s", record);
    g_assert_cmpint(terms != NULL, ==, good);
    kx_spf_terms_free(terms);
}

static void test_records(void)
{
    static const char *const good[] = {
        "",
        "all",
        "-ALL  +a ~mx ?ptr",
        "a:b.test/24//64 a/0 mx//128 mx:b.test/32",
        "ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1",
        "exists:%{ir}.%{l1r+-}._spf.%{d} include:_spf.b.test redirect=%{d}.c.test",
        "exp=explain._spf.%{d} unknown=anything/at%all",
        "a:a%%b%_c%-.test ptr:%{d}",
    };
    static const char *const bad[] = {
        "al",
        "all:b.test",
        "all/8",
        "include",
        "include:",
        "ip4",
        "ip4:1.2.3",
        "ip4:1.2.3.4/33",
        "ip4:1.2.3.4//24",
        "ip6:1.2.3.4",
        "a/33",
        "a/08",
        "a//129",
        "a:b",
        "a:b.1",
        "a:b.-test",
        "exists:%{x}.b.test",
        "exists:%{d0}.test",
        "exists:%{d.test",
        "a:%b.test",
        "redirect=a.test redirect=b.test",
        "redirect=",
        "a:",
        "ptr/24",
        "++all",
        "a:b.te-",
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        check(good[i], TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        check(bad[i], FALSE);
}

static void check_macro(KxSpf *spf, const char *spec, const char *wanted)
{
    g_autofree char *found = kx_spf_expand(spf, spec, "email.example.com");
    g_assert_cmpstr(found, ==, wanted);
}

/* Section 7.4. */
static void test_macros(void)
{
    KxSpf spf = {.local = (char *)"strong-bad",
                 .origin = (char *)"email.example.com",
                 .helo = (char *)"h.test"};
    inet_pton(AF_INET, "192.0.2.3", spf.ip);
    check_macro(&spf, "%{s}", "strong-bad@email.example.com");
    check_macro(&spf, "%{o}.%{d4}.%{d3}", "email.example.com.email.example.com.email.example.com");
    check_macro(&spf, "%{d2}.%{d1}.%{dr}.%{d2r}",
                "example.com.com.com.example.email.example.email");
    check_macro(&spf, "%{l}.%{l-}.%{lr}.%{lr-}.%{l1r-}",
                "strong-bad.strong.bad.strong-bad.bad.strong.strong");
    check_macro(&spf, "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com");
    check_macro(&spf, "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
                "3.2.0.192.in-addr.strong.lp._spf.example.com");
    check_macro(&spf, "a%%b.%{h}.", "a%b.h.test");
    check_macro(&spf, "%{S}", "strong-bad%40email.example.com");
    spf.six = TRUE;
    inet_pton(AF_INET6, "2001:db8::cb01", spf.ip);
    check_macro(&spf, "%{ir}.%{v}._spf.%{d2}",
                "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf."
                "example.com");
}

/* Names that are too long lose what is on the left. */
static void test_long_names(void)
{
    g_autofree char *label = g_strnfill(60, 'x');
    g_autofree char *spec = g_strjoin(".", label, label, label, label, label, "b.test", NULL);
    KxSpf spf = {0};
    g_autofree char *found = kx_spf_expand(&spf, spec, "a.test");
    g_assert_cmpuint(strlen(found), ==, 61 * 4 + 6);
    g_autofree char *local = g_strnfill(301, 'a');
    for (guint i = 1; i < 301; i += 2)
        local[i] = '.';
    g_autofree char *most = g_strnfill(1300, 'l');
    g_autoptr(GString) many = g_string_new(NULL);
    for (guint i = 0; i < 4096; i++) /* a label each */
        g_string_append(many, "%{l}");
    spf.local = local;
    gint64 begin = g_get_monotonic_time();
    g_autofree char *last = kx_spf_expand(&spf, many->str, "a.test");
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 2 * G_USEC_PER_SEC);
    g_assert_cmpuint(strlen(last), ==, 253);
    g_autofree char *label_only = kx_spf_expand(&spf, most, "a.test");
    g_assert_cmpstr(label_only, ==, ""); /* no name */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/courier/spf/records", test_records);
    g_test_add_func("/courier/spf/macros", test_macros);
    g_test_add_func("/courier/spf/long-names", test_long_names);
    return g_test_run();
}
