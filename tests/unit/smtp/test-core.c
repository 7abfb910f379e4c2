/* SPDX-License-Identifier: Apache-2.0 */
/* The core half of SMTP over a real store: who may send to whom, and what is stored. */
#include "fake-session.h"

#include "flow/queue-steer.h"

static KxMsgSmtpMail mail_from(const char *from, const char *to)
{
    return (KxMsgSmtpMail){.from = from,
                           .helo = "client.test",
                           .tls = "",
                           .flags = KX_SMTP_EXTENDED,
                           .envid = "",
                           .ret = "",
                           .auth = "",
                           .to = to,
                           .orcpt = ""};
}

static KxMsgSmtpMail mail_to(const char *to)
{
    return mail_from("x@y.test", to);
}

static guint ask_mail(KxSession *session, KxMsgSmtpMail mail)
{
    return ask(session, (KxMessage){.type = KX_MSG_SMTP_MAIL, .SMTP_MAIL = mail});
}

static guint ask_rcpt(KxSession *session, const char *to)
{
    return ask(session,
               (KxMessage){.type = KX_MSG_SMTP_RCPT, .SMTP_RCPT = {.to = to, .orcpt = ""}});
}

static guint ask_spool(KxSession *session, const char *text)
{
    return ask(session, (KxMessage){.type = KX_MSG_SPOOL, .SPOOL = {.data = KX_SLICE_STR(text)}});
}

static guint ask_message(KxSession *session, const char *text)
{
    return ask(session, (KxMessage){.type = KX_MSG_SMTP_MESSAGE,
                                    .SMTP_MESSAGE = {.data = KX_SLICE_STR(text)}});
}

/* The stored message with everything that changes from run to run replaced. */
static char *stored(const char *user, guint uid)
{
    static const char *const PATTERNS[][2] = {
        {"\\b[0-9a-f]{8}-[0-9a-f]{8}\\b", "ID"},
        {"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [-+][0-9]{4}", "DATE"},
        {"\r\n", "\n"},
    };
    char *text = read_message(user, uid);
    for (guint i = 0; i < G_N_ELEMENTS(PATTERNS); i++) {
        g_autoptr(GRegex) regex = g_regex_new(PATTERNS[i][0], 0, 0, NULL);
        g_autofree char *before = text;
        text = g_regex_replace_literal(regex, before, -1, 0, PATTERNS[i][1], 0, NULL);
    }
    return text;
}

/* covers: SMTP-01 SVC-07 */
static void test_deliver(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxSession) session = fake_new(&f, NULL);
    g_assert_cmpuint(ask_mail(session, mail_to("alice@example.test")), ==, 250);
    g_assert_cmpuint(ask_message(session, "Subject: a\r\n\r\nbody\r\n"), ==, 250);
    g_assert_true(g_str_has_prefix(session->text, "2.0.0 Accepted as "));
    g_autofree char *text = stored("alice", 1);
    g_assert_cmpstr(text, ==,
                    "Return-Path: <x@y.test>\n"
                    "Received: from client.test ([192.0.2.7])\n"
                    "\tby localhost with ESMTP id ID\n"
                    "\tfor <alice@example.test>; DATE\n"
                    "Subject: a\n\nbody\n");
    g_assert_cmpuint(ask_message(session, "again"), ==, 0); /* the transaction is over */
    g_autofree char *log = read_log("mail");
    g_assert_nonnull(strstr(log, "Sender-Host: 192.0.2.7, SSL: no\n"));
    g_assert_null(strstr(log, "User:"));
    fixture_clear(&f);
}

