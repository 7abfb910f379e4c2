/* SPDX-License-Identifier: Apache-2.0 */
/* The AUTHORIZATION state and the framing of POP3 against a made-up core. */
#include "fake-conn.h"

#define FIXED                                                                                      \
    "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nIMPLEMENTATION " \
    "Keryx\r\n"
#define LIST        "+OK Capability list follows\r\n" FIXED
#define SIGN_IN     USER("SCRAM-SHA-256 SCRAM-SHA-1 ")
#define SECURE      USER("SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 ")
#define USER(scram) "USER\r\nSASL " scram "PLAIN LOGIN\r\n"
#define WRONG       "-ERR [AUTH] Wrong name or password\r\n"
#define CLEAR       "-ERR [AUTH] Use STLS first: passwords are not accepted without TLS\r\n"
#define UNKNOWN     "-ERR Unknown command\r\n"

/* covers: SMTP-36 */
static void test_capa(void)
{
    g_autoptr(KxConn) clear = fake_new(FALSE, FALSE);
    talk(clear, "CAPA\r\n", LIST "STLS\r\n.\r\n");
    g_autoptr(KxConn) local = fake_new(FALSE, TRUE);
    talk(local, "capa\r\n", LIST SIGN_IN "STLS\r\n.\r\n");
    g_autoptr(KxConn) secure = fake_new(TRUE, FALSE);
    talk(secure, "Capa \r\n", LIST SECURE ".\r\n");
    talk(secure, "CAPA x\r\n", "-ERR There are too many arguments\r\n");
    talk(secure, "APOP me c4c9334bac560ecc979e58001b3e22fb\r\n", UNKNOWN);
}

/* covers: AUTH-01 */
static void test_clear_text(void)
{
    g_autoptr(KxConn) conn = fake_new(FALSE, FALSE);
    talk(conn, "USER me\r\n", CLEAR);
    talk(conn, "PASS secret\r\n", "-ERR Send USER first\r\n");
    talk(conn, "AUTH PLAIN AG1lAHNlY3JldA==\r\n", CLEAR);
    talk(conn, "AUTH\r\n", "+OK\r\n.\r\n");
    g_assert_cmpstr(conn->asked->str, ==, "");
    g_autoptr(KxConn) local = fake_new(FALSE, TRUE);
    KxSettings *strict = kx_settings_with(
        local->settings, &(KxSettingChange){KX_SET_AUTH_CLEAR_LOOPBACK, "no"}, 1, NULL);
    kx_settings_unref(local->settings);
    local->settings = strict;
    talk(local, "USER me\r\n", CLEAR);
}

static void test_stls(void)
{
    g_autoptr(KxConn) conn = fake_new(FALSE, TRUE);
    talk(conn, "USER me\r\n", "+OK\r\n");
    talk(conn, "STLS\r\nPASS secret\r\n",
         "+OK Begin TLS negotiation\r\n");                     /* what came behind is gone */
    talk(conn, "PASS secret\r\n", "-ERR Send USER first\r\n"); /* and what was said before */
    talk(conn, "STLS\r\n", "-ERR TLS is active already\r\n");
    talk(conn, "USER me\r\nPASS secret\r\n", "+OK\r\n+OK open\r\n");
}

static void test_user_pass(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "USER\r\n", "-ERR A name is needed\r\n");
    talk(conn, "PASS secret\r\n", "-ERR Send USER first\r\n");
    g_autofree char *name = g_strnfill(401, 'n');
    g_autofree char *line = g_strdup_printf("USER %s\r\n", name);
    talk(conn, line, "-ERR The name is too long\r\n");
    talk(conn, "USER other\r\nuser   me  \r\n", "+OK\r\n+OK\r\n");
    talk(conn, "pass secret\r\n", "+OK open\r\n");
    g_assert_cmpuint(conn->timeout, ==, 600);
    talk(conn, "STAT\r\nlist  1\r\nUSER me\r\n", "+OK STAT\r\n+OK list  1\r\n+OK USER me\r\n");
    talk(conn, "QUIT\r\n", "+OK QUIT\r\n");
    g_assert_cmpstr(conn->asked->str, ==, "PLAIN/1 1: 2:STAT 2:list  1 2:USER me 2:QUIT ");
    g_assert_true(conn->closed);
}

/* A password is everything after one space. */
static void test_spaces_in_password(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "USER me\r\nPASS  secret\r\n", "+OK\r\n"); /* not this one */
    g_assert_cmpuint(conn->timeout, ==, 1);
    g_string_truncate(conn->out, 0);
    fake_timeout(conn);
    g_assert_cmpstr(conn->out->str, ==, WRONG);
}

