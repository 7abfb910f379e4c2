/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of DIGEST-MD5: what is a list of them, and what is not. */
#include <string.h>

#include "core/digest-directives.h"

static GHashTable *read_text(const char *text)
{
    return kx_digest_directives(KX_SLICE_STR(text));
}

/* RFC 2831 section 4 */
static void test_example(void)
{
    g_autoptr(GHashTable) said = read_text(
        "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\","
        "nc=00000001,cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\","
        "response=d388dad90d4bbd760a152321f2143af7,qop=auth");
    g_assert_cmpuint(g_hash_table_size(said), ==, 9);
    g_assert_cmpstr(g_hash_table_lookup(said, "username"), ==, "chris");
    g_assert_cmpstr(g_hash_table_lookup(said, "nc"), ==, "00000001");
    g_assert_cmpstr(g_hash_table_lookup(said, "digest-uri"), ==, "imap/elwood.innosoft.com");
}

static void test_forms(void)
{
    static const struct {
        const char *text, *value;
    } rows[] = {
        {"a=b", "b"},
        {" a = b ", "b"},
        {"A=\"b\"", "b"},
        {"a=\"\"", ""},
        {"a=\"x\\\"y\\\\z\"", "x\"y\\z"},
        {"b=1, a=\"x,y=z\" ,c=2", "x,y=z"},
        {"", NULL},
        {"a", NULL},
        {"a=", NULL},
        {"=b", NULL},
        {"a=b,", NULL},
        {",a=b", NULL},
        {"a=b c", NULL},
        {"a=\"b", NULL},
        {"a=\"b\\", NULL},
        {"a=b,a=c", NULL},
        {"a=b,A=c", NULL},
        {"a=\"b\"c", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GHashTable) said = read_text(rows[i].text);
        g_assert_cmpstr(said ? g_hash_table_lookup(said, "a") : NULL, ==, rows[i].value);
    }
}

static void test_limits(void)
{
    g_autoptr(GString) text = g_string_new("a0=x");
    for (guint i = 1; i < KX_DIRECTIVES_MAX; i++)
        g_string_append_printf(text, ",a%u=x", i);
    g_autoptr(GHashTable) all = read_text(text->str);
    g_assert_cmpuint(g_hash_table_size(all), ==, KX_DIRECTIVES_MAX);
    g_string_append(text, ",more=x");
    g_assert_null(read_text(text->str));
    g_autofree char *fill = g_strnfill(KX_DIRECTIVES_LEN_MAX, 'x');
    g_autofree char *longest = g_strconcat("a=", fill, NULL);
    g_assert_null(read_text(longest));
    g_assert_null(kx_digest_directives((KxSlice){"a=b\0", 4}));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/digest-directives/example", test_example);
    g_test_add_func("/core/digest-directives/forms", test_forms);
    g_test_add_func("/core/digest-directives/limits", test_limits);
    return g_test_run();
}