static void test_submission(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxSession) session = fake_new(&f, "bob@example.test");
    KxMsgSmtpMail mail = mail_from("bob@example.test", "sales@example.test");
    mail.flags |= KX_SMTP_UTF8;
    mail.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
    mail.helo = "[192.0.2.7] (x)\"";
    g_assert_cmpuint(ask_mail(session, mail), ==, 250);
    g_assert_cmpuint(ask_rcpt(session, "carol@example.test"), ==, 250);
    g_assert_cmpuint(ask_message(session, "Subject: a\r\n\r\n"), ==, 250);
    g_autofree char *text = stored("alice", 1);
    g_assert_cmpstr(text, ==,
                    "Return-Path: <bob@example.test>\n"
                    "Received: from [192.0.2.7]??x?? ([192.0.2.7])\n"
                    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\n"
                    "\t(authenticated as bob@example.test)\n"
                    "\tby localhost with UTF8SMTPSA id ID; DATE\n"
                    "Date: DATE\n"
                    "Message-ID: <ID@localhost>\n"
                    "Subject: a\n\n");
    g_assert_cmpuint(count_messages(&f, "carol"), ==, 1);
    g_autofree char *log = read_log("mail");
    g_assert_nonnull(strstr(log, "User: bob@example.test, Sender-Host: 192.0.2.7, SSL: yes\n"));
    fixture_clear(&f);
}

/* covers: SMTP-07 SMTP-08 SMTP-09 SMTP-10 SMTP-12 LOG-44 */
static void test_relay(void)
{
    Fixture f;
    fixture_init(&f);
    KxField entries = {"entries", "192.0.2.0/24"};
    g_assert_true(
        kx_object_add(f.directory, &ADMIN, KX_OBJECT_IP_GROUP, "partners", &entries, 1, NULL));
    g_autoptr(KxSession) stranger = fake_new(&f, NULL);
    g_assert_cmpuint(ask_mail(stranger, mail_to("z@elsewhere.test")), ==, 550);
    g_assert_true(g_str_has_prefix(stranger->text, "5.7.1 "));
    g_autofree char *log = read_log("security");
    g_assert_cmpstr(log, ==,
                    "Relay attempt from IP address 192.0.2.7, mail from <x@y.test> to "
                    "<z@elsewhere.test> rejected\n");
    g_assert_cmpuint(ask_mail(stranger, mail_to("alice@example.test")), ==, 250);
    g_assert_cmpuint(ask_rcpt(stranger, "z@elsewhere.test"), ==, 550);
    fixture_set(&f, KX_SET_SMTP_RELAY_GROUP, "partners");
    g_autoptr(KxSession) partner = fake_new(&f, NULL);
    g_assert_cmpuint(ask_mail(partner, mail_to("z@elsewhere.test")), ==, 250);
    partner->auth_failed = TRUE;
    g_assert_cmpuint(ask_mail(partner, mail_to("z@elsewhere.test")), ==, 550);
    fixture_set(&f, KX_SET_SMTP_RELAY_GROUP, "");
    g_autoptr(KxSession) user = fake_new(&f, "bob@example.test");
    g_assert_cmpuint(ask_mail(user, mail_from("bob@example.test", "z@elsewhere.test")), ==, 250);
    fixture_set(&f, KX_SET_SMTP_RELAY_AUTH, "no");
    g_autoptr(KxSession) later = fake_new(&f, "bob@example.test");
    g_assert_cmpuint(ask_mail(later, mail_from("bob@example.test", "z@elsewhere.test")), ==, 550);
    fixture_clear(&f);
}

static void test_recipients(void)
{
    Fixture f;
    fixture_init(&f);
    KxField disabled = {"disabled", "yes"};
    g_assert_true(kx_object_set(f.directory, &ADMIN, KX_OBJECT_USER, "carol@example.test",
                                &disabled, 1, NULL));
    g_autoptr(KxSession) session = fake_new(&f, NULL);
    g_assert_cmpuint(ask_mail(session, mail_to("nobody@example.test")), ==, 550);
    g_assert_true(g_str_has_prefix(session->text, "5.1.1 "));
    g_assert_cmpuint(ask_rcpt(session, "alice@example.test"), ==,
                     0); /* no transaction came to be */
    g_assert_cmpuint(ask_mail(session, mail_to("carol@example.test")), ==, 550);
    g_assert_true(g_str_has_prefix(session->text, "5.2.1 "));
    g_assert_cmpuint(ask_mail(session, mail_to("ALICE+tag@EXAMPLE.test")), ==, 250);
    g_assert_cmpuint(ask(session, (KxMessage){.type = KX_MSG_SMTP_RESET}), ==, 250);
    g_assert_cmpuint(ask_message(session, "x"), ==, 0);
    g_autoptr(KxSession) edge_gone_bad = fake_new(&f, NULL);
    edge_gone_bad->service.submission = TRUE;
    g_assert_cmpuint(ask_mail(edge_gone_bad, mail_to("alice@example.test")), ==, 530);
    g_assert_cmpuint(ask(session, (KxMessage){.type = KX_MSG_COMMAND}), ==, 421);
    fixture_clear(&f);
}

