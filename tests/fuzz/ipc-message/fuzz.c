/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between roles: the first byte picks who sends to whom, the rest is the packet. What is
 * accepted must pack again into the same bytes.
 */
#include <stdint.h>

#include "base/error.h"
#include "ipc/message.h"

static char *body_of(KxMessage *message)
{
    return (char *)&message->ROLE_READY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > KX_MESSAGE_MAX)
        return 0;
    KxRole from = (data[0] & 80) == 80 ? KX_ROLE_PAM
                  : data[0] & 64       ? KX_ROLE_KERBEROS
                  : data[0] & 16       ? KX_ROLE_CONVERT
                                       : 1 << (data[0] & 3);
    KxRole to = (data[0] & 160) == 160 ? KX_ROLE_PAM
                : data[0] & 128        ? KX_ROLE_KERBEROS
                : data[0] & 32         ? KX_ROLE_CONVERT
                                       : 1 << (data[0] >> 2 & 3);
    size_t len = size - 1;
    g_autofree char *bytes = g_malloc(len + 1);
    if (len > 0)
        memcpy(bytes, data + 1, len);
    g_autoptr(GError) error = NULL;
    KxMessage message;
    if (!kx_message_parse(bytes, len, from, to, &message, &error)) {
        g_assert(error && error->domain == KX_ERROR);
        return 0;
    }
    g_autofree char *again = g_malloc(len);
    g_assert(kx_message_pack(message.type, message.session, body_of(&message), again, len) == len);
    g_assert(memcmp(again, data + 1, len) == 0);
    return 0;
}
