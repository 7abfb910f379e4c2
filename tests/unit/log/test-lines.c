/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of known form, byte for byte as the specification shows them. */
#include "log-test.h"

#include "log/log-config.h"
#include "log/log-mail.h"
#include "log/log-operations.h"
#include "log/log-security.h"

/* covers: LOG-01 LOG-28 LOG-29 LOG-32 */
static void test_mail_recv(void)
{
    Fixture f;
    fixture_init(&f);
    const char *to[] = {"jwayne@company.com", NULL};
    kx_log_mail_recv(f.logger, &(KxLogMailRecv){.queue_id = "438dd9ea-00000000",
                                                .service = "SMTP",
                                                .from = "jwayne@company.com",
                                                .to = to,
                                                .size = 1229,
                                                .user = "jwayne@company.com",
                                                .sender_host = "195.39.55.2",
                                                .secure = TRUE});
    assert_content(&f, "mail.log",
                   "[30/Nov/2005 17:57:14] Recv: Queue-ID: 438dd9ea-00000000, Service: SMTP, From: "
                   "<jwayne@company.com>, To: <jwayne@company.com>, Size: 1229, User: "
                   "jwayne@company.com, Sender-Host: 195.39.55.2, SSL: yes\n");
    fixture_clear(&f);
}

/* covers: LOG-30 LOG-31 */
static void test_mail_sent(void)
{
    Fixture f;
    fixture_init(&f);
    f.now++;
    kx_log_mail_sent(f.logger, &(KxLogMailSent){.queue_id = "438dd9ea-00000000",
                                                .recipient = "wsmith@company.com",
                                                .result = "delivered",
                                                .status = "2.0.0"});
    assert_content(&f, "mail.log",
                   "[30/Nov/2005 17:57:15] Sent: Queue-ID: 438dd9ea-00000000, Recipient: "
                   "<wsmith@company.com>, Result: delivered, Status: 2.0.0\n");
    fixture_clear(&f);
}

static void test_mail_many_recipients(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(GPtrArray) to = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < 1000; i++)
        g_ptr_array_add(to, g_strdup_printf("user%03d@company.com", i));
    g_ptr_array_add(to, NULL);
    kx_log_mail_recv(f.logger, &(KxLogMailRecv){.queue_id = "438dd9ea-00000000",
                                                .service = "SMTP",
                                                .from = "a@b.test",
                                                .to = (const char *const *)to->pdata,
                                                .size = 7});
    g_autofree char *content = fixture_read(&f, "mail.log");
    g_assert_nonnull(strstr(content, "To: <user000@company.com>, <user001@company.com>, <"));
    /* 23 bytes an entry: the 179th passes 4 KiB. */
    g_assert_true(
        g_str_has_suffix(content, "<user178@company.com> and 821 more, Size: 7, SSL: no\n"));
    fixture_clear(&f);
}

/* A quoted local part may hold anything (RFC 5321 section 4.1.2). */
static void test_mail_forged_fields(void)
{
    Fixture f;
    fixture_init(&f);
    const char *to[] = {"\"x>, Size: 1\r\n[30/Nov/2005 17:57:14] Sent: <\"@b.test", NULL};
    kx_log_mail_recv(f.logger,
                     &(KxLogMailRecv){.queue_id = "1-2", .service = "SMTP", .from = "", .to = to});
    assert_content(&f, "mail.log",
                   "[30/Nov/2005 17:57:14] Recv: Queue-ID: 1-2, Service: SMTP, From: <>, To: "
                   "<\"x\\x3E, Size: 1\\x0D\\x0A[30/Nov/2005 17:57:14] Sent: \\x3C\"@b.test>, "
                   "Size: 0, SSL: no\n");
    fixture_clear(&f);
}

/* covers: LOG-42 LOG-43 */
static void test_failed_login(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2004, 4, 13, 17, 35, 49);
    kx_log_failed_login(f.logger, "IMAP", "192.168.36.139", KX_LOGIN_MISSING_PARAMETER, NULL);
    kx_log_failed_login(f.logger, "IMAP", "127.0.0.1", KX_LOGIN_METHOD_UNKNOWN, "CRAM_MD5");
    kx_log_failed_login(f.logger, "SMTP", "127.0.0.1", KX_LOGIN_ERROR, "CRAM-MD5");
    kx_log_failed_login(f.logger, "IMAP", "127.0.0.1", KX_LOGIN_REFUSED, "PLAIN");
    assert_content(
        &f, "security.log",
        "[13/Apr/2004 17:35:49] Failed IMAP login from 192.168.36.139, missing parameter in "
        "AUTHENTICATE header\n"
        "[13/Apr/2004 17:35:49] Failed IMAP login from 127.0.0.1, authentication method CRAM_MD5 "
        "is "
        "invalid or unknown\n"
        "[13/Apr/2004 17:35:49] Failed SMTP login from 127.0.0.1, error during authentication with "
        "method CRAM-MD5\n"
        "[13/Apr/2004 17:35:49] Failed IMAP login from 127.0.0.1, authentication method PLAIN\n");
    fixture_clear(&f);
}