static void test_penalty(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "USER me\r\nPASS x\r\nCAPA\r\n", "+OK\r\n"); /* what follows waits too */
    g_assert_cmpuint(conn->timeout, ==, 1);
    fake_timeout(conn);
    g_assert_cmpuint(conn->timeout, ==, 60);
    g_assert_cmpstr(conn->out->str, ==, "+OK\r\n" WRONG LIST SECURE ".\r\n");
    for (guint i = 0; i < 4; i++) {
        g_assert_false(conn->closed);
        talk(conn, "AUTH PLAIN AG1lAHg=\r\n", "");
        fake_timeout(conn);
        g_assert_cmpstr(conn->out->str, ==, WRONG);
    }
    g_assert_true(conn->closed); /* five are enough */
}

static void test_sasl(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "AUTH\r\n",
         "+OK\r\nSCRAM-SHA-256-PLUS\r\nSCRAM-SHA-1-PLUS\r\nSCRAM-SHA-256\r\nSCRAM-SHA-1\r\n"
         "PLAIN\r\nLOGIN\r\n.\r\n");
    talk(conn, "AUTH PLAIN\r\n", "+ \r\n");
    talk(conn, "*\r\n", "-ERR Authentication cancelled\r\n");
    g_assert_nonnull(strstr(conn->shown->str,
                            "Failed POP3 login from 192.0.2.1, authentication with method PLAIN "
                            "cancelled by user\n"));
    talk(conn, "AUTH LOGIN\r\n", "+ VXNlcm5hbWU6\r\n");
    talk(conn, "bWU=\r\n", "+ UGFzc3dvcmQ6\r\n");
    talk(conn, "!\r\n", "-ERR The response is not in base64\r\n");
    talk(conn, "AUTH PLAIN AG1lAHNlY3JldA\r\n", "-ERR The response is not in base64\r\n");
    talk(conn, "AUTH PLAIN =\r\n", ""); /* empty, and so refused */
    g_string_truncate(conn->out, 0);
    fake_timeout(conn);
    g_assert_cmpstr(conn->out->str, ==, WRONG);
    talk(conn, "auth login\r\nbWU=\r\nc2VjcmV0\r\n",
         "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK open\r\n");
}

static void test_sasl_initial(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "AUTH ABCDEFGHIJKLMNOPQRSTU x\r\n", "-ERR [AUTH] There is no such mechanism\r\n");
    g_string_truncate(conn->asked, 0);
    talk(conn, "AUTH  PLAIN  AG1lAHNlY3JldA== \r\n", "+OK open\r\n");
    g_assert_cmpstr(conn->asked->str, ==, "PLAIN/1 1: ");
}

static void test_busy_and_in_use(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "USER busy\r\nPASS secret\r\n",
         "+OK\r\n-ERR [SYS/TEMP] Too many sign-ins at once, please try again\r\n");
    talk(conn, "USER twice\r\nPASS secret\r\n", "+OK\r\n-ERR [IN-USE] taken\r\n");
    g_assert_true(conn->closed);
}

/* No password in any log, also of a client that says it at the wrong time. */
static void test_secrets(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    static const char DIALOGUE[] =
        "PASS secret\r\nUSER me\r\nPASS secret\r\nPASS secret\r\nAUTH PLAIN AG1lAHNlY3JldA==\r\n";
    fake_send_bytes(conn, DIALOGUE, strlen(DIALOGUE));
    g_autoptr(KxConn) other = fake_new(TRUE, FALSE);
    static const char LOGIN[] = "AUTH LOGIN\r\nbWU=\r\nc2VjcmV0\r\n";
    fake_send_bytes(other, LOGIN, strlen(LOGIN));
    g_assert_null(strstr(conn->shown->str, "secret"));
    g_assert_null(strstr(conn->shown->str, "AG1l"));
    g_assert_null(strstr(other->shown->str, "c2Vj"));
    g_assert_nonnull(strstr(conn->shown->str, "< PASS ***\n"));
    g_assert_nonnull(strstr(conn->shown->str, "< AUTH ***\n"));
    g_assert_nonnull(strstr(conn->shown->str, "< USER me\n"));
    g_assert_nonnull(strstr(conn->shown->str, "> +OK\n"));
}

static void test_lines(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    talk(conn, "\r\n\n", UNKNOWN UNKNOWN);
    talk(conn, "QUIT1\n", UNKNOWN);
    g_string_truncate(conn->out, 0);
    fake_send_bytes(conn, "CA\0PA\r\n", 7);
    g_assert_cmpstr(conn->out->str, ==, "-ERR A NUL byte is no part of a command\r\n");
    talk(conn, "USER me\nPASS secret\n",
         "+OK\r\n+OK open\r\n"); /* bare line feeds do no harm here */
    talk(conn, "NOOP \xc3\xbc\xff\r\n", "+OK NOOP \xc3\xbc\xff\r\n");
    g_autofree char *line = g_strnfill(511, 'x');
    g_autofree char *longest = g_strconcat(line, "\n", NULL),
                    *answer = g_strdup_printf("+OK %s\r\n", line);
    talk(conn, longest, answer);
    g_autofree char *longer = g_strconcat(line, "x", NULL);
    talk(conn, longer, "-ERR Line too long, goodbye\r\n");
    g_assert_true(conn->closed);
    g_autoptr(KxConn) early = fake_new(TRUE, FALSE);
    g_autofree char *endless = g_strnfill(100000, 'y');
    talk(early, endless, "-ERR Line too long, goodbye\r\n");
    g_assert_true(early->closed);
}

