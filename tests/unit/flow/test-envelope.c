/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's envelope files: what is written comes back, and what is damaged is noticed. */
#include "base/error.h"
#include "flow/envelope.h"

static KxEnvelope *sample(void)
{
    KxEnvelope *envelope = kx_envelope_new();
    g_strlcpy(envelope->id, "438dd9ea-0000000a", sizeof envelope->id);
    envelope->created = 1133369834;
    envelope->next_try = 1133371634;
    envelope->attempts = 3;
    envelope->size = 1229;
    envelope->skip = 33;
    envelope->service = g_strdup("SMTP");
    envelope->sender = g_strdup("jürgen\\x@b.test");
    envelope->user = g_strdup("alice@b.test");
    envelope->remote_ip = g_strdup("2001:db8::1");
    envelope->secure = TRUE;
    envelope->flags = 5;
    envelope->ret = g_strdup("HDRS");
    envelope->envid = g_strdup("QQ+2B");
    envelope->auth = g_strdup("<>");
    KxEnvelopeRcpt *rcpt = kx_envelope_add(envelope, "bob@elsewhere.test", NULL);
    rcpt->orcpt = g_strdup("rfc822;Bob@elsewhere.test");
    rcpt->notify = 6;
    rcpt = kx_envelope_add(envelope, "carol@b.test", "carol@b.test");
    rcpt->duty = KX_DUTY_QUEUED;
    rcpt->status = g_strdup("4.3.0 disk\nfull: \xff");
    kx_envelope_add(envelope, "dave@b.test", "dave@b.test")->duty = KX_DUTY_DONE;
    return envelope;
}

static const char SAMPLE[] = "Keryx-Envelope: 1\n"
                             "ID: 438dd9ea-0000000a\n"
                             "Created: 1133369834\n"
                             "Next-Try: 1133371634\n"
                             "Attempts: 3\n"
                             "Size: 1229\n"
                             "Skip: 33\n"
                             "Service: SMTP\n"
                             "Sender: jürgen\\x5Cx@b.test\n"
                             "User: alice@b.test\n"
                             "Sender-Host: 2001:db8::1\n"
                             "SSL: 1\n"
                             "Flags: 5\n"
                             "Ret: HDRS\n"
                             "Envid: QQ+2B\n"
                             "Auth: <>\n"
                             "Recipient: bob@elsewhere.test\n"
                             "Orcpt: rfc822;Bob@elsewhere.test\n"
                             "Notify: 6\n"
                             "Recipient: carol@b.test\n"
                             "Account: carol@b.test\n"
                             "Status: 4.3.0 disk\\x0Afull: \\xFF\n"
                             "End\n";

static void test_round_trip(void)
{
    g_autoptr(KxEnvelope) envelope = sample();
    g_autofree char *text = kx_envelope_format(envelope);
    g_assert_cmpstr(text, ==, SAMPLE);
    g_autoptr(GError) error = NULL;
    g_autoptr(KxEnvelope) back = kx_envelope_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back->sender, ==, envelope->sender);
    g_assert_cmpuint(back->recipients->len, ==, 2); /* what is done is not written */
    const KxEnvelopeRcpt *carol = back->recipients->pdata[1];
    g_assert_cmpstr(carol->status, ==, "4.3.0 disk\nfull: \xff");
    g_assert_cmpint(carol->duty, ==, KX_DUTY_QUEUED);
    g_autofree char *again = kx_envelope_format(back);
    g_assert_cmpstr(again, ==, text);
}

static void test_null_sender(void)
{
    g_autoptr(KxEnvelope) envelope = kx_envelope_new();
    g_strlcpy(envelope->id, "00000000-00000000", sizeof envelope->id);
    envelope->sender = g_strdup("");
    kx_envelope_add(envelope, "bob@elsewhere.test", NULL);
    g_autofree char *text = kx_envelope_format(envelope);
    g_autoptr(KxEnvelope) back = kx_envelope_parse(text, strlen(text), NULL);
    g_assert_nonnull(back);
    g_assert_cmpstr(back->sender, ==, "");
}

