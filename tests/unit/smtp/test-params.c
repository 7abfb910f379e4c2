/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of MAIL and RCPT. */
#include "ipc/message.h"
#include "smtp/params.h"

typedef struct {
    const char *text;
    KxParamResult result;
    KxMailParams params;
} MailCase;

static const MailCase MAIL_CASES[] = {
    {"", KX_PARAM_OK, {0}},
    {"   ", KX_PARAM_OK, {0}},
    {" SIZE=1000", KX_PARAM_OK, {.size = 1000}},
    {" size=18446744073709551615", KX_PARAM_OK, {.size = G_MAXUINT64}},
    {" SIZE=18446744073709551616", KX_PARAM_BAD, {0}},
    {" SIZE=", KX_PARAM_BAD, {0}},
    {" SIZE", KX_PARAM_BAD, {0}},
    {" SIZE=-1", KX_PARAM_BAD, {0}},
    {" SIZE=1 SIZE=1", KX_PARAM_BAD, {0}},
    {" BODY=7BIT", KX_PARAM_OK, {0}},
    {" BODY=8bitmime", KX_PARAM_OK, {.flags = KX_SMTP_8BITMIME}},
    {" BODY=BINARYMIME", KX_PARAM_OK, {.flags = KX_SMTP_BINARYMIME}},
    {" BODY=9BIT", KX_PARAM_BAD, {0}},
    {" BODY", KX_PARAM_BAD, {0}},
    {" SMTPUTF8", KX_PARAM_OK, {.flags = KX_SMTP_UTF8}},
    {" SMTPUTF8=yes", KX_PARAM_BAD, {0}},
    {" RET=FULL ENVID=QQ314159", KX_PARAM_OK, {.ret = "FULL", .envid = "QQ314159"}},
    {" RET=hdrs", KX_PARAM_OK, {.ret = "HDRS"}},
    {" RET=HALF", KX_PARAM_BAD, {0}},
    {" ENVID=a+2Bb", KX_PARAM_OK, {.envid = "a+2Bb"}},
    {" ENVID=a+2b", KX_PARAM_BAD, {0}}, /* xtext has capital hex digits only */
    {" ENVID=a+2", KX_PARAM_BAD, {0}},
    {" ENVID=a=b", KX_PARAM_BAD, {0}},
    {" ENVID=", KX_PARAM_BAD, {0}},
    {" AUTH=<>", KX_PARAM_OK, {.auth = "<>"}},
    {" AUTH=e+3Dmc2@example.com", KX_PARAM_OK, {.auth = "e+3Dmc2@example.com"}},
    {" HOLDFOR=60", KX_PARAM_OK, {.holds = 1, .hold_for = 60}},
    {" HOLDFOR=1234567890", KX_PARAM_BAD, {0}},
    {" HOLDUNTIL=1970-01-02T00:00:00Z", KX_PARAM_OK, {.holds = 1, .hold_until = 86400}},
    {" HOLDUNTIL=1970-01-02T02:00:00+02:00", KX_PARAM_OK, {.holds = 1, .hold_until = 86400}},
    {" HOLDUNTIL=1970-01-02T00:00:00", KX_PARAM_BAD, {0}},
    {" HOLDUNTIL=19700102T000000Z000", KX_PARAM_BAD, {0}},
    {" BY=3;R", KX_PARAM_OK, {.flags = KX_SMTP_BY_RETURN, .by = 3}},
    {" BY=-999999999;nt",
     KX_PARAM_OK,
     {.flags = KX_SMTP_BY_NOTIFY | KX_SMTP_BY_TRACE, .by = -999999999}},
    {" BY=0;N", KX_PARAM_OK, {.flags = KX_SMTP_BY_NOTIFY}},
    {" BY=0;R", KX_PARAM_BAD, {0}},
    {" BY=--1;N", KX_PARAM_BAD, {0}},
    {" BY=1;", KX_PARAM_BAD, {0}},
    {" MT-PRIORITY=-9", KX_PARAM_OK, {.priority = 1}},
    {" MT-PRIORITY=9", KX_PARAM_OK, {.priority = 19}},
    {" MT-PRIORITY=10", KX_PARAM_BAD, {0}},
    {" SIZE=1 X", KX_PARAM_UNKNOWN, {0}},
};

