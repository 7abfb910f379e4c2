/* SPDX-License-Identifier: Apache-2.0 */
/* The SMTP dialogue against a made-up core: order, limits, restarts of the core. */
#include "fake-conn.h"

#define EHLO    "EHLO client.test\r\n"
#define MAIL    "MAIL FROM:<a@b.test>\r\n"
#define RCPT    "RCPT TO:<local@b.test>\r\n"
#define OK_MAIL "250 2.1.0 Sender OK\r\n"
#define OK      "250 2.0.0 OK\r\n"
#define GO      "354 End data with <CR><LF>.<CR><LF>\r\n"

static KxConn *greeted(void)
{
    KxConn *conn = fake_new(FALSE, FALSE);
    fake_send(conn, EHLO);
    return conn;
}

/* covers: SMTP-21 SMTP-23 SVC-08 */
static void test_ehlo(void)
{
    g_autoptr(KxConn) conn = fake_new(FALSE, FALSE);
    talk(conn, EHLO,
         "250-localhost\r\n250-PIPELINING\r\n250-SIZE 26214400\r\n250-STARTTLS\r\n"
         "250-DELIVERBY\r\n250-MT-PRIORITY\r\n250-LIMITS "
         "RCPTMAX=100\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-BINARYMIME\r\n"
         "250-CHUNKING\r\n250-SMTPUTF8\r\n250-ETRN\r\n250-DSN\r\n250 HELP\r\n");
    fake_set(conn, KX_SET_SMTP_MAX_SIZE, "0");
    g_string_truncate(conn->out, 0);
    fake_send(conn, "STARTTLS\r\n" EHLO);
    g_assert_cmpstr(conn->out->str, ==,
                    "220 2.0.0 Ready to start TLS\r\n"); /* what came behind is gone */
    g_string_truncate(conn->out, 0);
    fake_send(conn, EHLO);
    g_assert_null(strstr(conn->out->str, "STARTTLS"));
    g_assert_null(strstr(conn->out->str, "AUTH")); /* never on port 25 */
    g_assert_nonnull(strstr(conn->out->str, "250-SIZE\r\n"));
    talk(conn, "HELO x\r\n", "250 localhost\r\n");
}

/* A whole dialogue gives the same answers however it is cut, and two requests a message. */
static void test_split_anywhere(void)
{
    static const char INPUT[] = EHLO MAIL RCPT "RCPT TO:<unknown@b.test>\r\nDATA\r\n";
    static const char CONTENT[] = "Subject: x\r\n\r\n..dot\r\n.\r\n" MAIL RCPT
                                  "BDAT 4\r\na\r\nbBDAT 3 LAST\r\n\r\n.RSET\r\nQUIT\r\n";
    for (size_t i = 0; i < sizeof INPUT; i++) {
        g_autoptr(KxConn) conn = fake_new(FALSE, FALSE);
        fake_send_bytes(conn, INPUT, i);
        fake_send_bytes(conn, INPUT + i, sizeof INPUT - 1 - i);
        g_assert_true(
            g_str_has_suffix(conn->out->str, "HELP\r\n" OK_MAIL OK "550 5.1.1 unknown\r\n" GO));
        g_string_truncate(conn->out, 0);
        size_t cut = MIN(i, sizeof CONTENT - 1);
        fake_send_bytes(conn, CONTENT, cut);
        fake_send_bytes(conn, CONTENT + cut, sizeof CONTENT - 1 - cut);
        g_assert_cmpstr(conn->out->str, ==,
                        OK OK_MAIL OK "250 2.0.0 4 octets received\r\n" OK OK "221 2.0.0 Bye\r\n");
        g_assert_cmpstr(conn->delivered->str, ==, "Subject: x\r\n\r\n.dot\r\na\r\nb\r\n.");
        g_assert_cmpstr(conn->asked->str, ==, "mail rcpt msg mail msg ");
        g_assert_true(conn->closed);
    }
}

