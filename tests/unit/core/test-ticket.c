/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: sealed and opened; not by another session, not altered, not with another key. */
#include "core/ticket.h"

#include <sodium.h>

static const KxTicketBinding HERE = {1, 2, 3};
static const KxTicketOwner OWNER = {"user@domain", 0x123456789};
static guint8 key[KX_TICKET_KEY] = {1, 2, 3};

static gboolean opens(const guint8 *with, const KxTicketBinding *binding, const void *ticket,
                      size_t len)
{
    g_autofree char *login = NULL;
    g_autoptr(GBytes) state = NULL;
    gint64 issued;
    gboolean ok = kx_ticket_open(with, binding, ticket, len, &login, &issued, &state);
    g_assert_true(ok == (login != NULL && state != NULL));
    return ok;
}

static void test_round_trip(void)
{
    static const size_t lengths[] = {0, 1, 100, KX_TICKET_STATE_MAX};
    char state[KX_TICKET_STATE_MAX];
    randombytes_buf(state, sizeof state);
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        char ticket[KX_TICKET_MAX];
        size_t len = kx_ticket_seal(key, &HERE, &OWNER, state, lengths[i], ticket);
        g_autofree char *login = NULL;
        g_autoptr(GBytes) got = NULL;
        gint64 issued;
        g_assert_true(kx_ticket_open(key, &HERE, ticket, len, &login, &issued, &got));
        g_assert_cmpint(issued, ==, OWNER.issued);
        g_assert_cmpstr(login, ==, "user@domain");
        g_assert_cmpuint(g_bytes_get_size(got), ==, lengths[i]);
        g_assert_true(lengths[i] == 0 ||
                      memcmp(g_bytes_get_data(got, NULL), state, lengths[i]) == 0);
    }
}

/* An edge holds many tickets: each opens its own session only. */
static void test_binding(void)
{
    char ticket[KX_TICKET_MAX];
    size_t len = kx_ticket_seal(key, &HERE, &OWNER, "state", 5, ticket);
    static const KxTicketBinding others[] = {{0, 2, 3}, {1, 1, 3}, {1, 2, 4}, {2, 1, 3}};
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(opens(key, &others[i], ticket, len));
    guint8 other[KX_TICKET_KEY] = {9};
    g_assert_false(opens(other, &HERE, ticket, len));
    g_assert_true(opens(key, &HERE, ticket, len));
}

static void test_tampering(void)
{
    char ticket[KX_TICKET_MAX];
    size_t len = kx_ticket_seal(key, &HERE, &OWNER, "state", 5, ticket);
    for (size_t bit = 0; bit < len * 8; bit++) {
        ticket[bit / 8] = (char)(ticket[bit / 8] ^ 1 << bit % 8);
        g_assert_false(opens(key, &HERE, ticket, len));
        ticket[bit / 8] = (char)(ticket[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++)
        g_assert_false(opens(key, &HERE, ticket, cut));
    char longer[KX_TICKET_MAX + 1] = {0};
    memcpy(longer, ticket, len);
    g_assert_false(opens(key, &HERE, longer, len + 1));
    g_assert_false(opens(key, &HERE, longer, sizeof longer));
}

/* The same session sealed twice looks different: nothing can be told from it. */
static void test_nonce(void)
{
    char a[KX_TICKET_MAX], b[KX_TICKET_MAX];
    size_t len = kx_ticket_seal(key, &HERE, &OWNER, "state", 5, a);
    g_assert_cmpuint(kx_ticket_seal(key, &HERE, &OWNER, "state", 5, b), ==, len);
    g_assert_cmpint(memcmp(a, b, len), !=, 0);
    g_assert_null(memmem(a, len, "user", 4));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (sodium_init() < 0)
        return 1;
    g_test_add_func("/core/ticket/round-trip", test_round_trip);
    g_test_add_func("/core/ticket/binding", test_binding);
    g_test_add_func("/core/ticket/tampering", test_tampering);
    g_test_add_func("/core/ticket/nonce", test_nonce);
    return g_test_run();
}
