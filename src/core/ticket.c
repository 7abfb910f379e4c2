/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ticket.h"

#include <sodium.h>

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    LOGIN_MAX = 512,
};

G_STATIC_ASSERT(KX_TICKET_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
G_STATIC_ASSERT(NONCE + TAG + 2 + LOGIN_MAX + KX_TICKET_STATE_MAX <= KX_TICKET_MAX);

size_t kx_ticket_seal(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                      const char *login, const void *state, size_t state_len, char *out)
{
    size_t login_len = strlen(login);
    g_assert(login_len <= LOGIN_MAX && state_len <= KX_TICKET_STATE_MAX);
    guint8 clear[2 + LOGIN_MAX + KX_TICKET_STATE_MAX];
    clear[0] = (guint8)(login_len & 0xff);
    clear[1] = (guint8)(login_len >> 8);
    memcpy(clear + 2, login, login_len);
    if (state_len > 0)
        memcpy(clear + 2 + login_len, state, state_len);
    randombytes_buf(out, NONCE);
    unsigned long long sealed;
    crypto_aead_xchacha20poly1305_ietf_encrypt((guint8 *)out + NONCE, &sealed, clear,
                                               2 + login_len + state_len, (const guint8 *)binding,
                                               sizeof *binding, NULL, (const guint8 *)out, key);
    return NONCE + (size_t)sealed;
}

gboolean kx_ticket_open(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                        const void *ticket, size_t len, char **ret_login, GBytes **ret_state)
{
    guint8 clear[KX_TICKET_MAX];
    unsigned long long got;
    if (len < NONCE + TAG + 2 || len > KX_TICKET_MAX)
        return FALSE;
    const guint8 *bytes = ticket;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(clear, &got, NULL, bytes + NONCE, len - NONCE,
                                                   (const guint8 *)binding, sizeof *binding, bytes,
                                                   key) != 0)
        return FALSE;
    size_t login_len = (size_t)clear[0] | (size_t)clear[1] << 8;
    if (got < 2 + login_len)
        return FALSE;
    *ret_login = g_strndup((const char *)clear + 2, login_len);
    *ret_state = g_bytes_new(clear + 2 + login_len, got - 2 - login_len);
    return TRUE;
}
