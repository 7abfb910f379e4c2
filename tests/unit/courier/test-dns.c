/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger's names and records may cost: questions, time and threads. */
#include "fake-dns.h"

#include "courier/mail-pool.h"
#include "courier/mail-task.h"
#include "courier/spf.h"

enum { A = 1, PTR = 12, TXT = 16 };

static gint64 in_seconds(double seconds)
{
    return g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
}

static const char *check(FakeDns *dns, const char *domain, char **ret_why)
{
    g_autofree char *sender = g_strconcat("ann@", domain, NULL);
    return kx_spf_check(dns->resolver, in_seconds(20), "10.1.2.3", sender, "client.test", ret_why);
}

/* ---- names ---- */

/* Nobody can have them, so that is no failure which may pass. */
static void test_names_that_cannot_be(void)
{
    static const FakeRecord records[] = {{0}};
    FakeDns dns;
    fake_dns_init(&dns, records, 0);
    g_autoptr(GPtrArray) texts = NULL;
    g_autofree char *label = g_strnfill(64, 'x');
    g_autofree char *name = g_strconcat(label, ".test", NULL);
    g_assert_cmpint(kx_resolver_txt(dns.resolver, name, &texts), ==, KX_DNS_NONE);
    g_assert_cmpint(kx_resolver_txt(dns.resolver, "a..test", &texts), ==, KX_DNS_NONE);
    fake_dns_clear(&dns);
}

/* ---- SPF ---- */

static void test_names_of_the_client_once(void)
{
    static const FakeRecord records[] = {
        {"p.test", TXT,
         "v=spf1 exists:%{p}%{p}%{p}%{p}%{p}.no.test exists:%{p}.%{p1}.%{d}.list.test -all"},
        {"3.2.1.10.in-addr.arpa", PTR, "host.test"},
        {"host.test", A, "10.1.2.3"},
        {"host.test.test.p.test.list.test", A, "127.0.0.2"},
        {0}};
    FakeDns dns;
    fake_dns_init(&dns, records, 0);
    g_autofree char *why = NULL;
    g_assert_cmpstr(check(&dns, "p.test", &why), ==, "pass");
    g_assert_cmpint(g_atomic_int_get(&dns.asked_ptr), ==, 1);
    /* TXT, PTR, and of the host and both names two addresses each */
    g_assert_cmpint(g_atomic_int_get(&dns.asked), <=, 8);
    fake_dns_clear(&dns);
}

/* Each answer comes, but not before the time is over. */
static void test_time_is_over(void)
{
    static const FakeRecord records[] = {
        {"slow.test", TXT, "v=spf1 a:a.test a:b.test include:c.test include:d.test -all"},
        {"a.test", A, "192.0.2.1"},
        {"b.test", A, "192.0.2.1"},
        {"c.test", TXT, "v=spf1 -all"},
        {"d.test", TXT, "v=spf1 -all"},
        {0}};
    FakeDns dns;
    fake_dns_init(&dns, records, G_USEC_PER_SEC / 5);
    g_autofree char *why = NULL;
    const char *result = kx_spf_check(dns.resolver, in_seconds(0.3), "127.0.0.1", "ann@slow.test",
                                      "client.test", &why);
    g_assert_cmpstr(result, ==, "temperror");
    g_assert_cmpint(g_atomic_int_get(&dns.asked), <, 4);
    fake_dns_clear(&dns);
}

static void test_why(void)
{
    static const FakeRecord records[] = {
        {"a.test", TXT, "v=spf1 include:b.test include:nowhere.test -all"},
        {"b.test", TXT, "v=spf1 -all"},
        {"n.test", TXT, "v=spf1 include:b.test"},
        {0}};
    FakeDns dns;
    fake_dns_init(&dns, records, 0);
    g_autofree char *error = NULL, *neutral = NULL;
    g_assert_cmpstr(check(&dns, "a.test", &error), ==, "permerror");
    g_assert_cmpstr(error, ==, "include:nowhere.test in a.test");
    g_assert_cmpstr(check(&dns, "n.test", &neutral), ==, "neutral");
    g_assert_cmpstr(neutral, ==, NULL); /* no term of it decided that */
    fake_dns_clear(&dns);
}