/* covers: LOG-44 */
static void test_relay_attempt(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2004, 6, 11, 0, 36, 7);
    kx_log_relay_attempt(f.logger, "61.216.46.197", "wgiwknovry@hotmail.com",
                         "fodder@falls.igs.net");
    assert_content(&f, "security.log",
                   "[11/Jun/2004 00:36:07] Relay attempt from IP address 61.216.46.197, mail from "
                   "<wgiwknovry@hotmail.com> to <fodder@falls.igs.net> rejected\n");
    fixture_clear(&f);
}

/* covers: LOG-38 */
static void test_undelivered(void)
{
    Fixture f;
    fixture_init(&f);
    kx_log_undelivered(f.logger, "438dd9ea-00000000", NULL, "wsmith@company.com", "5.2.2",
                       "mailbox full");
    assert_content(&f, "security.log",
                   "[30/Nov/2005 17:57:14] Message 438dd9ea-00000000 from <> to "
                   "<wsmith@company.com> could not be delivered: 5.2.2 mailbox full\n");
    fixture_clear(&f);
}

/* covers: LOG-26 */
static void test_config_action(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2004, 6, 30, 9, 29, 8);
    kx_log_config_action(f.logger, "Admin", "Store backup started");
    assert_content(&f, "config.log", "[30/Jun/2004 09:29:08] Admin - Store backup started\n");
    fixture_clear(&f);
}

static void log_change(Fixture *f, KxAuditVerb verb, const KxAuditField *fields, guint count)
{
    kx_log_config_change(
        f->logger,
        &(KxAuditConfig){
            .user = "Admin", .verb = verb, .type = "User", .fields = fields, .field_count = count});
}

/* covers: LOG-24 LOG-25 */
static void test_config_change(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2004, 6, 30, 13, 9, 48);
    KxAuditField fields[] = {{"Name", "tjones", FALSE},       {"Domain", "company.com", FALSE},
                             {"Account_enabled", "1", FALSE}, {"Auth_type", "0", FALSE},
                             {"Password", "Pa55", TRUE},      {"Rights", "1", FALSE},
                             {"ForwardMode", "0", FALSE},     {"Qstorage", "10485760", FALSE},
                             {"Qmessage", "5000", FALSE}};
    log_change(&f, KX_AUDIT_INSERT, fields, G_N_ELEMENTS(fields));
    assert_content(&f, "config.log",
                   "[30/Jun/2004 13:09:48] Admin - insert User set Name='tjones', "
                   "Domain='company.com', Account_enabled='1', Auth_type='0', Password=xxxxxx, "
                   "Rights='1', ForwardMode='0', Qstorage='10485760', Qmessage='5000'\n");
    fixture_clear(&f);
}

/* covers: LOG-25 */
static void test_config_quoting(void)
{
    Fixture f;
    fixture_init(&f);
    KxAuditField update[] = {{"Name", "o'hara", FALSE},
                             {"Full", "a\\b\r\nc \xC5\x99 \xFF", FALSE},
                             {"relay_password", "not marked", FALSE},
                             {"Secret", "s", FALSE},
                             {"Note", NULL, FALSE}};
    log_change(&f, KX_AUDIT_UPDATE, update, G_N_ELEMENTS(update));
    log_change(&f, KX_AUDIT_DELETE, update, 1);
    assert_content(&f, "config.log",
                   "[30/Nov/2005 17:57:14] Admin - update User set Name='o\\'hara', "
                   "Full='a\\\\b\\x0D\\x0Ac \xC5\x99 \\xFF', relay_password=xxxxxx, Secret=xxxxxx, "
                   "Note=''\n"
                   "[30/Nov/2005 17:57:14] Admin - delete User set Name='o\\'hara'\n");
    fixture_clear(&f);
}

/* Nothing of a change may be missing because the line is full. */
static void test_config_long(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *value = g_strnfill(1500, 'v');
    KxAuditField fields[20];
    g_auto(GStrv) names = g_new0(char *, G_N_ELEMENTS(fields) + 1);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        names[i] = g_strdup_printf("Field%u", i);
        fields[i] = (KxAuditField){names[i], value, FALSE};
    }
    log_change(&f, KX_AUDIT_UPDATE, fields, G_N_ELEMENTS(fields));
    g_autofree char *content = fixture_read(&f, "config.log");
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 4); /* seven fields a line */
    for (guint i = 0; i < 3; i++) {
        g_assert_true(
            g_str_has_prefix(lines[i], "[30/Nov/2005 17:57:14] Admin - update User set Field"));
        g_assert_true(g_str_has_suffix(lines[i], "vvv...'"));
        g_assert_cmpuint(strlen(lines[i]), <, KX_LOG_LINE_MAX);
    }
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        g_assert_nonnull(strstr(content, names[i]));
    fixture_clear(&f);
}

static const KxAuditActor WEBMAIL = {"HTTP/WebMail", "wsmith@company.com", "127.0.0.1"};