/* covers: SMTP-24 */
static void test_hops(void)
{
    Fixture f;
    fixture_init(&f);
    for (guint extra = 0; extra < 2; extra++) {
        g_autoptr(KxSession) session = fake_new(&f, NULL);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint i = 0; i < 50 + extra; i++)
            g_string_append(text, "received: from a\r\n\tby b; x\r\n");
        g_string_append(text, "X-Received: y\r\nSubject: loop\r\n\r\nReceived: body\r\n");
        g_assert_cmpuint(ask_mail(session, mail_to("alice@example.test")), ==, 250);
        g_assert_cmpuint(ask_message(session, text->str), ==, extra ? 554 : 250);
        if (extra)
            g_assert_true(g_str_has_prefix(session->text, "5.4.6 "));
    }
    g_assert_cmpuint(count_messages(&f, "alice"), ==, 1);
    fixture_clear(&f);
}

/* However the content is cut into requests, the result is the same. */
static void test_pieces(void)
{
    static const char *const CONTENTS[] = {"Subject: a\r\nTo: b\r\n\r\nbody\r\n",
                                           "\r\nonly body\r\n", "no header at all\r\n",
                                           "Subject: no body\r\n", ""};
    static const char *const TOPS[] = {"", "", "\n", "", "\n"};
    Fixture f;
    fixture_init(&f);
    guint uid = 0;
    for (guint i = 0; i < G_N_ELEMENTS(CONTENTS); i++) {
        size_t len = strlen(CONTENTS[i]);
        for (size_t cut = 0; cut <= len; cut++) {
            g_autoptr(KxSession) session = fake_new(&f, NULL);
            g_autofree char *first = g_strndup(CONTENTS[i], cut);
            g_assert_cmpuint(ask_mail(session, mail_to("bob@example.test")), ==, 250);
            g_assert_cmpuint(ask_spool(session, first), ==, 1);
            g_assert_cmpuint(ask_rcpt(session, "alice@example.test"), ==, 503);
            g_assert_cmpuint(ask_message(session, CONTENTS[i] + cut), ==, 250);
            g_autofree char *text = stored("bob", ++uid);
            g_auto(GStrv) expected = g_strsplit(CONTENTS[i], "\r\n", -1);
            g_autofree char *lines = g_strjoinv("\n", expected);
            g_autofree char *end = g_strconcat("DATE\n", TOPS[i], lines, NULL);
            g_assert_true(g_str_has_suffix(text, end));
        }
    }
    fixture_clear(&f);
}

static void test_huge_header(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxSession) session = fake_new(&f, NULL);
    g_autofree char *piece = g_strnfill(60000, 'x');
    g_assert_cmpuint(ask_mail(session, mail_to("alice@example.test")), ==, 250);
    guint code = ask_spool(session, "Subject: ");
    for (guint i = 0; code == 1 && i < 100; i++)
        code = ask_spool(session, piece);
    g_assert_cmpuint(code, ==, 552);
    g_assert_cmpuint(ask_spool(session, piece), ==, 0);
    fixture_clear(&f);
}