static void test_record_too_long(void)
{
    g_autofree char *terms = g_strnfill(5000, ' ');
    g_autofree char *text = g_strconcat("v=spf1", terms, "-all", NULL);
    const FakeRecord records[] = {{"long.test", TXT, text}, {0}};
    FakeDns dns;
    fake_dns_init(&dns, records, 0);
    g_autofree char *why = NULL;
    g_assert_cmpstr(check(&dns, "long.test", &why), ==, "permerror");
    fake_dns_clear(&dns);
}

/* ---- tasks ---- */

static KxMailTask *question(KxMailAskKind kind, guint seconds, const char *name)
{
    KxMsgMailAsk message = {.kind = kind,
                            .host = "127.0.0.1",
                            .user = "",
                            .password = "",
                            .seconds = seconds,
                            .source = ""};
    KxMailTask *task = kx_mail_task_new_question(1, &message);
    kx_mail_task_add(task, &(KxMsgMailRecipient){.to = name});
    return task;
}

static void test_texts_in_time(void)
{
    static const FakeRecord records[] = {{"a.test", TXT, "one"}, {"b.test", TXT, "two"}, {0}};
    FakeDns dns;
    fake_dns_init(&dns, records, G_USEC_PER_SEC * 6 / 5);
    KxMailTools tools = {.resolver = dns.resolver};
    KxMailTask *task = question(KX_MAIL_TEXTS, 1, "a.test");
    kx_mail_task_add(task, &(KxMsgMailRecipient){.to = "b.test"});
    kx_mail_ask_texts(&tools, task);
    const KxMailRecipient *first = task->recipients->pdata[0], *second = task->recipients->pdata[1];
    g_assert_cmpuint(first->code, ==, 250);
    g_assert_cmpstr(first->status, ==, "one");
    g_assert_cmpuint(second->code, ==, 0);
    kx_mail_task_free(task);
    fake_dns_clear(&dns);
}

/* What there is no room for is answered at once: threads are left for mail. */
static void test_too_many(void)
{
    enum { MANY = 600 };
    KxMailPool *pool = kx_mail_pool_new("nameserver 192.0.2.1\n", "");
    guint refused = 0;
    g_autoptr(KxSettings) settings = kx_settings_new_defaults();
    g_assert_true(kx_mail_pool_configure(pool, settings, NULL));
    for (guint i = 0; i < MANY; i++)
        kx_mail_pool_add(pool, question(KX_MAIL_TEXTS, 20, "a.silent.test"));
    for (KxMailTask *task; (task = kx_mail_pool_done(pool)); kx_mail_task_free(task)) {
        g_assert_cmpuint(task->code, ==, 451);
        refused++;
    }
    g_assert_cmpuint(refused, >=, MANY - 200);
    g_assert_cmpuint(refused, <, MANY);
    kx_mail_pool_add(pool, question(KX_MAIL_DOMAIN, 20, "a.silent.test"));
    KxMailTask *domain = kx_mail_pool_done(pool); /* those before mail is taken are counted apart */
    g_assert_false(domain && strstr(domain->status, "Too many"));
    kx_mail_task_free(domain);
    kx_mail_pool_free(pool);
}

/* A question has no head of fields, and what is posted does not take it away. */
static void test_body(void)
{
    KxMailTask *task = question(KX_MAIL_POST, 20, "https://a.test/");
    kx_mail_task_set_body(task, &(KxMsgMailBody){"text/plain", {"x", 1}});
    g_assert_cmpuint(kx_mail_task_length(task), ==, 0);
    kx_mail_task_free(task);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/courier/dns/names-that-cannot-be", test_names_that_cannot_be);
    g_test_add_func("/courier/dns/names-of-the-client-once", test_names_of_the_client_once);
    g_test_add_func("/courier/dns/time-is-over", test_time_is_over);
    g_test_add_func("/courier/dns/why", test_why);
    g_test_add_func("/courier/dns/record-too-long", test_record_too_long);
    g_test_add_func("/courier/dns/texts-in-time", test_texts_in_time);
    g_test_add_func("/courier/dns/too-many", test_too_many);
    g_test_add_func("/courier/dns/body", test_body);
    return g_test_run();
}
