/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of NTLM without a version get one, and no other message is touched. */
#include <string.h>

#include "kerberos/ntlm.h"

enum { NEGOTIATE_OLD = 32, AUTHENTICATE_OLD = 64 };

static GBytes *modernise(const void *bytes, size_t len)
{
    return kx_ntlm_modernise((KxSlice){bytes, len});
}

static void test_negotiate(void)
{
    char message[NEGOTIATE_OLD + 1] = "NTLMSSP\0\1\0\0";
    message[12] = 6;
    g_autoptr(GBytes) modern = modernise(message, NEGOTIATE_OLD);
    size_t len;
    const char *bytes = g_bytes_get_data(modern, &len);
    g_assert_cmpuint(len, ==, NEGOTIATE_OLD + 8);
    g_assert_cmpmem(bytes, NEGOTIATE_OLD, message, NEGOTIATE_OLD);
    g_assert_null(modernise(bytes, len)); /* once is enough */
    g_assert_null(modernise(message, NEGOTIATE_OLD - 1));
    g_assert_null(modernise(message, NEGOTIATE_OLD + 1));
}

/* One field of four bytes behind the header, which begins at `offset`. */
static void fill(char *message, guint8 offset)
{
    memset(message, 0, AUTHENTICATE_OLD + 4);
    memcpy(message, "NTLMSSP\0\3\0\0", 12);
    message[20] = message[22] = 4; /* the response: length and room, */
    message[24] = (char)offset;    /* and where it is */
    message[16] = AUTHENTICATE_OLD;
    memcpy(message + AUTHENTICATE_OLD, "data", 4);
}

static void test_authenticate(void)
{
    char message[AUTHENTICATE_OLD + 4];
    size_t len;
    fill(message, AUTHENTICATE_OLD);
    g_autoptr(GBytes) modern = modernise(message, sizeof message);
    const char *bytes = g_bytes_get_data(modern, &len);
    g_assert_cmpuint(len, ==, sizeof message + 24);
    g_assert_cmpint((guint8)bytes[24], ==, AUTHENTICATE_OLD + 24);
    g_assert_cmpint((guint8)bytes[16], ==, AUTHENTICATE_OLD + 24);
    g_assert_cmpmem(bytes + AUTHENTICATE_OLD + 24, 4, "data", 4);
    g_assert_null(modernise(bytes, len));
    fill(message, 72);
    g_assert_null(modernise(message, sizeof message));
    g_assert_null(modernise(message, AUTHENTICATE_OLD - 1));
}

static void test_others(void)
{
    static const char challenge[NEGOTIATE_OLD] = "NTLMSSP\0\2\0\0";
    static const char foreign[NEGOTIATE_OLD] = "NTLMSSQ\0\1\0\0";
    g_assert_null(modernise(challenge, sizeof challenge));
    g_assert_null(modernise(foreign, sizeof foreign));
    g_assert_null(modernise("", 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kerberos/ntlm/negotiate", test_negotiate);
    g_test_add_func("/kerberos/ntlm/authenticate", test_authenticate);
    g_test_add_func("/kerberos/ntlm/others", test_others);
    return g_test_run();
}