static void test_order(void)
{
    g_autoptr(KxConn) conn = fake_new(FALSE, FALSE);
    fake_set(conn, KX_SET_SMTP_MAX_FAILED, "100");
    talk(conn, MAIL, "503 5.5.1 Send HELO or EHLO first\r\n");
    talk(conn, "NOOP\r\nRSET\r\n", OK OK);
    fake_send(conn, EHLO);
    talk(conn, RCPT, "503 5.5.1 Send MAIL first\r\n");
    talk(conn, "DATA\r\n", "503 5.5.1 Send MAIL first\r\n");
    talk(conn, "BDAT 5\r\nRSET\n", "503 5.5.1 Send MAIL first\r\n"); /* the chunk is read */
    talk(conn, MAIL MAIL, OK_MAIL "503 5.5.1 There is a transaction already: use RSET\r\n");
    talk(conn, "DATA\r\n", "554 5.5.1 No valid recipients\r\n");
    talk(conn, "RCPT TO:<unknown@b.test>\r\nBDAT 2 LAST\r\nxx",
         "550 5.1.1 unknown\r\n554 5.5.1 No valid recipients\r\n");
    talk(conn, MAIL RCPT "BDAT 1\r\nx" RCPT "DATA\r\n",
         OK_MAIL OK
         "250 2.0.0 1 octets received\r\n503 5.5.1 The message has begun: no more recipients\r\n"
         "503 5.5.1 This message must be sent with BDAT\r\n");
    talk(conn, "RSET\r\nMAIL FROM:<a@b.test> BODY=BINARYMIME\r\n" RCPT "DATA\r\n",
         OK OK_MAIL OK "503 5.5.1 This message must be sent with BDAT\r\n");
    talk(conn, "XYZ\r\n", "500 5.5.2 Command not recognised\r\n");
    talk(conn, "EXPN x\r\nTURN x\r\n",
         "502 5.5.1 Command not implemented\r\n502 5.5.1 Command not implemented\r\n");
    talk(conn, "VRFY x\r\n",
         "252 2.5.0 Cannot verify the user, but will take mail and try to deliver it\r\n");
    talk(conn, "RSET x\r\n", "501 5.5.4 This command takes no argument\r\n");
    talk(conn, "RSET \r\n", OK);
    talk(conn, "HELO\r\n", "501 5.5.4 This command needs an argument\r\n");
    talk(conn, "AUTH PLAIN\r\n", "502 5.5.1 Sign in on the submission ports, 587 or 465\r\n");
    g_assert_false(conn->closed);
}

static void test_lines(void)
{
    g_autoptr(KxConn) conn = greeted();
    fake_set(conn, KX_SET_SMTP_MAX_FAILED, "100");
    talk(conn, "NOOP\n", "500 5.5.2 A line must end in CRLF, not in a bare LF\r\n");
    talk(conn, "\n", "500 5.5.2 A line must end in CRLF, not in a bare LF\r\n");
    talk(conn, "\r\n", "500 5.5.2 Command not recognised\r\n");
    talk(conn, "NOOP a\rb\r\n", "500 5.5.2 Control characters are not allowed in commands\r\n");
    talk(conn, "NOOP \xff\r\n", "500 5.5.2 Commands must be ASCII or UTF-8\r\n");
    talk(conn, "noop ü\r\n", OK);
    g_string_truncate(conn->out, 0);
    fake_send_bytes(conn, "NOOP \0\r\n", 8);
    g_assert_cmpstr(conn->out->str, ==,
                    "500 5.5.2 Control characters are not allowed in commands\r\n");
    g_autofree char *fill = g_strnfill(200000, 'x');
    g_autofree char *longer = g_strconcat("NOOP ", fill, "\r\nNOOP\r\n", NULL);
    talk(conn, longer, "500 5.5.2 Line too long\r\n" OK);
    for (guint extra = 0; extra < 2; extra++) {
        g_autofree char *edge =
            g_strdup_printf("NOOP %.*s\r\n", KX_SMTP_COMMAND_MAX - 5 + extra, fill);
        talk(conn, edge, extra ? "500 5.5.2 Line too long\r\n" : OK);
    }
}

