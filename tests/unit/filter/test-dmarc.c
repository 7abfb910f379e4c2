/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of DMARC about authors of all kinds, and lists that go on for long. */
#include <string.h>

#include "filter/dkim-sign.h"
#include "filter/dmarc.h"

static const char REJECT[] = "v=DMARC1; p=reject";

typedef struct {
    GHashTable *txt;
    KxDmarc dmarc;
    char *domain; /* that decided */
} Verdict;

static void verdict_clear(Verdict *verdict)
{
    kx_dmarc_clear(&verdict->dmarc);
    g_hash_table_unref(verdict->txt);
    g_free(verdict->domain);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verdict, verdict_clear)

/* "good.test" and "bad.test" want others to be rejected, "free.test" has no policy, about
 * "slow.test" nobody says anything. */
static void fill(Verdict *verdict)
{
    *verdict = (Verdict){.txt = kx_txt_table_new()};
    kx_txt_table_put(verdict->txt, "_dmarc.good.test", KX_TXT_FOUND, REJECT);
    kx_txt_table_put(verdict->txt, "_dmarc.bad.test", KX_TXT_FOUND, REJECT);
    kx_txt_table_put(verdict->txt, "_dmarc.free.test", KX_TXT_NONE, NULL);
}

/* Of a message with this header that comes from a client of good.test. */
static KxCheckResult judge(Verdict *verdict, const char *header)
{
    g_autofree char *message = g_strconcat(header, "\r\n\r\nhello\r\n", NULL);
    g_autoptr(KxMailView) mail = kx_mail_view_new(message, strlen(message));
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    fill(verdict);
    kx_dmarc_init(&verdict->dmarc, mail);
    kx_dmarc_evaluate(&verdict->dmarc, KX_CHECK_PASS, "good.test", none, verdict->txt);
    verdict->domain = g_strdup(verdict->dmarc.domain);
    return verdict->dmarc.result;
}

static void test_authors(void)
{
    static const struct {
        const char *header;
        KxCheckResult result;
        const char *domain;
    } cases[] = {
        {"From: a@good.test", KX_CHECK_PASS, "good.test"},
        {"From: a@bad.test", KX_CHECK_FAIL, "bad.test"},
        {"From: a@free.test", KX_CHECK_NONE, "free.test"},
        {"From: a@slow.test", KX_CHECK_TEMPERROR, "slow.test"},
        {"From: a@good.test, b@GOOD.test", KX_CHECK_PASS, "good.test"},
        {"From: a@good.test, b@bad.test", KX_CHECK_FAIL, "bad.test"},
        {"From: a@free.test, b@bad.test, c@slow.test", KX_CHECK_FAIL, "bad.test"},
        {"From: a@good.test, b@free.test", KX_CHECK_NONE, "free.test"},
        {"From: all: a@good.test, b@bad.test;", KX_CHECK_FAIL, "bad.test"},
        {"From: \"a@bank.test\":;", KX_CHECK_PERMERROR, NULL},
        {"From: a@good.test\r\nFrom: b@good.test", KX_CHECK_PERMERROR, "good.test"},
        {"From: a@good.test\r\nFrom: b@bad.test", KX_CHECK_FAIL, "bad.test"},
        {"From: a@good.test, b", KX_CHECK_PERMERROR, "good.test"},
        {"From: a@good..test", KX_CHECK_PERMERROR, NULL},
        {"From: ", KX_CHECK_PERMERROR, NULL},
        {"Subject: x", KX_CHECK_PERMERROR, NULL},
        {"From: a@good.test, a@a.good.test, a@b.good.test, a@c.good.test, a@d.good.test",
         KX_CHECK_PERMERROR, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Verdict) verdict;
        g_test_message("%s", cases[i].header);
        g_assert_cmpint(judge(&verdict, cases[i].header), ==, cases[i].result);
        if (cases[i].domain || verdict.dmarc.n == 0)
            g_assert_cmpstr(verdict.domain, ==, cases[i].domain);
    }
}

static void test_too_many_fields(void)
{
    g_autoptr(GString) header = g_string_new("From: a@good.test");
    for (guint i = 0; i < KX_MAIL_FIELDS_MAX; i++)
        g_string_append(header, "\r\nX: y");
    g_auto(Verdict) verdict;
    g_assert_cmpint(judge(&verdict, header->str), ==, KX_CHECK_PERMERROR);
}

/* ---- alignment ---- */

