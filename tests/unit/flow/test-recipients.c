/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses to recipients: each place once, and public folders for mail only. */
#include "flow-test.h"
#include "flow/recipients.h"

enum { MANY = 10000 };

typedef struct {
    KxEnvelope *envelope;
    KxSender sender;
    KxRecipients recipients;
} Sending;

static void sending_init(Sending *s, Fixture *f)
{
    s->envelope = kx_envelope_new();
    s->envelope->sender = g_strdup("x@y.test");
    kx_sender_get(f->directory, NULL, s->envelope->sender, FALSE, &s->sender);
    kx_recipients_init(&s->recipients, f->directory, f->store, f->logger, s->envelope, &s->sender,
                       FALSE);
}

static void sending_clear(Sending *s)
{
    kx_recipients_clear(&s->recipients);
    kx_sender_clear(&s->sender);
    kx_envelope_free(s->envelope);
}

static void add(Fixture *f, KxObject object, const char *name, const char *field, const char *value)
{
    g_autoptr(GError) error = NULL;
    KxField fields = {field, value};
    kx_object_add(f->directory, &ADMIN, object, name, &fields, 1, &error);
    g_assert_no_error(error);
}

/* covers: ALIAS-07 */
static void test_public_folders(void)
{
    Fixture f;
    Sending s;
    fixture_init(&f);
    sending_init(&s, &f);
    g_autoptr(KxAccount) public = kx_store_public(f.store, "example.test", NULL);
    g_assert_true(kx_folder_create(public, "Mail", KX_TYPE_MAIL, 0, NULL));
    g_assert_true(kx_folder_create(public, "Dates", KX_TYPE_CALENDAR, 0, NULL));
    add(&f, KX_OBJECT_ALIAS, "mail@example.test", "targets", "#public/Mail");
    add(&f, KX_OBJECT_ALIAS, "dates@example.test", "targets", "#public/Dates");
    add(&f, KX_OBJECT_ALIAS, "both@example.test", "targets", "#public/Dates,#public/Mail");
    g_assert_cmpint(kx_recipients_add(&s.recipients, "dates@example.test", 0, NULL), ==,
                    KX_RECIPIENT_UNKNOWN);
    g_assert_cmpuint(s.envelope->recipients->len, ==, 0);
    g_assert_cmpint(kx_recipients_add(&s.recipients, "both@example.test", 0, NULL), ==,
                    KX_RECIPIENT_TAKEN);
    g_assert_cmpint(kx_recipients_add(&s.recipients, "mail@example.test", 0, NULL), ==,
                    KX_RECIPIENT_TAKEN);
    g_assert_cmpuint(s.envelope->recipients->len, ==, 1);
    const KxEnvelopeRcpt *rcpt = s.envelope->recipients->pdata[0];
    g_assert_cmpstr(rcpt->address, ==, "#public/Mail@example.test");
    g_assert_cmpstr(rcpt->original, ==, "both@example.test");
    g_assert_cmpuint(s.envelope->given->len, ==, 2);
    g_clear_pointer(&public, kx_account_unref);
    sending_clear(&s);
    fixture_clear(&f);
}

/* covers: GRP-01 */
static void test_a_company(void)
{
    Fixture f;
    Sending s;
    fixture_init(&f);
    sending_init(&s, &f);
    add(&f, KX_OBJECT_GROUP, "all@example.test", "addresses", "all,everybody");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree KxChange *changes = g_new0(KxChange, MANY);
    const KxField member = {"groups", "all"};
    for (guint i = 0; i < MANY; i++) {
        g_ptr_array_add(names, g_strdup_printf("u%u@example.test", i));
        changes[i] = (KxChange){.verb = KX_CHANGE_ADD,
                                .object = KX_OBJECT_USER,
                                .name = names->pdata[i],
                                .fields = &member,
                                .n_fields = 1};
    }
    g_assert_true(kx_object_change(f.directory, &ADMIN, changes, MANY, NULL, NULL));
    gint64 start = g_get_monotonic_time();
    static const char *const GIVEN[] = {"all@example.test", "everybody@example.test",
                                        "U17@example.test", "ALL@example.test"};
    for (guint i = 0; i < G_N_ELEMENTS(GIVEN); i++)
        g_assert_cmpint(kx_recipients_add(&s.recipients, GIVEN[i], 0, NULL), ==,
                        KX_RECIPIENT_TAKEN);
    g_test_message("%u recipients from %zu addresses in %" G_GINT64_FORMAT " microseconds", MANY,
                   G_N_ELEMENTS(GIVEN), g_get_monotonic_time() - start);
    g_assert_cmpuint(s.envelope->recipients->len, ==, MANY);
    sending_clear(&s);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recipients/public-folders", test_public_folders);
    g_test_add_func("/recipients/a-company", test_a_company);
    return g_test_run();
}