static void test_mistakes(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    for (guint i = 0; i < 9; i++)
        talk(conn, "X\r\n", UNKNOWN);
    talk(conn, "X\r\n", "-ERR Too many mistakes, goodbye\r\n");
    g_assert_true(conn->closed);
}

static void test_slow_sign_in(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    fake_timeout(conn);
    g_assert_true(conn->closed);
    g_assert_cmpstr(conn->out->str, ==, ""); /* without a word */
}

/* covers: SMTP-36 */
static void test_core_restarts(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    conn->core_dies = 1;
    talk(conn, "AUTH PLAIN AG1lAHNlY3JldA==\r\n",
         "-ERR [SYS/TEMP] The server was restarted, try again\r\n");
    g_string_truncate(conn->asked, 0);
    fake_core_back(conn); /* nothing to keep */
    g_assert_cmpstr(conn->asked->str, ==, "");
    talk(conn, "USER me\r\nPASS secret\r\n", "+OK\r\n+OK open\r\n");
    conn->core_dies = 1;
    talk(conn, "NOOP\r\n", "-ERR [SYS/TEMP] The server was restarted, try again\r\n");
    g_string_truncate(conn->asked, 0);
    g_string_truncate(conn->out, 0);
    fake_core_back(conn);
    g_assert_cmpstr(conn->asked->str, ==, "3: "); /* the maildrop is taken up again, unseen */
    conn->core_dies = 1;
    fake_core_back(conn);
    fake_core_back(conn);
    g_assert_cmpstr(conn->out->str, ==, "");
    talk(conn, "NOOP\r\n", "+OK NOOP\r\n");
}

static void test_core_lost_while_opening(void)
{
    g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
    fake_send_bytes(conn, "USER me\r\n", 9);
    g_string_truncate(conn->out, 0);
    kx_buf_append(&conn->in, "PASS secret\r\n", 13);
    kx_pop3_edge.input(conn);
    fake_answer(conn); /* SASL */
    conn->core_dies = 1;
    fake_process(conn);
    g_assert_cmpstr(conn->out->str, ==, "-ERR [SYS/TEMP] The server was restarted, try again\r\n");
    g_assert_true(conn->closed);
}

/* A dialogue gives the same answers however it is cut. */
static void test_split_anywhere(void)
{
    static const char INPUT[] =
        "CAPA\r\nFOO\r\nUSER me\r\nPASS secret\r\nSTAT\r\nLIST 1\nRETR 1\r\nQUIT\r\n";
    static const char ANSWER[] =
        LIST SECURE ".\r\n" UNKNOWN "+OK\r\n+OK open\r\n+OK STAT\r\n+OK LIST 1\r\n"
                    "+OK RETR 1\r\n+OK QUIT\r\n";
    for (size_t i = 0; i < sizeof INPUT; i++) {
        g_autoptr(KxConn) conn = fake_new(TRUE, FALSE);
        fake_send_bytes(conn, INPUT, i);
        fake_send_bytes(conn, INPUT + i, sizeof INPUT - 1 - i);
        g_assert_cmpstr(conn->out->str, ==, ANSWER);
        g_assert_true(conn->closed);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3/edge/capa", test_capa);
    g_test_add_func("/pop3/edge/clear-text", test_clear_text);
    g_test_add_func("/pop3/edge/stls", test_stls);
    g_test_add_func("/pop3/edge/user-pass", test_user_pass);
    g_test_add_func("/pop3/edge/spaces-in-password", test_spaces_in_password);
    g_test_add_func("/pop3/edge/penalty", test_penalty);
    g_test_add_func("/pop3/edge/sasl", test_sasl);
    g_test_add_func("/pop3/edge/sasl-initial", test_sasl_initial);
    g_test_add_func("/pop3/edge/busy-and-in-use", test_busy_and_in_use);
    g_test_add_func("/pop3/edge/secrets", test_secrets);
    g_test_add_func("/pop3/edge/lines", test_lines);
    g_test_add_func("/pop3/edge/mistakes", test_mistakes);
    g_test_add_func("/pop3/edge/slow-sign-in", test_slow_sign_in);
    g_test_add_func("/pop3/edge/core-restarts", test_core_restarts);
    g_test_add_func("/pop3/edge/core-lost-while-opening", test_core_lost_while_opening);
    g_test_add_func("/pop3/edge/split-anywhere", test_split_anywhere);
    return g_test_run();
}