static void test_binary(void)
{
    Fixture f;
    fixture_init(&f);
    static const char CONTENT[] = "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                                  "Content-Transfer-Encoding: binary\r\n\r\na\0b\nc\r\n";
    g_autoptr(KxSession) session = fake_new(&f, NULL);
    KxMsgSmtpMail mail = mail_to("alice@example.test");
    mail.flags |= KX_SMTP_BINARYMIME;
    g_assert_cmpuint(ask_mail(session, mail), ==, 250);
    KxMessage message = {.type = KX_MSG_SMTP_MESSAGE};
    message.SMTP_MESSAGE.data = (KxSlice){CONTENT, sizeof CONTENT - 1};
    g_assert_cmpuint(ask(session, message), ==, 250);
    g_autofree char *text = stored("alice", 1);
    g_assert_nonnull(strstr(text, "Content-Transfer-Encoding: base64\n"));
    g_assert_nonnull(strstr(text, "YQBiCmMNCg=="));
    g_assert_cmpuint(ask_mail(session, mail), ==, 250); /* nothing binary in it: as it is */
    g_assert_cmpuint(ask_message(session, "Subject: a\r\n\r\nb\r\n"), ==, 250);
    g_autofree char *plain = stored("alice", 2);
    g_assert_true(g_str_has_suffix(plain, "\nSubject: a\n\nb\n"));
    fixture_clear(&f);
}

/* The queue gets everything the sender said, and a message without Return-Path in front. */
static void test_queue(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxSession) session = fake_new(&f, "bob@example.test");
    KxMsgSmtpMail mail = mail_from("bob@example.test", "z@elsewhere.test");
    mail.notify = KX_NOTIFY_SUCCESS;
    mail.orcpt = "rfc822;z";
    mail.envid = "E1";
    mail.ret = "HDRS";
    mail.auth = "<>";
    g_assert_cmpuint(ask_mail(session, mail), ==, 250);
    g_assert_cmpuint(ask_message(session, "Date: x\r\nMessage-ID: <y>\r\n\r\n"), ==, 250);
    g_autoptr(GPtrArray) list = kx_queue_find(f.queue, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    g_autoptr(KxQueueItem) item = kx_queue_item(f.queue, list->pdata[0], NULL);
    const KxEnvelope *kept = item->envelope;
    const KxEnvelopeRcpt *rcpt = kept->recipients->pdata[0];
    g_assert_cmpstr(kept->envid, ==, "E1");
    g_assert_cmpstr(kept->ret, ==, "HDRS");
    g_assert_cmpstr(kept->auth, ==, "<>");
    g_assert_cmpstr(kept->user, ==, "bob@example.test");
    g_assert_cmpstr(rcpt->orcpt, ==, "rfc822;z");
    g_assert_cmpuint(rcpt->notify, ==, KX_NOTIFY_SUCCESS);
    g_autofree char *path = g_strdup_printf("store/queue/%s.eml", kept->id);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_true(g_str_has_prefix(text + kept->skip, "Received: from client.test "));
    g_assert_true(
        g_str_has_suffix(text, "\r\nDate: x\r\nMessage-ID: <y>\r\n\r\n")); /* not doubled */
    fixture_clear(&f);
}

static void test_disk_fails(void)
{
    Fixture f;
    fixture_init(&f);
    count_messages(&f, "alice");
    break_inbox("alice", TRUE);
    g_autoptr(KxSession) session = fake_new(&f, NULL);
    g_assert_cmpuint(ask_mail(session, mail_to("alice@example.test")), ==, 250);
    g_assert_cmpuint(ask_message(session, "Subject: a\r\n\r\n"), ==, 451);
    g_assert_true(g_str_has_prefix(session->text, "4.3.0 "));
    g_autofree char *errors = read_log("error");
    g_assert_nonnull(strstr(errors, "A message from <x@y.test> could not be taken: "));
    break_inbox("alice", FALSE);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/core/deliver", test_deliver);
    g_test_add_func("/smtp/core/submission", test_submission);
    g_test_add_func("/smtp/core/relay", test_relay);
    g_test_add_func("/smtp/core/recipients", test_recipients);
    g_test_add_func("/smtp/core/hops", test_hops);
    g_test_add_func("/smtp/core/pieces", test_pieces);
    g_test_add_func("/smtp/core/huge-header", test_huge_header);
    g_test_add_func("/smtp/core/binary", test_binary);
    g_test_add_func("/smtp/core/queue", test_queue);
    g_test_add_func("/smtp/core/disk-fails", test_disk_fails);
    return g_test_run();
}
