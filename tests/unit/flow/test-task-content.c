/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of a message for the servers it goes to. */
#include "base/lock.h"
#include "flow/sign.h"

static gint signed_count; /* atomic */

static char *counted_sign(const KxSigner *signer, const KxEnvelope *envelope,
                          const KxEnvelopeRcpt *rcpt, const char *content, size_t len,
                          GError **error)
{
    g_atomic_int_inc(&signed_count);
    g_usleep(G_USEC_PER_SEC / 5); /* a large one: the next is taken meanwhile */
    return kx_sign(signer, envelope, rcpt, content, len, error);
}

#define kx_sign counted_sign
#include "flow/task-content.c"

#include "flow-test.h"

static const char MESSAGE[] =
    "Return-Path: <x@y.test>\r\nFrom: alice@example.test\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9f\r\n";

static void accept_message(Fixture *f, KxEnvelope *mail, const char *const *recipients)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxIncoming) in = kx_incoming_new(f->store, NULL);
    g_assert_true(kx_incoming_write(in, MESSAGE, strlen(MESSAGE), NULL));
    mail->created = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_true(kx_queue_new_id(f->queue, mail->created, mail->id, NULL));
    mail->service = g_strdup("SMTP");
    mail->sender = g_strdup("x@y.test");
    mail->skip = strlen("Return-Path: <x@y.test>\r\n");
    for (guint i = 0; recipients[i]; i++)
        kx_envelope_add(mail, recipients[i], NULL);
    kx_queue_accept(f->queue, mail, in, &error);
    g_assert_no_error(error);
}

/* ---- signing ---- */

typedef struct {
    KxMutex lock;
    GPtrArray *heads; /* of the tasks that were given to the courier */
} Courier;

static gboolean take(gpointer data, KxMessageType type, guint32 number, const void *message, int fd)
{
    Courier *courier = data;
    if (type != KX_MSG_MAIL_TASK)
        return TRUE;
    KxSlice head = ((const KxMsgMailTask *)message)->head;
    kx_mutex_lock(&courier->lock);
    g_ptr_array_add(courier->heads, g_strndup(head.data, head.len));
    kx_mutex_unlock(&courier->lock);
    return TRUE;
}

static guint taken(Courier *courier)
{
    kx_mutex_lock(&courier->lock);
    guint n = courier->heads->len;
    kx_mutex_unlock(&courier->lock);
    return n;
}

static void test_signed_once(void)
{
    static const char *const recipients[] = {"a@one.test", "b@two.test", "c@three.test",
                                             "d@four.test", NULL};
    Fixture f;
    Courier courier = {.heads = g_ptr_array_new_with_free_func(g_free)};
    fixture_init(&f);
    fixture_set(&f, KX_SET_INTERNET_CONNECTION, "online");
    kx_mutex_init(&courier.lock);
    g_assert_true(kx_dkim_file_create("example.test", "s1", KX_DKIM_ED25519, 0, NULL));
    g_autoptr(KxEnvelope) mail = kx_envelope_new();
    mail->signer = g_strdup("example.test");
    kx_queue_set_courier(f.queue, &(KxQueueCourier){take, &courier});
    accept_message(&f, mail, recipients);
    kx_queue_start(f.queue);
    for (guint i = 0; i < 1000 && taken(&courier) < 4; i++)
        g_usleep(10000);
    g_assert_cmpuint(taken(&courier), ==, 4);
    g_assert_cmpint(g_atomic_int_get(&signed_count), ==, 1);
    for (guint i = 0; i < courier.heads->len; i++) {
        g_assert_true(g_str_has_prefix(courier.heads->pdata[i], "DKIM-Signature: "));
        g_assert_cmpstr(courier.heads->pdata[i], ==, courier.heads->pdata[0]);
    }
    kx_queue_stop(f.queue);
    fixture_clear(&f);
    g_ptr_array_unref(courier.heads);
}

/* ---- converting ---- */

/* Two servers may want it at the same time: neither touches what the other has. */
static void test_converted_by_two(void)
{
    static const char *const recipients[] = {"a@one.test", NULL};
    Fixture f;
    fixture_init(&f);
    g_autoptr(KxEnvelope) mail = kx_envelope_new();
    accept_message(&f, mail, recipients);
    g_autofree char *path = g_strdup_printf("store/tmp/%s.7bit", mail->id), *text = NULL;
    g_assert_true(g_file_set_contents(path, "of the other", -1, NULL));
    g_autoptr(GError) error = NULL;
    guint64 size;
    int fd = kx_queue_downgrade(mail, &size, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "of the other");
    g_unlink(path);
    g_autoptr(GDir) dir = g_dir_open("store/tmp", 0, NULL);
    g_assert_cmpstr(g_dir_read_name(dir), ==, NULL); /* it has no name */
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flow/task-content/signed-once", test_signed_once);
    g_test_add_func("/flow/task-content/converted-by-two", test_converted_by_two);
    return g_test_run();
}
