/* SPDX-License-Identifier: Apache-2.0 */
/* The deadline of a question counts from its first step on. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "courier/ldap-conn.h"

static int listen_somewhere(guint *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(fd, 5), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &len), ==, 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static KxLdapConn *open_in(const char *host, KxDirectoryTls mode, int seconds, GError **error)
{
    KxDirectoryState state;
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    const KxLdapWay way = {
        NULL, tls, mode, 60, g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC, 1000};
    KxLdapConn *conn = kx_ldap_conn_open(&way, host, &state, error);
    SSL_CTX_free(tls);
    return conn;
}

static void test_deadline(void)
{
    guint port;
    int fd = listen_somewhere(&port);
    g_autofree char *host = g_strdup_printf("127.0.0.1:%u", port);
    g_autoptr(GError) late = NULL, silent = NULL;
    g_autoptr(KxLdapConn) good = open_in(host, KX_DIRECTORY_PLAIN, 60, NULL);
    g_assert_nonnull(good);
    g_assert_null(open_in(host, KX_DIRECTORY_PLAIN, 0, &late));
    g_assert_cmpstr(late->message, ==, "the directory server took longer than it may");
    gint64 start = g_get_monotonic_time();
    g_assert_null(open_in(host, KX_DIRECTORY_TLS, 2, &silent));
    g_assert_nonnull(silent);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
    close(fd);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(kx_courier_open_libraries(NULL));
    g_test_add_func("/ldap-conn/deadline", test_deadline);
    return g_test_run();
}
