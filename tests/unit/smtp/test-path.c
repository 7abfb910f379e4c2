/* SPDX-License-Identifier: Apache-2.0 */
/* Envelope addresses: RFC 5321 section 4.1.2 with what is taken beyond it and what is not. */
#include "smtp/path.h"

typedef struct {
    const char *text;
    guint flags;
    KxPathResult result;
    const char *address; /* when good */
    const char *rest;    /* what follows the path */
} Case;

static const Case CASES[] = {
    {"<a@b.test>", 0, KX_PATH_OK, "a@b.test", ""},
    {" <a@b.test>", 0, KX_PATH_OK, "a@b.test", ""},
    {"<a@b.test> SIZE=1", 0, KX_PATH_OK, "a@b.test", " SIZE=1"},
    {"<a.b+c=d@b.test>", 0, KX_PATH_OK, "a.b+c=d@b.test", ""},
    {"<!#$%&'*+-/=?^_`{|}~@b.test>", 0, KX_PATH_OK, "!#$%&'*+-/=?^_`{|}~@b.test", ""},
    {"<>", KX_PATH_NULL, KX_PATH_OK, "", ""},
    {"<>", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<postmaster>", KX_PATH_BARE, KX_PATH_OK, "postmaster", ""},
    {"<PostMaster>", KX_PATH_BARE, KX_PATH_OK, "PostMaster", ""},
    {"<bob>", KX_PATH_BARE, KX_PATH_DOMAIN, NULL, NULL},
    {"<postmaster>", 0, KX_PATH_DOMAIN, NULL, NULL},
    /* quoted local parts: the quotes go where they are not needed */
    {"<\"a\"@b.test>", 0, KX_PATH_OK, "a@b.test", ""},
    {"<\"a b\"@b.test>", 0, KX_PATH_OK, "\"a b\"@b.test", ""},
    {"<\"a\\\"b\"@b.test>", 0, KX_PATH_OK, "\"a\\\"b\"@b.test", ""},
    {"<\"a\\b\"@b.test>", 0, KX_PATH_OK, "ab@b.test", ""},
    {"<\"a>b@c\"@b.test>", 0, KX_PATH_OK, "\"a>b@c\"@b.test", ""},
    {"<\"\"@b.test>", 0, KX_PATH_OK, "\"\"@b.test", ""},
    {"<\"a..b\"@b.test>", 0, KX_PATH_OK, "\"a..b\"@b.test", ""},
    {"<\"a@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<\"a\"b@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<\"a\\", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<\"a\tb\"@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    /* source routes are read and forgotten */
    {"<@one.test,@two.test:a@b.test>", 0, KX_PATH_OK, "a@b.test", ""},
    {"<@one.test:a@b.test>", 0, KX_PATH_OK, "a@b.test", ""},
    {"<@one.test,a@b.test>", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<@one.test:>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<@one.test:", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<@:a@b.test>", 0, KX_PATH_SYNTAX, NULL, NULL},
    /* address literals */
    {"<a@[192.0.2.1]>", 0, KX_PATH_OK, "a@[192.0.2.1]", ""},
    {"<a@[IPv6:2001:db8::1]>", 0, KX_PATH_OK, "a@[IPv6:2001:db8::1]", ""},
    {"<a@[2001:db8::1]>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@[192.0.2.256]>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@[]>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@[192.0.2.1>", 0, KX_PATH_DOMAIN, NULL, NULL},
    /* what is wrong */
    {"a@b.test", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<a", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<a@b.test", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<@b.test>", 0, KX_PATH_SYNTAX, NULL, NULL},
    {"<a@b@c.test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a b@c.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<.a@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<a.@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<a..b@b.test>", 0, KX_PATH_LOCAL, NULL, NULL},
    {"<a@b..test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@.b.test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@b.test.>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@-b.test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@b-.test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@b test>", 0, KX_PATH_DOMAIN, NULL, NULL},
    {"<a@b_c.test>", 0, KX_PATH_OK, "a@b_c.test", ""},
    /* SMTPUTF8 */
    {"<jürgen@b.test>", KX_PATH_UTF8, KX_PATH_OK, "jürgen@b.test", ""},
    {"<a@bücher.test>", KX_PATH_UTF8, KX_PATH_OK, "a@bücher.test", ""},
    {"<jürgen@b.test>", 0, KX_PATH_NEEDS_UTF8, NULL, NULL},
    {"<a@bücher.test>", 0, KX_PATH_NEEDS_UTF8, NULL, NULL},
    {"<\"j ürgen\"@b.test>", KX_PATH_UTF8, KX_PATH_OK, "\"j ürgen\"@b.test", ""},
    {"<\xff@b.test>", KX_PATH_UTF8, KX_PATH_SYNTAX, NULL, NULL},
};

static void test_table(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *row = &CASES[i];
        char out[KX_SMTP_ADDRESS_MAX + 1];
        /* in memory of its own, so that a sanitizer sees a read past the end */
        size_t len = strlen(row->text);
        g_autofree char *copy = g_memdup2(row->text, len + 1);
        const char *at = copy;
        KxPathResult result = kx_smtp_parse_path(&at, copy + len, row->flags, out);
        g_test_message("%s", row->text);
        g_assert_cmpint(result, ==, row->result);
        if (result != KX_PATH_OK)
            continue;
        g_assert_cmpstr(out, ==, row->address);
        g_assert_cmpstr(at, ==, row->rest);
    }
}

static void test_long(void)
{
    char out[KX_SMTP_ADDRESS_MAX + 1];
    for (size_t len = 1; len < 1000; len += 7) {
        g_autofree char *local = g_strnfill(len, 'a');
        g_autofree char *path = g_strdup_printf("<%s@b.test>", local);
        const char *at = path;
        KxPathResult expected = len + 7 <= KX_SMTP_ADDRESS_MAX ? KX_PATH_OK : KX_PATH_TOO_LONG;
        g_assert_cmpint(kx_smtp_parse_path(&at, path + strlen(path), 0, out), ==, expected);
    }
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *longer = g_strnfill(64, 'a');
    g_assert_true(kx_smtp_domain_valid(label, 63, FALSE));
    g_assert_false(kx_smtp_domain_valid(longer, 64, FALSE));
    g_autofree char *name = g_strdup_printf("%s.%s.%s.%s", label, label, label, label);
    g_assert_true(kx_smtp_domain_valid(name, 255, FALSE));
    g_assert_false(kx_smtp_domain_valid(name, strlen(name) + 1, FALSE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/path/table", test_table);
    g_test_add_func("/smtp/path/long", test_long);
    return g_test_run();
}
