/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "courier/sts-policy.h"

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 86400\n"

static KxStsPolicy *parse(const char *text)
{
    return kx_sts_policy_parse(text, strlen(text), NULL);
}

static void test_fields(void)
{
    g_autoptr(KxStsPolicy) policy =
        parse("version: STSv1\r\nmode:testing\r\nmx: a.test\r\nmx : *.b.test \r\n"
              "max_age: 99999999\r\nmode: enforce\r\nfuture: yes\r\n\r\n");
    g_assert_nonnull(policy);
    g_assert_cmpint(policy->mode, ==, KX_STS_TESTING); /* the first of each counts */
    g_assert_cmpuint(policy->max_age, ==, KX_STS_AGE_MAX);
    g_assert_cmpuint(policy->mx->len, ==, 2);
    g_assert_cmpstr(policy->mx->pdata[1], ==, "*.b.test");
}

static void test_what_is_none(void)
{
    static const char *const bad[] = {
        "",
        "version: STSv1\nmode: enforce\nmax_age: 86400\n", /* names no host */
        "version: STSv2\nmode: none\nmax_age: 86400\n",
        "mode: none\nmax_age: 86400\n",
        "version: STSv1\nmax_age: 86400\n",
        "version: STSv1\nmode: none\n",
        "version: STSv1\nmode: strict\nmx: a.test\nmax_age: 86400\n",
        "version: STSv1\nmode: none\nmax_age: -1\n",
        "version: STSv1\nmode: none\nmax_age: 86400\nnonsense\n",
        HEAD "mx: a b\n",
        HEAD "mx: *.\n",
        HEAD "mx: *\n",
        HEAD "mx: a.*.test\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(parse(bad[i]));
    g_autoptr(GString) many = g_string_new(HEAD);
    for (guint i = 0; i <= KX_STS_MX_MAX; i++)
        g_string_append_printf(many, "mx: h%u.test\n", i);
    g_assert_null(parse(many->str));
}

/* covers: SMTP-28 */
static void test_names(void)
{
    static const struct {
        const char *host;
        gboolean named;
    } rows[] = {{"mx.a.test", TRUE},
                {"MX.A.TEST", TRUE},
                {"mx2.a.test", FALSE},
                {"x.b.test", TRUE},
                {"x.y.b.test", FALSE},
                {"b.test", FALSE},
                {".b.test", FALSE},
                {"xb.test", FALSE},
                {"x.mx.a.test", FALSE},
                {"test", FALSE},
                {"", FALSE}};
    g_autoptr(KxStsPolicy) policy = parse(HEAD "mx: mx.a.test\nmx: *.B.test\n");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_true(kx_sts_policy_names(policy, rows[i].host) == rows[i].named);
}

static void check_record(const char *first, const char *second, const char *id)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    g_ptr_array_add(texts, (gpointer)first);
    if (second)
        g_ptr_array_add(texts, (gpointer)second);
    g_autofree char *found = kx_sts_record_id(texts);
    g_assert_cmpstr(found, ==, id);
}

static void test_record(void)
{
    check_record("v=STSv1; id=20160831085700Z;", NULL, "20160831085700Z");
    check_record("v=STSv1;id=1", "v=spf1 -all", "1");
    check_record("v=STSv1; x=y; id=2 ;", NULL, "2");
    check_record("v=STSv1; id=1", "v=STSv1; id=2", NULL);
    check_record("v=STSv10; id=1", NULL, NULL);
    check_record("v=STSv1; id=", NULL, NULL);
    check_record("v=STSv1; id=a-b", NULL, NULL);
    check_record("v=STSv1; id=123456789012345678901234567890123", NULL, NULL);
    check_record("id=1; v=STSv1", NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/courier/sts-policy/fields", test_fields);
    g_test_add_func("/courier/sts-policy/what-is-none", test_what_is_none);
    g_test_add_func("/courier/sts-policy/names", test_names);
    g_test_add_func("/courier/sts-policy/record", test_record);
    return g_test_run();
}
