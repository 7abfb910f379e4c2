/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a message: mailboxes at once, the rest durably in the queue, failures tried again. */
#include "flow-test.h"

#include "flow/queue-private.h"

static const char MESSAGE[] = "Return-Path: <x@y.test>\r\nSubject: hello\r\n\r\nbody\r\n";

static KxIncoming *incoming(Fixture *f)
{
    KxIncoming *in = kx_incoming_new(f->store, NULL);
    g_assert_true(kx_incoming_write(in, MESSAGE, strlen(MESSAGE), NULL));
    return in;
}

static KxEnvelope *envelope(Fixture *f)
{
    KxEnvelope *envelope = kx_envelope_new();
    envelope->created = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_true(kx_queue_new_id(f->queue, envelope->created, envelope->id, NULL));
    envelope->service = g_strdup("SMTP");
    envelope->sender = g_strdup("x@y.test");
    envelope->remote_ip = g_strdup("192.0.2.1");
    return envelope;
}

static KxEnvelopeRcpt *add(KxEnvelope *mail, const char *address, const char *account)
{
    kx_envelope_give(mail, address);
    return kx_envelope_add(mail, address, account);
}

static gboolean accept(Fixture *f, KxEnvelope *mail, GError **error)
{
    g_autoptr(KxIncoming) in = incoming(f);
    return kx_queue_accept(f->queue, mail, in, error);
}