static KxAuditItem example_item(Fixture *f)
{
    fixture_set_time(f, 2008, 8, 7, 11, 5, 27);
    gint64 delivered = f->now;
    fixture_set_time(f, 2008, 8, 7, 11, 7, 2);
    return (KxAuditItem){.folder = "~wsmith@company.com/Deleted Items",
                         .from_name = "Winston Smith",
                         .from_address = "wsmith@company.com",
                         .subject = "Vacations",
                         .delivered = delivered,
                         .size = 1320,
                         .target = "~wsmith@company.com/INBOX/Work&A00-"};
}

#define ITEM_TEXT                                                                                  \
    "Protocol: HTTP/WebMail, User: wsmith@company.com, IP: 127.0.0.1, Folder: "                    \
    "~wsmith@company.com/Deleted Items, From: \"Winston Smith\" <wsmith@company.com>, Subject: "   \
    "\"Vacations\", Delivered: 07/Aug/2008 11:05:27, Size: 1320"

/* covers: LOG-53 LOG-55 */
static void test_item_delete(void)
{
    Fixture f;
    fixture_init(&f);
    KxAuditItem item = example_item(&f);
    kx_log_item_delete(f.logger, &WEBMAIL, &item);
    assert_content(&f, "operations.log", "[07/Aug/2008 11:07:02] {DELETE} " ITEM_TEXT "\n");
    fixture_clear(&f);
}

/* covers: LOG-54 LOG-58 */
static void test_item_move(void)
{
    Fixture f;
    fixture_init(&f);
    KxAuditItem item = example_item(&f);
    kx_log_item_move(f.logger, &WEBMAIL, &item);
    assert_content(&f, "operations.log",
                   "[07/Aug/2008 11:07:02] {MOVE} " ITEM_TEXT
                   ", New location: ~wsmith@company.com/INBOX/Work&A00-\n");
    fixture_clear(&f);
}

/* covers: LOG-53 LOG-55 */
static void test_item_not_mail(void)
{
    Fixture f;
    fixture_init(&f);
    KxAuditActor system = {"SYSTEM", "wsmith@company.com", NULL};
    KxAuditItem item = {.folder = "~wsmith@company.com/Tasks", .subject = "a \"b\"\n", .size = 5};
    kx_log_item_delete(f.logger, &system, &item);
    assert_content(&f, "operations.log",
                   "[30/Nov/2005 17:57:14] {DELETE} Protocol: SYSTEM, User: wsmith@company.com, "
                   "Folder: ~wsmith@company.com/Tasks, Subject: \"a \\\"b\\\"\\x0A\", Size: 5\n");
    fixture_clear(&f);
}

/* covers: LOG-56 */
static void test_folder_delete(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2008, 8, 7, 12, 14, 57);
    kx_log_folder_delete(f.logger, "~jpalmer@company.com/Deleted Items/Work");
    assert_content(&f, "operations.log",
                   "[07/Aug/2008 12:14:57] {DELETE_FOLDER} Folder: ~jpalmer@company.com/Deleted "
                   "Items/Work deleted\n");
    fixture_clear(&f);
}

/* covers: LOG-57 LOG-58 */
static void test_folder_move(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set_time(&f, 2008, 8, 7, 12, 14, 26);
    KxAuditActor actor = {"HTTP/WebMail", "jpalmer@company.com", "127.0.0.1"};
    KxAuditFolderMove move = {.from = "~jpalmer@company.com/INBOX/Work&A00-",
                              .to = "~jpalmer@company.com/Deleted Items/Work",
                              .items = 3};
    kx_log_folder_move(f.logger, &actor, &move);
    assert_content(&f, "operations.log",
                   "[07/Aug/2008 12:14:26] {MOVE_FOLDER} Protocol: HTTP/WebMail, User: "
                   "jpalmer@company.com, IP: 127.0.0.1, Old location: "
                   "~jpalmer@company.com/INBOX/Work&A00-, New location: "
                   "~jpalmer@company.com/Deleted Items/Work, Items count: 3\n");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/log/lines/mail-recv", test_mail_recv);
    g_test_add_func("/log/lines/mail-sent", test_mail_sent);
    g_test_add_func("/log/lines/mail-many-recipients", test_mail_many_recipients);
    g_test_add_func("/log/lines/mail-forged-fields", test_mail_forged_fields);
    g_test_add_func("/log/lines/failed-login", test_failed_login);
    g_test_add_func("/log/lines/relay-attempt", test_relay_attempt);
    g_test_add_func("/log/lines/undelivered", test_undelivered);
    g_test_add_func("/log/lines/config-action", test_config_action);
    g_test_add_func("/log/lines/config-change", test_config_change);
    g_test_add_func("/log/lines/config-quoting", test_config_quoting);
    g_test_add_func("/log/lines/config-long", test_config_long);
    g_test_add_func("/log/lines/item-delete", test_item_delete);
    g_test_add_func("/log/lines/item-move", test_item_move);
    g_test_add_func("/log/lines/item-not-mail", test_item_not_mail);
    g_test_add_func("/log/lines/folder-delete", test_folder_delete);
    g_test_add_func("/log/lines/folder-move", test_folder_move);
    return g_test_run();
}