/* covers: SMTP-22 */
static void test_failed_commands(void)
{
    g_autoptr(KxConn) conn = greeted();
    for (guint i = 0; i < 9; i++)
        talk(conn, "X\r\n", "500 5.5.2 Command not recognised\r\n");
    g_assert_false(conn->closed);
    talk(conn, "X\r\nNOOP\r\n",
         "500 5.5.2 Command not recognised\r\n421 4.7.0 localhost Too many failed commands\r\n");
    g_assert_true(conn->closed);
    g_assert_cmpuint(conn->logged, ==, 1);
}

/* covers: SMTP-21 */
static void test_recipients(void)
{
    g_autoptr(KxConn) conn = greeted();
    fake_set(conn, KX_SET_SMTP_MAX_RECIPIENTS, "3");
    fake_send(conn, MAIL);
    for (guint i = 0; i < 3; i++)
        talk(conn, RCPT, OK);
    for (guint i = 0; i < 20; i++) /* no failed commands: RFC 5321 section 4.5.3.1.10 */
        talk(conn, RCPT, "452 4.5.3 Too many recipients\r\n");
    talk(conn, "DATA\r\n", GO);
    talk(conn, "x\r\n.\r\n", OK);
    g_assert_cmpstr(conn->asked->str, ==, "mail rcpt rcpt msg ");
}

static char *big_message(size_t len)
{
    GString *text = g_string_new("Subject: big\r\n\r\n");
    while (text->len < len)
        g_string_append(text, "0123456789 0123456789 0123456789 0123456789 0123456789\r\n");
    return g_string_free(text, FALSE);
}

/* covers: SMTP-23 */
static void test_size(void)
{
    g_autoptr(KxConn) conn = greeted();
    fake_set(conn, KX_SET_SMTP_MAX_SIZE, "200000");
    talk(conn, "MAIL FROM:<a@b.test> SIZE=200001\r\n",
         "552 5.3.4 Message size exceeds the limit\r\n");
    g_autofree char *good = big_message(199000), *bad = big_message(400000);
    fake_send(conn, MAIL RCPT "DATA\r\n");
    fake_send(conn, good);
    talk(conn, ".\r\n", OK);
    g_assert_cmpstr(conn->delivered->str, ==, good);
    g_assert_cmpstr(conn->asked->str, ==, "mail spool spool spool msg ");
    g_string_truncate(conn->asked, 0);
    fake_send(conn, MAIL RCPT "DATA\r\n");
    fake_send(conn, bad);
    talk(conn, ".\r\nNOOP\r\n", "552 5.3.4 Message size exceeds the limit\r\n" OK);
    g_assert_cmpstr(conn->asked->str, ==, "mail spool spool spool reset ");
    g_assert_cmpuint(conn->delivered->len, ==, strlen(good));
    g_autofree char *chunk =
        g_strdup_printf(MAIL RCPT "BDAT %zu LAST\r\n%sNOOP\r\n", strlen(bad), bad);
    talk(conn, chunk, OK_MAIL OK "552 5.3.4 Message size exceeds the limit\r\n" OK);
}