/* Any cut, and any lost or doubled line that matters, is noticed. */
static void test_damage(void)
{
    for (size_t len = 0; len < sizeof SAMPLE - 1; len++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(kx_envelope_parse(SAMPLE, len, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
    }
    static const char *const BAD[] = {
        "Keryx-Envelope: 2\nID: 438dd9ea-0000000a\nSender: \nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nSender: a\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\nEnd\n",
        "Keryx-Envelope: 1\nID: ../../etc/passwd0\nSender: a\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438DD9EA-0000000a\nSender: a\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\nSender: b\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\\\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\\x00\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\tb\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\nSize: x\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\nWhat: x\nRecipient: a\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\nRecipient: a\nSize: 1\nEnd\n",
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender\nRecipient: a\nEnd\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%u", i);
        g_assert_null(kx_envelope_parse(BAD[i], strlen(BAD[i]), &error));
        g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
    }
}

static const char THREE[] =
    "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: s\nRecipient: a\nRecipient: b\n"
    "Recipient: c\nEnd\n";

static char *left_after(const char *notes)
{
    g_autofree char *text = g_strconcat(THREE, notes, NULL);
    g_autoptr(KxEnvelope) envelope = kx_envelope_parse(text, strlen(text), NULL);
    g_assert_nonnull(envelope);
    GString *left = g_string_new(NULL);
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_string_append_printf(left, "%s%u", rcpt->address, rcpt->place);
    }
    return g_string_free(left, FALSE);
}

/* Notes of who has it; what a power cut may leave of them loses nobody. */
static void test_done(void)
{
    static const struct {
        const char *notes, *left;
    } CASES[] = {
        {"", "a0b1c2"},
        {"Done: 1\n", "a0c2"},
        {"Done: 0 2\n", "b1"},
        {"Done: 0\nDone: 2\nDone: 1\n", ""},
        {"Done: 0\nDone: 1", "b1c2"},
        {"Done: 0\nDone: 3\nDone: 1\n", "b1c2"},
        {"Done: 0\nmore\nDone: 1\n", "b1c2"},
        {"more\n", "a0b1c2"},
        {"Done:\n", "a0b1c2"},
        {"Done: x\n", "a0b1c2"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *left = left_after(CASES[i].notes);
        g_assert_cmpstr(left, ==, CASES[i].left);
    }
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    guint place = 2;
    g_array_append_val(places, place);
    g_autofree char *line = kx_envelope_done_line(places);
    g_assert_cmpstr(line, ==, "Done: 2\n");
}

/* A newer envelope counts when all of it is there; what is cut short leaves what was before. */
static void test_appended(void)
{
    static const char newer[] =
        "Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nAttempts: 12\nSender: s\nRecipient: b\n"
        "Recipient: c\nEnd\n";
    g_autofree char *whole = g_strconcat(THREE, "Done: 0\n", newer, "Done: 1\n", NULL);
    size_t before = strlen(THREE) + strlen("Done: 0\n"), after = before + strlen(newer);
    for (size_t len = before; len <= strlen(whole); len++) {
        g_autoptr(KxEnvelope) envelope = kx_envelope_parse(whole, len, NULL);
        g_assert_nonnull(envelope);
        gboolean done = len == strlen(whole);
        g_assert_cmpuint(envelope->attempts, ==, len < after ? 0 : 12);
        g_assert_cmpuint(envelope->recipients->len, ==, done ? 1 : 2);
        g_assert_cmpstr(((KxEnvelopeRcpt *)envelope->recipients->pdata[0])->address, ==, "b");
        g_assert_cmpint(envelope->torn, ==, len != before && len != after && !done);
    }
}

static void test_caps(void)
{
    g_autofree char *fill = g_strnfill(KX_ENVELOPE_VALUE_MAX * 2, 'x');
    g_autoptr(KxEnvelope) envelope = sample();
    g_free(envelope->envid);
    envelope->envid = g_strdup(fill);
    g_autofree char *text = kx_envelope_format(envelope);
    g_autoptr(KxEnvelope) back = kx_envelope_parse(text, strlen(text), NULL);
    g_assert_nonnull(back); /* cut when written */
    GString *many = g_string_new("Keryx-Envelope: 1\nID: 438dd9ea-0000000a\nSender: a\n");
    for (guint i = 0; i <= KX_ENVELOPE_RECIPIENTS; i++)
        g_string_append(many, "Recipient: a\n");
    g_string_append(many, "End\n");
    g_assert_null(kx_envelope_parse(many->str, many->len, NULL));
    g_string_free(many, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flow/envelope/round-trip", test_round_trip);
    g_test_add_func("/flow/envelope/null-sender", test_null_sender);
    g_test_add_func("/flow/envelope/damage", test_damage);
    g_test_add_func("/flow/envelope/done", test_done);
    g_test_add_func("/flow/envelope/appended", test_appended);
    g_test_add_func("/flow/envelope/caps", test_caps);
    return g_test_run();
}
