/* SPDX-License-Identifier: Apache-2.0 */
/* Address lists: the examples of RFC 5322 appendix A and what is seen in the wild. */
#include <glib.h>
#include "mime/address.h"

/* name|route|mailbox|host, "-" for NULL; groups are "name{" and "}". */
static const struct {
    const char *text, *expected;
} cases[] = {
    {"", ""},
    {" , ,, ", ""},
    {"john.q.public@example.com", "-|-|john.q.public|example.com"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     "Mary Smith|-|mary|x.test, -|-|jdoe|example.org, Who?|-|one|y.test"},
    {"\"Joe Q. Public\" <john.q.public@example.com>", "Joe Q. Public|-|john.q.public|example.com"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     "-|-|boss|nil.test, Giant; \"Big\" Box|-|sysservices|example.net"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
     "A Group{, Ed Jones|-|c|a.test, -|-|joe|where.test, John|-|jdoe|one.test, }"},
    {"Undisclosed recipients:;", "Undisclosed recipients{, }"},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete|-|pete|silly.test"},
    {"A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n"
     " joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)",
     "A Group{, Chris Jones|-|c|public.example, -|-|joe|example.org, John|-|jdoe|one.test, }"},
    {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", "Hidden recipients{, }"},
    {"Joe Q. Public <john . q .  public@example.com>", "Joe Q. Public|-|john.q.public|example.com"},
    {"Mary Smith <@node.test,@n2.test:mary@example.net>, , jdoe@test  . example",
     "Mary Smith|@node.test,@n2.test|mary|example.net, -|-|jdoe|test.example"},
    {"jdoe@x.test (John Doe)", "John Doe|-|jdoe|x.test"},
    {"\"quoted local\"@x.test", "-|-|quoted local|x.test"},
    {"\"a. b\"@x.test", "-|-|a. b|x.test"},
    {"user@[192.0.2.1]", "-|-|user|[192.0.2.1]"},
    {"user@[IPv6:2001:db8::1", "-|-|user|[IPv6:2001:db8::1]"},
    {"j\xc3\xb6rg@b\xc3\xbc"
     "cher.test",
     "-|-|j\xc3\xb6rg|b\xc3\xbc"
     "cher.test"},
    {"=?utf-8?q?J=C3=B6rg?= <j@x>", "=?utf-8?q?J=C3=B6rg?=|-|j|x"},
    {"joe@x.test <joe@x.test>", "joe@x.test|-|joe|x.test"},
    {"a@b; c@d", "-|-|a|b, -|-|c|d"},
    {"<a@b> <c@d>", "-|-|a|b, -|-|c|d"},
    {"<a@b, c@d", "-|-|a|b, -|-|c|d"},
    {"<>", "-|-||"},
    {"root", "-|-|root|"},
    {"John Doe", "-|-|John Doe|"},
    {"@x.test", "-|-||x.test"},
    {"a@", "-|-|a|"},
    {"Name <>", "Name|-||"},
    {"one: a@b, two: c@d;", "one{, -|-|a|b, }, two{, -|-|c|d, }"},
    {"group: a@b", "group{, -|-|a|b, }"},
    {")>],;] a@b", "-|-|a|b"},
    {"((((", ""},
    {"\"unended", "-|-|unended|"},
};

static char *describe(const KxAddressList *list)
{
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < list->n; i++) {
        const KxAddress *a = &list->items[i];
        g_string_append(out, i > 0 ? ", " : "");
        if (a->kind == KX_ADDRESS_GROUP_START)
            g_string_append_printf(out, "%s{", a->name);
        else if (a->kind == KX_ADDRESS_GROUP_END)
            g_string_append(out, "}");
        else
            g_string_append_printf(out, "%s|%s|%s|%s", a->name ? a->name : "-",
                                   a->route ? a->route : "-", a->mailbox, a->host);
    }
    return g_string_free(out, FALSE);
}

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxAddressList) list =
            kx_address_parse(cases[i].text, strlen(cases[i].text), KX_ADDRESS_MAX);
        g_autofree char *text = describe(list);
        g_assert_cmpstr(text, ==, cases[i].expected);
    }
}

static void test_cap(void)
{
    static const char text[] = "g: a@b, c@d, e@f;";
    g_autoptr(KxAddressList) list = kx_address_parse(text, strlen(text), 2);
    g_autofree char *described = describe(list);
    g_assert_cmpstr(described, ==, "g{, -|-|a|b, }");
}

/* A million of anything takes linear time. */
static void test_bombs(void)
{
    static const char *const pieces[] = {"(",  "<", "@",  "a@b,", "\"",
                                         "a ", ":", ". ", "a:b;", "<@a,"};
    for (unsigned i = 0; i < G_N_ELEMENTS(pieces); i++) {
        GString *text = g_string_new(NULL);
        while (text->len < 1000 * 1000)
            g_string_append(text, pieces[i]);
        gint64 start = g_get_monotonic_time();
        g_autoptr(KxAddressList) list = kx_address_parse(text->str, text->len, KX_ADDRESS_MAX);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 1000 * 1000);
        g_assert_cmpuint(list->n, <=, KX_ADDRESS_MAX + 2);
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/address/cases", test_cases);
    g_test_add_func("/mime/address/cap", test_cap);
    g_test_add_func("/mime/address/bombs", test_bombs);
    return g_test_run();
}