/* What ends a message for some servers but not for others is no end here. */
static void test_smuggling(void)
{
    static const char *const TRICKS[] = {"\n.\n",   "\n.\r\n",   "\r\n.\n",
                                         "\r.\r",   "\r.\r\n",   "\r\n.\r\r\n",
                                         "\r\n.\r", "\n\n.\r\n", "\r\r\n.\r\r\n"};
    for (guint i = 0; i < G_N_ELEMENTS(TRICKS); i++) {
        g_autoptr(KxConn) conn = greeted();
        fake_send(conn, MAIL RCPT "DATA\r\n");
        g_autofree char *content =
            g_strconcat("Subject: x\r\n\r\none", TRICKS[i], MAIL RCPT "DATA\r\ntwo\r\n.\r\n", NULL);
        g_string_truncate(conn->out, 0);
        fake_send(conn, content);
        g_assert_true(g_str_has_prefix(conn->out->str, "550 5.6.11 The message has a bare "));
        g_assert_true(strchr(conn->out->str, '\n')[1] == '\0'); /* one message, one answer */
        g_assert_cmpuint(conn->delivered->len, ==, 0);
        g_assert_false(conn->transaction && conn->spooled->len > 0);
    }
    g_autoptr(KxConn) conn = greeted();
    fake_send(conn, MAIL RCPT);
    talk(conn, "DATA\r\nSubject: early\r\n",
         "554 5.5.0 Content must wait for the reply to DATA\r\n");
    g_assert_true(conn->closed);
}

static void test_binary(void)
{
    g_autoptr(KxConn) conn = greeted();
    talk(conn, MAIL RCPT "BDAT 3 LAST\r\na\nb",
         OK_MAIL OK "550 5.6.11 The message has a bare LF: its lines must end in CRLF\r\n");
    talk(conn, "MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n" RCPT "BDAT 3\r\na\nbBDAT 0 LAST\r\n",
         OK_MAIL OK "250 2.0.0 3 octets received\r\n" OK);
    g_assert_cmpstr(conn->delivered->str, ==, "a\nb");
    talk(conn, "BDAT x\r\n", "501 5.5.4 Syntax: BDAT size [LAST]\r\n");
    g_assert_true(conn->closed);
}

/* ---- the core is restarted ---- */

static void test_restart_between(void)
{
    g_autoptr(KxConn) conn = greeted();
    fake_send(conn, MAIL RCPT RCPT);
    conn->transaction = FALSE; /* a new core */
    talk(conn, RCPT, OK);
    g_assert_cmpstr(conn->asked->str, ==, "mail rcpt rcpt mail rcpt rcpt ");
    conn->transaction = FALSE;
    g_string_truncate(conn->asked, 0);
    fake_send(conn, "DATA\r\n");
    talk(conn, "x\r\n.\r\n", OK);
    g_assert_cmpstr(conn->asked->str, ==, "msg mail rcpt rcpt msg ");
    g_assert_cmpstr(conn->delivered->str, ==, "x\r\n");
}

static void test_restart_during(void)
{
    g_autofree char *big = big_message(150000);
    g_autoptr(KxConn) conn = greeted();
    fake_send(conn, MAIL);
    conn->core_dies = 1;
    talk(conn, RCPT, OK); /* the next core is asked */
    conn->core_dies = 1;
    talk(conn, RCPT, OK);
    g_assert_cmpstr(conn->asked->str, ==, "mail mail rcpt mail rcpt ");
    conn->core_dies = 2;
    talk(conn, RCPT, "451 4.3.0 The server was interrupted, try again\r\n");
    talk(conn, RCPT "DATA\r\n", OK GO);
    conn->core_dies = 1;
    talk(conn, "x\r\n.\r\n", "451 4.3.0 The server was interrupted, try again\r\n");
    talk(conn, RCPT, "503 5.5.1 Send MAIL first\r\n");
    fake_send(conn, MAIL RCPT "DATA\r\n");
    fake_send(conn, big);
    conn->transaction = FALSE; /* the core with the first half is gone */
    talk(conn, big, "");
    talk(conn, ".\r\n", "451 4.3.0 The server was interrupted, try again\r\n");
    g_assert_cmpuint(conn->delivered->len, ==, 0);
    fake_send(conn, MAIL RCPT "DATA\r\n");
    talk(conn, "y\r\n.\r\n", OK);
    g_assert_cmpstr(conn->delivered->str, ==, "y\r\n");
}

