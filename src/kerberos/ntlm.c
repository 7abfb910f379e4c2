/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos/ntlm.h"

#include <string.h>

/* Where things are: sections 2.2.1.1 and 2.2.1.3. */
enum {
    TYPE_AT = 8,
    NEGOTIATE = 1,
    AUTHENTICATE = 3,
    NEGOTIATE_VERSION_AT = 32, /* and what follows is empty */
    FIELDS_AT = 12,            /* of AUTHENTICATE: length, room and offset of each */
    FIELDS = 6,
    FIELD_LEN = 8,
    AUTHENTICATE_VERSION_AT = 64,
    VERSION_LEN = 8,
    MIC_LEN = 16,
    MESSAGE_MAX = 64 * 1024,
};

static guint32 get_le(const char *at, guint bytes)
{
    guint32 value = 0;
    while (bytes-- > 0)
        value = value << 8 | (guint8)at[bytes];
    return value;
}

static void put_le(char *at, guint32 value)
{
    for (guint i = 0; i < 4; i++)
        at[i] = (char)(value >> (8 * i) & 0xff);
}

/* `n` bytes of nothing after the first `at`. */
static char *widen(KxSlice message, size_t at, size_t n)
{
    char *wide = g_malloc0(message.len + n);
    memcpy(wide, message.data, at);
    memcpy(wide + at + n, message.data + at, message.len - at);
    return wide;
}

/* What it carries begins where the version would. */
static gboolean lacks_version(KxSlice message)
{
    guint32 first = G_MAXUINT32;
    if (message.len < AUTHENTICATE_VERSION_AT)
        return FALSE;
    for (guint i = 0; i < FIELDS; i++) {
        const char *field = message.data + FIELDS_AT + i * FIELD_LEN;
        if (get_le(field, 2) > 0)
            first = MIN(first, get_le(field + 4, 4));
    }
    return first == AUTHENTICATE_VERSION_AT;
}

static GBytes *modernise_authenticate(KxSlice message)
{
    enum { MORE = VERSION_LEN + MIC_LEN };
    if (!lacks_version(message))
        return NULL;
    char *wide = widen(message, AUTHENTICATE_VERSION_AT, MORE);
    for (guint i = 0; i < FIELDS; i++) {
        char *offset = wide + FIELDS_AT + i * FIELD_LEN + 4;
        put_le(offset, get_le(offset, 4) + MORE);
    }
    return g_bytes_new_take(wide, message.len + MORE);
}

GBytes *kx_ntlm_modernise(KxSlice message)
{
    static const char signature[TYPE_AT] = "NTLMSSP";
    if (message.len < NEGOTIATE_VERSION_AT || message.len > MESSAGE_MAX ||
        memcmp(message.data, signature, TYPE_AT) != 0)
        return NULL;
    guint32 type = get_le(message.data + TYPE_AT, 4);
    if (type == NEGOTIATE && message.len == NEGOTIATE_VERSION_AT)
        return g_bytes_new_take(widen(message, message.len, VERSION_LEN),
                                message.len + VERSION_LEN);
    return type == AUTHENTICATE ? modernise_authenticate(message) : NULL;
}
