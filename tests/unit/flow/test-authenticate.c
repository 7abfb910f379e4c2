/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of DNS about a message. */
#include "flow/authenticate.h"

typedef struct {
    KxAsks *asks;
    guint questions, names;
} Courier;

/* Knows nothing, at once. */
static gboolean answer(gpointer data, KxMessageType type, guint32 number, const void *body, int fd)
{
    Courier *courier = data;
    courier->questions += type == KX_MSG_MAIL_ASK;
    courier->names += type == KX_MSG_MAIL_RECIPIENT;
    if (type == KX_MSG_MAIL_GO) {
        KxMessage end = {.type = KX_MSG_MAIL_END, .session = number, .fd = -1};
        end.MAIL_END = (KxMsgMailEnd){.code = 451, .text = "", .host = "", .ip = ""};
        kx_asks_message(courier->asks, &end);
    }
    return TRUE;
}

static void check_questions(const char *from, guint signers, guint questions, guint names)
{
    Courier courier = {.asks = kx_asks_new()};
    const KxQueueCourier with = {answer, &courier};
    g_autoptr(GString) text = g_string_new(NULL);
    g_auto(KxAuthenticated) results = {0};
    for (guint i = 0; i < signers; i++)
        g_string_append_printf(text,
                               "DKIM-Signature: v=1; a=rsa-sha256; d=signer%u.test; s=x; h=From; "
                               "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n",
                               i);
    g_string_append_printf(text, "From: %s\r\n\r\n", from);
    kx_asks_set_courier(courier.asks, &with);
    const KxAuthenticate message = {.asks = courier.asks,
                                    .authserv_id = "mail.example.test",
                                    .ip = "192.0.2.1",
                                    .helo = "client.test",
                                    .sender = "ann@author.test",
                                    .content = text->str,
                                    .len = text->len};
    kx_authenticate(&message, &results);
    g_assert_cmpuint(courier.questions, ==, questions);
    g_assert_cmpuint(courier.names, ==, names);
    kx_asks_free(courier.asks);
}

/* Each question holds up a thread of the courier: strangers do not say how many there are. */
static void test_questions(void)
{
    check_questions("ann@author.test", 0, 2, 2 + 1);
    check_questions("ann@signer0.test", 1, 2, 2 + 2);
    check_questions("ann@author.test", 20, 3, 2 + 1 + 10);
    check_questions("ann@a.test, bob@b.test, eve@c.test", 20, 4, 2 + 2 + 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/authenticate/questions", test_questions);
    return g_test_run();
}