static void test_mail(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(MAIL_CASES); i++) {
        const MailCase *row = &MAIL_CASES[i];
        KxMailParams params;
        char name[32];
        g_test_message("%s", row->text);
        g_assert_cmpint(
            kx_smtp_mail_params(row->text, row->text + strlen(row->text), &params, name), ==,
            row->result);
        if (row->result != KX_PARAM_OK)
            continue;
        g_assert_cmpuint(params.size, ==, row->params.size);
        g_assert_cmpuint(params.flags, ==, row->params.flags);
        g_assert_cmpstr(params.ret, ==, row->params.ret);
        g_assert_cmpstr(params.envid, ==, row->params.envid);
        g_assert_cmpstr(params.auth, ==, row->params.auth);
        g_assert_cmpuint(params.holds, ==, row->params.holds);
        g_assert_cmpint(params.hold_for, ==, row->params.hold_for);
        g_assert_cmpint(params.hold_until, ==, row->params.hold_until);
        g_assert_cmpint(params.by, ==, row->params.by);
        g_assert_cmpuint(params.priority, ==, row->params.priority);
    }
}

typedef struct {
    const char *text;
    gboolean utf8;
    KxParamResult result;
    KxRcptParams params;
} RcptCase;

static const RcptCase RCPT_CASES[] = {
    {"", FALSE, KX_PARAM_OK, {0}},
    {" NOTIFY=NEVER", FALSE, KX_PARAM_OK, {.notify = KX_NOTIFY_NEVER}},
    {" NOTIFY=success,FAILURE,Delay",
     FALSE,
     KX_PARAM_OK,
     {.notify = KX_NOTIFY_SUCCESS | KX_NOTIFY_FAILURE | KX_NOTIFY_DELAY}},
    {" NOTIFY=NEVER,SUCCESS", FALSE, KX_PARAM_BAD, {0}},
    {" NOTIFY=SUCCESS,", FALSE, KX_PARAM_BAD, {0}},
    {" NOTIFY=", FALSE, KX_PARAM_BAD, {0}},
    {" NOTIFY", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=rfc822;Bob+2Bx@b.test", FALSE, KX_PARAM_OK, {.orcpt = "rfc822;Bob+2Bx@b.test"}},
    {" ORCPT=Bob@b.test", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=rfc822;", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=;x", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=rf c", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=utf-8;jürgen@b.test", TRUE, KX_PARAM_OK, {.orcpt = "utf-8;jürgen@b.test"}},
    {" ORCPT=utf-8;jürgen@b.test", FALSE, KX_PARAM_BAD, {0}},
    {" ORCPT=rfc822;jürgen@b.test", TRUE, KX_PARAM_BAD, {0}},
    {" BY=3;R", FALSE, KX_PARAM_UNKNOWN, {0}},
};

static void test_rcpt(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(RCPT_CASES); i++) {
        const RcptCase *row = &RCPT_CASES[i];
        KxRcptParams params;
        char name[32];
        g_test_message("%s", row->text);
        g_assert_cmpint(
            kx_smtp_rcpt_params(row->text, row->text + strlen(row->text), row->utf8, &params, name),
            ==, row->result);
        if (row->result != KX_PARAM_OK)
            continue;
        g_assert_cmpuint(params.notify, ==, row->params.notify);
        g_assert_cmpstr(params.orcpt, ==, row->params.orcpt);
    }
}

/* Values one byte over the limits of the RFC. */
static void test_limits(void)
{
    KxMailParams mail;
    char name[32];
    for (guint extra = 0; extra < 2; extra++) {
        g_autofree char *fill = g_strnfill(KX_SMTP_ENVID_MAX + extra, 'e');
        g_autofree char *text = g_strconcat(" ENVID=", fill, NULL);
        g_assert_cmpint(kx_smtp_mail_params(text, text + strlen(text), &mail, name), ==,
                        extra ? KX_PARAM_BAD : KX_PARAM_OK);
    }
    g_autofree char *junk = g_strnfill(5000, 'x');
    g_autofree char *text = g_strconcat(" ", junk, NULL);
    g_assert_cmpint(kx_smtp_mail_params(text, text + strlen(text), &mail, name), ==,
                    KX_PARAM_UNKNOWN);
    g_assert_cmpuint(strlen(name), ==, 31);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/params/mail", test_mail);
    g_test_add_func("/smtp/params/rcpt", test_rcpt);
    g_test_add_func("/smtp/params/limits", test_limits);
    return g_test_run();
}
