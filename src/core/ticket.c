/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ticket.h"

#include <sodium.h>

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    LOGIN_MAX = 512,
    HEAD = sizeof(gint64) + sizeof(guint16), /* what was issued, length of the login */
};

G_STATIC_ASSERT(KX_TICKET_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
G_STATIC_ASSERT(NONCE + TAG + HEAD + LOGIN_MAX + KX_TICKET_STATE_MAX <= KX_TICKET_MAX);

size_t kx_ticket_seal(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                      const KxTicketOwner *owner, const void *state, size_t state_len, char *out)
{
    const guint16 login_len = (guint16)strlen(owner->login);
    g_assert(login_len <= LOGIN_MAX && state_len <= KX_TICKET_STATE_MAX);
    guint8 clear[HEAD + LOGIN_MAX + KX_TICKET_STATE_MAX];
    memcpy(clear, &owner->issued, sizeof owner->issued);
    memcpy(clear + sizeof owner->issued, &login_len, sizeof login_len);
    memcpy(clear + HEAD, owner->login, login_len);
    if (state_len > 0)
        memcpy(clear + HEAD + login_len, state, state_len);
    randombytes_buf(out, NONCE);
    unsigned long long sealed;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        (guint8 *)out + NONCE, &sealed, clear, HEAD + login_len + state_len,
        (const guint8 *)binding, sizeof *binding, NULL, (const guint8 *)out, key);
    return NONCE + (size_t)sealed;
}

gboolean kx_ticket_open(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                        const void *ticket, size_t len, char **ret_login, gint64 *ret_issued,
                        GBytes **ret_state)
{
    guint8 clear[KX_TICKET_MAX];
    unsigned long long got;
    if (len < NONCE + TAG + HEAD || len > KX_TICKET_MAX)
        return FALSE;
    const guint8 *bytes = ticket;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(clear, &got, NULL, bytes + NONCE, len - NONCE,
                                                   (const guint8 *)binding, sizeof *binding, bytes,
                                                   key) != 0)
        return FALSE;
    guint16 login_len;
    memcpy(&login_len, clear + sizeof *ret_issued, sizeof login_len);
    if (got < (size_t)HEAD + login_len)
        return FALSE;
    memcpy(ret_issued, clear, sizeof *ret_issued);
    *ret_login = g_strndup((const char *)clear + HEAD, login_len);
    *ret_state = g_bytes_new(clear + HEAD + login_len, got - HEAD - login_len);
    return TRUE;
}