/* ---- sign-in ---- */

/* covers: SVC-10 */
static void test_submission(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    conn->secret = "c2VjcmV0";
    fake_set(conn, KX_SET_SMTP_MAX_FAILED, "100");
    talk(conn, MAIL, "530 5.7.0 Must issue a STARTTLS command first\r\n");
    fake_send(conn, EHLO);
    g_assert_null(strstr(conn->out->str, "AUTH"));
    talk(conn, "AUTH PLAIN\r\n",
         "538 5.7.11 Encryption required: must issue a STARTTLS command first\r\n");
    talk(conn, "STARTTLS now\r\n", "501 5.5.4 This command takes no argument\r\n");
    fake_send(conn, "STARTTLS\r\n");
    talk(conn, "AUTH PLAIN\r\n", "503 5.5.1 Send HELO or EHLO first\r\n"); /* all is forgotten */
    fake_send(conn, EHLO);
    g_assert_nonnull(strstr(conn->out->str, "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\r\n"));
    talk(conn, "STARTTLS\r\n", "503 5.5.1 TLS is active already\r\n");
    talk(conn, MAIL, "530 5.7.0 Authentication required\r\n");
    talk(conn, "BDAT 4\r\nQUITNOOP\r\n", "530 5.7.0 Authentication required\r\n" OK);
    conn->sasl = KX_SASL_FAILED;
    talk(conn, "AUTH PLAIN AGEAc2VjcmV0\r\n", ""); /* who guesses has to wait */
    PROTOCOL->timeout(conn);
    g_assert_cmpstr(conn->out->str, ==, "535 5.7.8 Authentication credentials invalid\r\n");
    talk(conn, MAIL, "530 5.7.0 Authentication required\r\n");
    conn->sasl = KX_SASL_OK;
    talk(conn, "AUTH PLAIN AGEAc2VjcmV0\r\n" MAIL,
         "235 2.7.0 Authentication successful\r\n" OK_MAIL);
    talk(conn, "RSET\r\nAUTH PLAIN x\r\n", OK "503 5.5.1 Already signed in\r\n");
    talk(conn, "MAIL FROM:<forged@b.test>\r\n" RCPT MAIL,
         "553 5.7.1 not yours\r\n503 5.5.1 Send MAIL first\r\n" OK_MAIL);
    talk(conn, "RSET\r\n", OK);
    conn->core_dies = 1; /* asked again, unseen */
    talk(conn, MAIL RCPT, OK_MAIL OK);
    talk(conn, "RSET\r\n", OK);
    conn->core_dies = 2;
    talk(conn, MAIL RCPT,
         "451 4.3.0 The server was interrupted, try again\r\n"
         "503 5.5.1 Send MAIL first\r\n");
}

static void test_sasl_steps(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, TRUE);
    conn->secret = "c2VjcmV0";
    fake_set(conn, KX_SET_SMTP_MAX_FAILED, "100");
    fake_send(conn, EHLO);
    talk(conn, "AUTH CRAM-MD5\r\n",
         "504 5.5.4 Mechanism not supported, use one of: "
         "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\r\n");
    talk(conn, "AUTH PLAIN !!!!\r\n", "501 5.5.2 The response is not base64\r\n");
    talk(conn, "AUTH PLAIN AGEA=\r\n", "501 5.5.2 The response is not base64\r\n");
    conn->sasl = KX_SASL_CONTINUE;
    talk(conn, "auth login\r\n", "334 bW9yZT8=\r\n");
    talk(conn, "c2VjcmV0\r\n", "334 bW9yZT8=\r\n");
    conn->sasl = KX_SASL_OK;
    g_string_truncate(conn->asked, 0);
    talk(conn, "c2VjcmV0\r\n", "235 2.7.0 Authentication successful\r\n");
    g_assert_cmpstr(conn->asked->str, ==, "sasl /0/secret ");
}