/* Signed by `domain`, sent by a client that SPF does not let; the author is at good.test. */
static KxCheckResult judge_signed(const char *domain, const char *policy)
{
    static const char message[] = "From: a@good.test\r\n\r\nhello\r\n";
    g_autofree char *pem = kx_dkim_key_generate(KX_DKIM_ED25519, 0, NULL);
    g_autoptr(KxDkimKey) key = kx_dkim_key_new(pem, strlen(pem), "s1", NULL);
    g_autoptr(KxMailView) unsigned_mail = kx_mail_view_new(message, strlen(message));
    g_autofree char *field = kx_dkim_sign(key, domain, unsigned_mail, 1000);
    g_autofree char *whole = g_strconcat(field, message, NULL);
    g_autofree char *record = kx_dkim_key_record(key);
    g_autofree char *name = g_strconcat("s1._domainkey.", domain, NULL);
    g_autoptr(KxMailView) mail = kx_mail_view_new(whole, strlen(whole));
    g_autoptr(GPtrArray) signatures = kx_dkim_signatures(mail, 1000);
    g_auto(Verdict) verdict;
    fill(&verdict);
    kx_txt_table_put(verdict.txt, name, KX_TXT_FOUND, record);
    kx_txt_table_put(verdict.txt, "_dmarc.good.test", KX_TXT_FOUND, policy);
    kx_dkim_verify(signatures->pdata[0], mail, verdict.txt);
    kx_dmarc_init(&verdict.dmarc, mail);
    kx_dmarc_evaluate(&verdict.dmarc, KX_CHECK_FAIL, "good.test", signatures, verdict.txt);
    return verdict.dmarc.result;
}

static void test_alignment_of_signatures(void)
{
    g_assert_cmpint(judge_signed("good.test", REJECT), ==, KX_CHECK_PASS);
    g_assert_cmpint(judge_signed("mail.good.test", REJECT), ==, KX_CHECK_PASS);
    g_assert_cmpint(judge_signed("bad.test", REJECT), ==, KX_CHECK_FAIL);
    g_assert_cmpint(judge_signed("good.test", "v=DMARC1; p=reject; adkim=s"), ==, KX_CHECK_PASS);
    g_assert_cmpint(judge_signed("mail.good.test", "v=DMARC1; p=reject; adkim=s"), ==,
                    KX_CHECK_FAIL);
    g_assert_cmpint(judge_signed("mail.good.test", "v=DMARC1; p=reject; aspf=s"), ==,
                    KX_CHECK_PASS);
}

/* ---- long ones ---- */

static void test_long_lists(void)
{
    g_autoptr(GString) text = g_string_new("h=");
    for (guint i = 0; i < 150; i++)
        g_string_append(text, "x : ");
    g_string_append(text, " fRom");
    g_autoptr(KxTags) tags = kx_tags_parse(text->str, text->len);
    g_assert_true(kx_tags_lists(tags, "h", "From"));
    g_assert_false(kx_tags_lists(tags, "h", "Fro"));
    g_assert_false(kx_tags_lists(tags, "h", "To"));
    g_assert_false(kx_tags_lists(tags, "t", ""));
}

static void check_bytes(const char *text, const char *wanted)
{
    gsize len = 0;
    g_autoptr(KxTags) tags = kx_tags_parse(text, strlen(text));
    g_autofree guchar *bytes = kx_tags_bytes(tags, "b", &len);
    g_assert_cmpint(bytes != NULL, ==, wanted != NULL);
    if (wanted)
        g_assert_cmpmem(bytes, (int)len, wanted, (int)strlen(wanted));
}

/* Padding may be missing, and nothing but that. */
static void test_bytes(void)
{
    check_bytes("b=Zm9v\r\n Yg==", "foob");
    check_bytes("b=Zm9vYg", "foob");
    check_bytes("b=Zm8", "fo");
    check_bytes("b=", "");
    check_bytes("b=Zm8=Zm8=", NULL);
    check_bytes("b=Zm9vY", NULL);
    check_bytes("b=Zm-v", NULL);
    check_bytes("a=Zm9v", NULL);
}

static gboolean claims(const char *text)
{
    KxHeaderField field;
    g_assert_true(kx_header_find(text, strlen(text), "Authentication-Results", &field));
    return kx_results_claims(&field, "mail.test");
}

/* However far away its name is. */
static void test_long_claims(void)
{
    g_autofree char *space = g_strnfill(2000, ' ');
    g_autofree char *folded = g_strconcat("Authentication-Results:", space, "\r\n (", space, ")",
                                          space, "\r\n mail.test; spf=pass\r\n", NULL);
    g_autofree char *other =
        g_strconcat("Authentication-Results:", space, "mail.test.test\r\n", NULL);
    g_assert_true(claims(folded));
    g_assert_false(claims(other));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/filter/dmarc/authors", test_authors);
    g_test_add_func("/filter/dmarc/too-many-fields", test_too_many_fields);
    g_test_add_func("/filter/dmarc/alignment-of-signatures", test_alignment_of_signatures);
    g_test_add_func("/filter/dmarc/long-lists", test_long_lists);
    g_test_add_func("/filter/dmarc/long-claims", test_long_claims);
    g_test_add_func("/filter/dmarc/bytes", test_bytes);
    return g_test_run();
}