static gboolean in_queue(const char *id, const char *suffix)
{
    g_autofree char *path = g_strconcat("store/queue/", id, suffix, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* covers: SMTP-01 LOG-27 LOG-28 LOG-30 LOG-32 */
static void test_local(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "Alice@example.test", "alice@example.test");
    add(mail, "sales@example.test", "alice@example.test");
    add(mail, "bob@example.test", "bob@example.test");
    g_autoptr(GError) error = NULL;
    accept(&f, mail, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count_messages(&f, "alice"), ==, 1); /* two addresses, one copy */
    g_assert_cmpuint(count_messages(&f, "bob"), ==, 1);
    g_autofree char *copy = read_message("bob", 1);
    g_assert_cmpstr(copy, ==, MESSAGE);
    g_assert_false(in_queue(mail->id, ".env"));
    g_autofree char *log = read_log("mail");
    g_autofree char *expected = g_strdup_printf(
        "Recv: Queue-ID: %s, Service: SMTP, From: <x@y.test>, To: <Alice@example.test>, "
        "<sales@example.test>, <bob@example.test>, Size: %zu, Sender-Host: 192.0.2.1, SSL: no\n"
        "Sent: Queue-ID: %s, Recipient: <Alice@example.test>, Result: delivered, Status: 2.0.0\n"
        "Sent: Queue-ID: %s, Recipient: <sales@example.test>, Result: delivered, Status: 2.0.0\n"
        "Sent: Queue-ID: %s, Recipient: <bob@example.test>, Result: delivered, Status: 2.0.0\n",
        mail->id, strlen(MESSAGE), mail->id, mail->id, mail->id);
    g_assert_cmpstr(log, ==, expected);
    fixture_clear(&f);
}

static void test_remote(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "alice@example.test", "alice@example.test");
    kx_envelope_add(mail, "z@elsewhere.test", NULL)->notify = 2;
    g_assert_true(accept(&f, mail, NULL));
    g_assert_cmpuint(count_messages(&f, "alice"), ==, 1);
    g_assert_true(in_queue(mail->id, ".eml"));
    fixture_shut(&f); /* and after a restart */
    fixture_open(&f);
    g_autoptr(GPtrArray) list = kx_queue_find(f.queue, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    g_autoptr(KxQueueItem) item = kx_queue_item(f.queue, list->pdata[0], NULL);
    const KxEnvelope *kept = item->envelope;
    g_assert_cmpstr(kept->id, ==, mail->id);
    g_assert_cmpuint(kept->size, ==, strlen(MESSAGE));
    g_assert_cmpuint(kept->recipients->len, ==, 1);
    const KxEnvelopeRcpt *rcpt = kept->recipients->pdata[0];
    g_assert_cmpstr(rcpt->address, ==, "z@elsewhere.test");
    g_assert_cmpuint(rcpt->notify, ==, 2);
    fixture_clear(&f);
}

static void test_administration(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    g_autoptr(GError) error = NULL;
    add(mail, "z@elsewhere.test", NULL);
    g_assert_true(accept(&f, mail, NULL));
    g_autoptr(KxQueueItem) shown = kx_queue_item(f.queue, mail->id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(shown->envelope->sender, ==, "x@y.test");
    g_assert_true(kx_queue_steer(f.queue, ADMIN.name, mail->id, KX_QUEUE_REMOVE, NULL, &error));
    g_assert_false(in_queue(mail->id, ".env"));
    g_assert_false(in_queue(mail->id, ".eml"));
    g_autofree char *log = read_log("config");
    g_autofree char *line = g_strdup_printf("Admin - delete Queue message set ID='%s'\n", mail->id);
    g_assert_true(g_str_has_suffix(log, line));
    g_assert_false(kx_queue_steer(f.queue, ADMIN.name, mail->id, KX_QUEUE_REMOVE, NULL, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(kx_queue_item(f.queue, "../../passwd", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    fixture_clear(&f);
}

/* Nobody could take it: the sender keeps it, and there is no trace. */
static void test_all_fail(void)
{
    Fixture f;
    fixture_init(&f);
    count_messages(&f, "alice");
    break_inbox("alice", TRUE);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "alice@example.test", "alice@example.test");
    g_autoptr(GError) error = NULL;
    g_assert_false(accept(&f, mail, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_assert_false(in_queue(mail->id, ".env"));
    g_autofree char *log = read_log("mail");
    g_assert_cmpstr(log, ==, "");
    break_inbox("alice", FALSE);
    g_assert_cmpuint(count_messages(&f, "alice"), ==, 0);
    fixture_clear(&f);
}

/* Waits until the Mail log ends like that. */
static void wait_for_log(const char *end)
{
    for (guint i = 0; i < 200; i++) {
        g_autofree char *log = read_log("mail");
        if (g_str_has_suffix(log, end))
            return;
        g_usleep(50 * 1000);
    }
    g_assert_not_reached();
}

/* One of two mailboxes cannot be written to: it gets its copy later, and only it, also after a
 * restart. */
static void test_retry(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set(&f, KX_SET_QUEUE_RETRY, "1");
    count_messages(&f, "alice");
    break_inbox("alice", TRUE);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "alice@example.test", "alice@example.test");
    add(mail, "bob@example.test", "bob@example.test");
    g_assert_true(accept(&f, mail, NULL));
    g_autoptr(KxQueueItem) item = kx_queue_item(f.queue, mail->id, NULL);
    const KxEnvelope *kept = item->envelope;
    g_assert_cmpuint(kept->recipients->len, ==, 1);
    g_assert_cmpuint(kept->attempts, ==, 1);
    fixture_shut(&f);
    fixture_open(&f);
    kx_queue_start(f.queue);
    g_usleep(1500 * 1000); /* at least one try fails */
    break_inbox("alice", FALSE);
    wait_for_log("Recipient: <alice@example.test>, Result: delivered, Status: 2.0.0\n");
    kx_queue_stop(
        f.queue); /* it finishes what it has begun: the files go after the line is written */
    g_autoptr(GPtrArray) list = kx_queue_find(f.queue, NULL);
    g_assert_cmpuint(list->len, ==, 0);
    g_assert_cmpuint(count_messages(&f, "alice"), ==, 1);
    g_assert_cmpuint(count_messages(&f, "bob"), ==, 1);
    g_assert_false(in_queue(mail->id, ".eml"));
    g_autofree char *log = read_log("mail");
    g_assert_nonnull(
        strstr(log, "Recipient: <alice@example.test>, Result: delayed, Status: 4.3.0\n"));
    g_autofree char *errors = read_log("error");
    g_assert_nonnull(strstr(errors, "could not be delivered to <alice@example.test>: 4.3.0 "));
    fixture_clear(&f);
}

/* The account goes while its mail waits: the sender hears of it. */
/* covers: LOG-31 LOG-38 */
static void test_account_removed(void)
{
    Fixture f;
    fixture_init(&f);
    fixture_set(&f, KX_SET_QUEUE_RETRY, "1");
    count_messages(&f, "alice");
    break_inbox("alice", TRUE);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    g_free(mail->sender);
    mail->sender = g_strdup("bob@example.test");
    add(mail, "alice@example.test", "alice@example.test");
    add(mail, "bob@example.test", "bob@example.test");
    g_assert_true(accept(&f, mail, NULL));
    g_assert_true(
        kx_object_remove(f.directory, &ADMIN, KX_OBJECT_USER, "alice@example.test", NULL));
    kx_queue_start(f.queue);
    g_autofree char *wanted =
        g_strdup_printf("Message %s from <bob@example.test> to <alice@example.test> could not be "
                        "delivered: 5.1.1 there is no user 'alice@example.test'\n",
                        mail->id);
    g_autofree char *security = NULL;
    for (guint i = 0; i < 200 && (!security || !strstr(security, wanted)); i++) {
        g_usleep(50 * 1000);
        g_free(security);
        security = read_log("security");
    }
    g_assert_nonnull(strstr(security, wanted));
    g_autofree char *log = read_log("mail");
    g_assert_nonnull(
        strstr(log, "Recipient: <alice@example.test>, Result: failed, Status: 5.1.1\n"));
    wait_for_log("Recipient: <bob@example.test>, Result: delivered, Status: 2.0.0\n");
    while (in_queue(mail->id, ".eml"))
        g_usleep(20 * 1000);
    g_assert_cmpuint(count_messages(&f, "bob"), ==, 2);
    fixture_clear(&f);
}

/* covers: LOG-33 */
static void test_ids(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint round = 0; round < 3; round++) {
        for (guint i = 0; i < 70000; i++) { /* more than are reserved at once */
            char id[KX_QUEUE_ID_SIZE];
            g_assert_true(kx_queue_new_id(f.queue, 0x438dd9ea, id, NULL));
            g_assert_true(kx_queue_id_valid(id) && g_str_has_prefix(id, "438dd9ea-"));
            g_assert_true(g_hash_table_add(seen, g_strdup(id)));
        }
        fixture_shut(&f);
        fixture_open(&f);
    }
    g_assert_true(g_hash_table_contains(seen, "438dd9ea-00000000"));
    fixture_clear(&f);
}

static void put_file(const char *name, const char *text)
{
    g_autofree char *path = g_strconcat("store/queue/", name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* What a crash or a disk may leave: nothing that somebody could want is thrown away. */
static void test_damaged(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "z@elsewhere.test", NULL);
    g_assert_true(accept(&f, mail, NULL));
    g_autofree char *text = kx_envelope_format(mail);
    put_file("00000001-00000001.env", "rubbish");
    put_file("00000001-00000001.eml", "kept 1");
    put_file("00000002-00000002.eml", "kept 2");
    put_file("00000003-00000003.env", text); /* of another message */
    put_file("00000003-00000003.eml", "kept 3");
    put_file("00000004-00000004.env", "never acknowledged");
    put_file("00000005-00000005.new", "being written");
    put_file("README", "not ours");
    fixture_shut(&f);
    fixture_open(&f);
    g_autoptr(GPtrArray) list = kx_queue_find(f.queue, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    static const char *const KEPT[] = {"bad/00000001-00000001.env", "bad/00000001-00000001.eml",
                                       "bad/00000002-00000002.eml", "bad/00000003-00000003.env",
                                       "bad/00000003-00000003.eml", "README"};
    for (guint i = 0; i < G_N_ELEMENTS(KEPT); i++)
        g_assert_true(in_queue(KEPT[i], ""));
    g_assert_false(in_queue("00000001-00000001", ".eml"));
    g_assert_false(in_queue("00000004-00000004", ".env"));
    g_assert_false(in_queue("00000005-00000005", ".new"));
    g_autofree char *log = read_log("error");
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    fixture_clear(&f);
}

/* ---- a power cut ---- */

static char *env_path(const char *id)
{
    return g_strconcat("store/queue/", id, ".env", NULL);
}

static gsize env_size(const char *id)
{
    g_autofree char *path = env_path(id);
    GStatBuf info;
    g_assert_cmpint(g_stat(path, &info), ==, 0);
    return (gsize)info.st_size;
}

static void note_round(KxEnvelope *mail, guint round)
{
    KxEnvelopeRcpt *rcpt = mail->recipients->pdata[0];
    mail->attempts = round;
    g_free(rcpt->status);
    rcpt->status = g_strdup_printf("4.4.1 round %u", round);
    g_assert_true(kx_queue_note(mail, NULL));
}

/* What the disk has if only the first `len` bytes were synced, and the queue after that. */
static void start_with(Fixture *f, const char *id, gsize len)
{
    g_autofree char *path = env_path(id);
    fixture_shut(f);
    g_assert_cmpint(truncate(path, (off_t)len), ==, 0);
    fixture_open(f);
}

/* Notes that were not synced go with a power cut, in part or all; the message and what is appended
 * after that stay. */
static void test_power_cut(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "z@elsewhere.test", NULL);
    add(mail, "y@elsewhere.test", NULL);
    g_assert_true(accept(&f, mail, NULL));
    gsize synced = env_size(mail->id);
    for (gsize cut = 0; cut < 3; cut++) {
        note_round(mail, 1);
        gsize noted = env_size(mail->id);
        g_assert_cmpuint(noted, >, synced); /* appended: what was synced is still there */
        start_with(&f, mail->id, cut == 0 ? synced : cut == 1 ? (synced + noted) / 2 : noted - 1);
        g_assert_cmpuint(env_size(mail->id), ==, synced); /* nothing torn is left */
        g_autoptr(KxEnvelope) back = kx_queue_read(mail->id, NULL);
        g_assert_nonnull(back);
        g_assert_cmpuint(back->recipients->len, ==, 2);
        g_assert_cmpuint(back->attempts, ==, 0);
    }
    note_round(mail, 7);
    start_with(&f, mail->id, env_size(mail->id));
    g_autoptr(KxEnvelope) back = kx_queue_read(mail->id, NULL);
    g_assert_cmpuint(back->attempts, ==, 7);
    fixture_clear(&f);
}

/* However often it is tried, its file stays small. */
static void test_many_rounds(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = envelope(&f);
    add(mail, "z@elsewhere.test", NULL);
    g_assert_true(accept(&f, mail, NULL));
    for (guint round = 1; round <= 200; round++)
        note_round(mail, round);
    g_assert_cmpuint(env_size(mail->id), <=, 16 * 1024);
    g_autoptr(KxEnvelope) back = kx_queue_read(mail->id, NULL);
    g_assert_cmpuint(back->attempts, ==, 200);
    fixture_clear(&f);
}

/* ---- many recipients ---- */

static KxEnvelope *large_envelope(Fixture *f)
{
    KxEnvelope *mail = envelope(f);
    g_autofree char *status = g_strnfill(200, 'x');
    for (guint i = 0; i < KX_ENVELOPE_RECIPIENTS; i++)
        kx_envelope_add(mail, "z@elsewhere.test", NULL)->status = g_strdup(status);
    g_assert_true(accept(f, mail, NULL));
    return mail;
}

/* However large it is, what is noted can be read. */
static void test_large_notes(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = large_envelope(&f);
    g_autoptr(GError) error = NULL;
    for (guint round = 1; round <= 3; round++) {
        note_round(mail, round);
        g_assert_cmpuint(env_size(mail->id), <, KX_ENVELOPE_FILE_MAX);
    }
    g_autofree char *path = env_path(mail->id);
    g_autoptr(GArray) places = g_array_new(FALSE, TRUE, sizeof(guint));
    g_array_set_size(places, 1);
    g_assert_true(kx_queue_note_done(mail->id, places, NULL));
    g_assert_cmpint(truncate(path, KX_ENVELOPE_FILE_MAX), ==, 0);
    g_assert_false(kx_queue_note_done(mail->id, places, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    fixture_clear(&f);
}

/* What earlier versions noted is used as it is. */
static void test_larger_than_is_written(void)
{
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = large_envelope(&f);
    g_autofree char *path = env_path(mail->id), *text = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    FILE *file = fopen(path, "a");
    for (gsize size = len; size <= KX_ENVELOPE_FILE_MAX; size += len)
        g_assert_cmpuint(fwrite(text, 1, len, file), ==, len);
    fclose(file);
    fixture_shut(&f);
    fixture_open(&f);
    g_assert_true(in_queue(mail->id, ".eml"));
    g_autoptr(GPtrArray) list = kx_queue_find(f.queue, NULL);
    g_assert_cmpuint(list->len, ==, 1);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flow/queue/local", test_local);
    g_test_add_func("/flow/queue/remote", test_remote);
    g_test_add_func("/flow/queue/administration", test_administration);
    g_test_add_func("/flow/queue/all-fail", test_all_fail);
    g_test_add_func("/flow/queue/retry", test_retry);
    g_test_add_func("/flow/queue/account-removed", test_account_removed);
    g_test_add_func("/flow/queue/ids", test_ids);
    g_test_add_func("/flow/queue/damaged", test_damaged);
    g_test_add_func("/flow/queue/power-cut", test_power_cut);
    g_test_add_func("/flow/queue/many-rounds", test_many_rounds);
    g_test_add_func("/flow/queue/large-notes", test_large_notes);
    g_test_add_func("/flow/queue/larger-than-is-written", test_larger_than_is_written);
    return g_test_run();
}