/* covers: LOG-43 */
static void test_sasl_ends(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, TRUE);
    conn->secret = "c2VjcmV0";
    fake_set(conn, KX_SET_SMTP_MAX_FAILED, "100");
    fake_send(conn, EHLO);
    conn->sasl = KX_SASL_CONTINUE;
    fake_send(conn, "AUTH LOGIN\r\n");
    talk(conn, "*\r\n", "501 5.7.0 Authentication cancelled\r\n");
    g_assert_cmpuint(conn->logged, ==, 1);
    fake_send(conn, "AUTH LOGIN\r\n");
    talk(conn, "c2VjcmV0\n", "500 5.5.2 A line must end in CRLF, not in a bare LF\r\n");
    talk(conn, "NOOP\r\n", OK);
    fake_send(conn, "AUTH LOGIN\r\n");
    g_autofree char *fill = g_strnfill(70000, 'x');
    g_autofree char *line = g_strconcat(fill, "\r\nNOOP\r\n", NULL);
    talk(conn, line, "500 5.5.6 Authentication exchange line is too long\r\n" OK);
    fake_send(conn, "AUTH LOGIN\r\n");
    PROTOCOL->core_back(conn);
    talk(conn, "c2VjcmV0\r\n", "454 4.7.0 Temporary authentication failure, try again\r\n");
    conn->core_dies = 1;
    talk(conn, "AUTH LOGIN\r\n", "454 4.7.0 Temporary authentication failure, try again\r\n");
    conn->sasl = KX_SASL_BUSY;
    talk(conn, "AUTH PLAIN =\r\n", "454 4.7.0 Temporary authentication failure, try again\r\n");
    g_assert_true(g_str_has_suffix(conn->asked->str, "sasl PLAIN/1/ "));
    conn->sasl = KX_SASL_OK;
    talk(conn, "AUTH PLAIN AGEAc2VjcmV0\r\n", "235 2.7.0 Authentication successful\r\n");
}

static void test_events(void)
{
    g_autoptr(KxConn) conn = greeted();
    g_string_truncate(conn->out, 0);
    PROTOCOL->timeout(conn);
    g_assert_cmpstr(conn->out->str, ==, "421 4.4.2 localhost Timeout, closing connection\r\n");
    g_assert_true(conn->closed);
    g_autoptr(KxConn) other = greeted();
    g_string_truncate(other->out, 0);
    PROTOCOL->shutdown(other);
    g_assert_cmpstr(other->out->str, ==, "421 4.3.2 localhost The server is shutting down\r\n");
    g_autoptr(KxConn) web = fake_new(FALSE, FALSE);
    talk(web, "POST / HTTP/1.1\r\nMAIL\r\n", "421 4.7.0 localhost This is a mail server\r\n");
    g_assert_true(web->closed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/edge/ehlo", test_ehlo);
    g_test_add_func("/smtp/edge/split-anywhere", test_split_anywhere);
    g_test_add_func("/smtp/edge/order", test_order);
    g_test_add_func("/smtp/edge/lines", test_lines);
    g_test_add_func("/smtp/edge/failed-commands", test_failed_commands);
    g_test_add_func("/smtp/edge/recipients", test_recipients);
    g_test_add_func("/smtp/edge/size", test_size);
    g_test_add_func("/smtp/edge/smuggling", test_smuggling);
    g_test_add_func("/smtp/edge/binary", test_binary);
    g_test_add_func("/smtp/edge/restart-between", test_restart_between);
    g_test_add_func("/smtp/edge/restart-during", test_restart_during);
    g_test_add_func("/smtp/edge/submission", test_submission);
    g_test_add_func("/smtp/edge/sasl-steps", test_sasl_steps);
    g_test_add_func("/smtp/edge/sasl-ends", test_sasl_ends);
    g_test_add_func("/smtp/edge/events", test_events);
    return g_test_run();
}
