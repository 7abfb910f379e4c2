/* SPDX-License-Identifier: Apache-2.0 */
/* What is a header of the PROXY protocol, and for whom it speaks. */
#include "net/proxy-header.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

static char *text_of(const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN];
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        return g_strdup_printf("%s:%u", inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text),
                               ntohs(v4->sin_port));
    }
    const struct sockaddr_in6 *v6 = (const void *)address;
    return g_strdup_printf("[%s]:%u", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text),
                           ntohs(v6->sin6_port));
}

/* The header is found in full, and never before its last byte. */
static void assert_header(const void *bytes, size_t len, const char *from, const char *to)
{
    g_autofree char *more = g_malloc(len + 6);
    memcpy(more, bytes, len);
    memcpy(more + len, "EHLO x", 6);
    KxProxyHeader header;
    for (size_t i = 0; i < len; i++)
        g_assert_cmpint(kx_proxy_header_parse(more, i, &header), ==, 0);
    g_assert_cmpint(kx_proxy_header_parse(more, len + 6, &header), ==, (gssize)len);
    g_assert_true(header.local == (from == NULL));
    if (!from)
        return;
    g_autofree char *is_from = text_of(&header.from), *is_to = text_of(&header.to);
    g_assert_cmpstr(is_from, ==, from);
    g_assert_cmpstr(is_to, ==, to);
}

static void test_text(void)
{
    static const struct {
        const char *line, *from, *to;
    } good[] = {
        {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n", "192.0.2.1:56324", "198.51.100.1:25"},
        {"PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "[2001:db8::1]:65535", "[::1]:0"},
        {"PROXY UNKNOWN\r\n", NULL, NULL},
        {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", NULL, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        assert_header(good[i].line, strlen(good[i].line), good[i].from, good[i].to);
    static const char *const bad[] = {
        "EHLO x\r\n",
        "PROXY\r\n",
        "PROXX TCP4",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 x 25\r\n",
        "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1  198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000002\r\n",
    };
    KxProxyHeader header;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(kx_proxy_header_parse(bad[i], strlen(bad[i]), &header), ==, -1);
}

#define BEGIN                          "\r\n\r\n\0\r\nQUIT\n"
#define ASSERT_BINARY(bytes, from, to) assert_header(bytes, sizeof bytes - 1, from, to)

static void test_binary(void)
{
    static const char v4[] = BEGIN "\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\0\x19";
    static const char more[] =
        BEGIN "\x21\x11\0\x10\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\0\x19\x04\0\x01x";
    static const char v6[] = BEGIN "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xff\xff\0\0";
    static const char local[] = BEGIN "\x20\0\0\0", unspecified[] = BEGIN "\x21\0\0\x02xx";
    ASSERT_BINARY(v4, "192.0.2.1:56324", "198.51.100.1:25");
    ASSERT_BINARY(more, "192.0.2.1:56324", "198.51.100.1:25");
    ASSERT_BINARY(v6, "[2001:db8::1]:65535", "[::1]:0");
    ASSERT_BINARY(local, NULL, NULL);
    ASSERT_BINARY(unspecified, NULL, NULL);
    static const char bad[][17] = {BEGIN "\x11\x11\0\x0c", BEGIN "\x22\x11\0\x0c",
                                   BEGIN "\x21\x11\xff\xff", BEGIN "\x21\x31\0\0"};
    KxProxyHeader header;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(kx_proxy_header_parse(bad[i], 16, &header), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proxy-header/text", test_text);
    g_test_add_func("/proxy-header/binary", test_binary);
    return g_test_run();
}
