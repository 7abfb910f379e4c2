/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/smtp-conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"

enum {
    REPLY_MAX = KX_SMTP_ROOM, /* bytes of a reply, RFC 5321 asks for 512 a line */
    OUT_MAX = 64 * 1024,      /* bytes that are kept back */
    TLS_SECONDS = 60,
};

struct KxSmtpConn {
    int fd;
    SSL *ssl;
    KxBuf in, out;
    char ip[INET6_ADDRSTRLEN], source[INET6_ADDRSTRLEN];
    char *tls;
    guint seconds; /* most that any wait takes; 0: no limit */
};

/* ---- waiting ---- */

static gint64 deadline_in(const KxSmtpConn *conn, guint seconds)
{
    if (conn->seconds > 0)
        seconds = MIN(seconds, conn->seconds);
    return g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
}

static gboolean wait_for(KxSmtpConn *conn, short events, gint64 deadline, GError **error)
{
    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd pfd = {conn->fd, events, 0};
        int n = left > 0 ? poll(&pfd, 1, (int)left) : 0;
        if (n > 0)
            return TRUE;
        if (n == 0)
            return kx_fail(error, KX_ERR_IO, "the server did not answer in time");
        if (errno != EINTR)
            return kx_error_errno(error, "poll");
    }
}

/* ---- connecting ---- */

static void set_port(struct sockaddr_storage *address, guint port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((guint16)port);
    else
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((guint16)port);
}

static void note_ip(char text[INET6_ADDRSTRLEN], const struct sockaddr_storage *address)
{
    const void *bytes =
        address->ss_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
            : &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    inet_ntop(address->ss_family, bytes, text, INET6_ADDRSTRLEN);
}

static void note_source(KxSmtpConn *conn)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(conn->fd, (struct sockaddr *)&address, &len) == 0)
        note_ip(conn->source, &address);
}

static gboolean bind_one(int fd, int family, const char *source, GError **error)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    int rc = 0;
    if (family == AF_INET && inet_pton(AF_INET, source, &four.sin_addr) == 1)
        rc = bind(fd, (struct sockaddr *)&four, sizeof four);
    else if (family == AF_INET6 && inet_pton(AF_INET6, source, &six.sin6_addr) == 1)
        rc = bind(fd, (struct sockaddr *)&six, sizeof six);
    return rc == 0 || kx_error_errno(error, "cannot send from the address %s", source);
}

/* Addresses of the other family than the server's do not count. */
static gboolean bind_source(int fd, int family, const char *sources, GError **error)
{
    g_auto(GStrv) all = g_strsplit(sources, ",", 2);
    for (guint i = 0; all[i]; i++)
        if (!bind_one(fd, family, all[i], error))
            return FALSE;
    return TRUE;
}

static gboolean finish_connect(KxSmtpConn *conn, GError **error)
{
    int problem = 0;
    socklen_t len = sizeof problem;
    if (!wait_for(conn, POLLOUT, deadline_in(conn, KX_SMTP_CONNECT), error))
        return FALSE;
    getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &problem, &len);
    errno = problem;
    return problem == 0 || kx_error_errno(error, "cannot connect");
}

KxSmtpConn *kx_smtp_conn_open(const KxHostAddress *address, guint port, const char *source,
                              guint seconds, GError **error)
{
    struct sockaddr_storage to = address->address;
    g_autoptr(KxSmtpConn) conn = g_new0(KxSmtpConn, 1);
    conn->seconds = seconds;
    kx_buf_init(&conn->in, REPLY_MAX);
    kx_buf_init(&conn->out, 2 * OUT_MAX);
    set_port(&to, port);
    note_ip(conn->ip, &to);
    conn->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (conn->fd < 0) {
        kx_error_errno(error, "cannot connect");
        return NULL;
    }
    int on = 1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source && *source && !bind_source(conn->fd, to.ss_family, source, error))
        return NULL;
    int rc = connect(conn->fd, (struct sockaddr *)&to, address->len);
    if (rc < 0 && errno != EINPROGRESS) {
        kx_error_errno(error, "cannot connect");
        return NULL;
    }
    if (rc < 0 && !finish_connect(conn, error))
        return NULL;
    note_source(conn);
    return g_steal_pointer(&conn);
}

void kx_smtp_conn_free(KxSmtpConn *conn)
{
    if (!conn)
        return;
    if (conn->ssl)
        SSL_free(conn->ssl);
    if (conn->fd >= 0)
        close(conn->fd);
    kx_buf_free(&conn->in);
    kx_buf_free(&conn->out);
    g_free(conn->tls);
    g_free(conn);
}

const char *kx_smtp_conn_tls(const KxSmtpConn *conn)
{
    return conn->tls;
}

const char *kx_smtp_conn_source(const KxSmtpConn *conn)
{
    return conn->source;
}

int kx_smtp_conn_fd(const KxSmtpConn *conn)
{
    return conn->fd;
}

const char *kx_smtp_conn_ip(const KxSmtpConn *conn)
{
    return conn->ip;
}

/* ---- TLS ---- */

static gboolean fail_tls(KxSmtpConn *conn, gboolean verify, GError **error)
{
    long verified = verify ? SSL_get_verify_result(conn->ssl) : X509_V_OK;
    unsigned long code = ERR_get_error();
    const char *why = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                      : code                ? ERR_reason_error_string(code)
                                            : "the connection was closed";
    return kx_fail(error, KX_ERR_PROTOCOL, "TLS failed: %s", why ? why : "unknown reason");
}

/* Waits as OpenSSL asks for; FALSE without an error: it is no matter of waiting. */
static gboolean wait_tls(KxSmtpConn *conn, int rc, gint64 deadline, GError **error)
{
    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(conn, POLLIN, deadline, error);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(conn, POLLOUT, deadline, error);
    default:
        return FALSE;
    }
}

static gboolean is_literal(const char *host)
{
    struct in6_addr bytes;
    return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1;
}

/* ---- TLSA (RFC 7672 section 3.1) ---- */

/* Names of authorities that everybody trusts (PKIX-TA, PKIX-EE) say nothing to a mail server, which
 * has no list of them in common with the other side. */
static gboolean is_usable(const KxTlsa *tlsa)
{
    static const size_t lengths[] = {0, 32, 64}; /* whole, SHA-256, SHA-512 */
    if ((tlsa->usage != 2 && tlsa->usage != 3) || tlsa->selector > 1 || tlsa->matching > 2)
        return FALSE;
    return tlsa->matching == 0 ? tlsa->len > 0 : tlsa->len == lengths[tlsa->matching];
}

guint kx_tlsa_usable(const GPtrArray *tlsa)
{
    guint n = 0;
    for (guint i = 0; i < tlsa->len; i++)
        n += is_usable(tlsa->pdata[i]);
    return n;
}

static gboolean use_tlsa(SSL *ssl, const KxSmtpTls *want, GError **error)
{
    guint used = 0;
    if (SSL_dane_enable(ssl, want->host) <= 0)
        return kx_fail(error, KX_ERR_FAILED, "OpenSSL cannot use TLSA records");
    /* Who has the very key is the right one, whatever name and time the certificate has. */
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (guint i = 0; i < want->tlsa->len; i++) {
        const KxTlsa *tlsa = want->tlsa->pdata[i];
        if (is_usable(tlsa) && SSL_dane_tlsa_add(ssl, tlsa->usage, tlsa->selector, tlsa->matching,
                                                 tlsa->data, tlsa->len) > 0)
            used++;
    }
    /* Records whose content is no certificate or key match nothing. */
    return used > 0 || kx_fail(error, KX_ERR_PROTOCOL, "no TLSA record holds a certificate or key");
}

/* ---- handshake ---- */

static gboolean prepare(SSL *ssl, const KxSmtpTls *want, GError **error)
{
    gboolean literal = is_literal(want->host);
    if (want->tlsa && !use_tlsa(ssl, want, error))
        return FALSE;
    if (!literal && !want->tlsa)
        SSL_set_tlsext_host_name(ssl, want->host); /* with TLSA records it is set already */
    SSL_set_verify(ssl, want->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    /* The name stands where names of hosts stand (RFC 8461 section 4.2); only an authority of DANE
     * may still write it elsewhere (RFC 7672 section 3.2.3). */
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               (want->tlsa ? 0 : X509_CHECK_FLAG_NEVER_CHECK_SUBJECT));
    if (literal)
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), want->host);
    else
        SSL_set1_host(ssl, want->host);
    for (guint i = 0; i < G_N_ELEMENTS(want->names) && want->names[i]; i++)
        SSL_add1_host(ssl, want->names[i]);
    return TRUE;
}

long kx_smtp_conn_verdict(const KxSmtpConn *conn)
{
    return conn->ssl ? SSL_get_verify_result(conn->ssl) : X509_V_ERR_UNSPECIFIED;
}

/* The names that may be looked for in it, else its subject. */
static void append_names(BIO *out, X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < 10; i++) {
        BIO_puts(out, i > 0 ? ", " : "");
        GENERAL_NAME_print(out, sk_GENERAL_NAME_value(names, i));
    }
    if (!names)
        X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
    GENERAL_NAMES_free(names);
}

char *kx_smtp_conn_certificate(const KxSmtpConn *conn)
{
    X509 *certificate = conn->ssl ? SSL_get1_peer_certificate(conn->ssl) : NULL;
    BIO *out = certificate ? BIO_new(BIO_s_mem()) : NULL;
    if (!out)
        return NULL;
    append_names(out, certificate);
    BIO_puts(out, "; issued by ");
    X509_NAME_print_ex(out, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE);
    BIO_puts(out, "; good until ");
    ASN1_TIME_print(out, X509_get0_notAfter(certificate));
    char *bytes = NULL;
    long len = BIO_get_mem_data(out, &bytes);
    char *text = g_utf8_make_valid(bytes, len);
    BIO_free(out);
    X509_free(certificate);
    return text;
}

gboolean kx_smtp_conn_start_tls(KxSmtpConn *conn, SSL_CTX *ctx, const KxSmtpTls *want,
                                GError **error)
{
    gint64 deadline = deadline_in(conn, TLS_SECONDS);
    if (conn->in.len > 0) /* sent before TLS, to be taken for what came inside (RFC 3207) */
        return kx_fail(error, KX_ERR_PROTOCOL, "the server spoke before TLS began");
    conn->ssl = SSL_new(ctx);
    SSL_set_fd(conn->ssl, conn->fd);
    if (!prepare(conn->ssl, want, error))
        return FALSE;
    ERR_clear_error();
    for (int rc; (rc = SSL_connect(conn->ssl)) != 1; ERR_clear_error())
        if (!wait_tls(conn, rc, deadline, error))
            return error && *error ? FALSE : fail_tls(conn, want->verify, error);
    conn->tls = g_strdup_printf("%s %s", SSL_get_version(conn->ssl), SSL_get_cipher(conn->ssl));
    return TRUE;
}

/* ---- writing ---- */

static ssize_t send_some(KxSmtpConn *conn, gint64 deadline, GError **error)
{
    if (conn->ssl) {
        ERR_clear_error();
        int rc = SSL_write(conn->ssl, conn->out.data, (int)MIN(conn->out.len, (size_t)OUT_MAX));
        if (rc > 0)
            return rc;
        if (wait_tls(conn, rc, deadline, error))
            return 0;
        if (error && !*error)
            fail_tls(conn, FALSE, error);
        return -1;
    }
    ssize_t n = send(conn->fd, conn->out.data, conn->out.len, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return wait_for(conn, POLLOUT, deadline, error) ? 0 : -1;
    kx_error_errno(error, "cannot send");
    return -1;
}

gboolean kx_smtp_conn_flush(KxSmtpConn *conn, GError **error)
{
    while (conn->out.len > 0) {
        ssize_t n = send_some(conn, deadline_in(conn, KX_SMTP_DATA_BLOCK), error);
        if (n < 0)
            return FALSE;
        kx_buf_consume(&conn->out, (size_t)n);
    }
    kx_buf_reset(&conn->out);
    return TRUE;
}

gboolean kx_smtp_conn_write(KxSmtpConn *conn, const void *bytes, size_t len, GError **error)
{
    const char *at = bytes;
    while (len > 0) {
        size_t part = MIN(len, (size_t)OUT_MAX);
        if (conn->out.len + part > OUT_MAX && !kx_smtp_conn_flush(conn, error))
            return FALSE;
        kx_buf_append(&conn->out, at, part);
        at += part;
        len -= part;
    }
    return TRUE;
}

gboolean kx_smtp_conn_printf(KxSmtpConn *conn, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return kx_smtp_conn_write(conn, text, strlen(text), error);
}

/* ---- reading ---- */

static gboolean receive_some(KxSmtpConn *conn, gint64 deadline, GError **error)
{
    char piece[4096];
    ssize_t n;
    if (conn->ssl) {
        ERR_clear_error();
        n = SSL_read(conn->ssl, piece, sizeof piece);
        if (n <= 0 && wait_tls(conn, (int)n, deadline, error))
            return TRUE;
        if (n <= 0 && error && *error)
            return FALSE;
    } else {
        n = recv(conn->fd, piece, sizeof piece, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return wait_for(conn, POLLIN, deadline, error);
        if (n < 0)
            return kx_error_errno(error, "the connection broke");
    }
    if (n <= 0)
        return kx_fail(error, KX_ERR_IO, "the server closed the connection");
    return kx_buf_append(&conn->in, piece, (size_t)n) ||
           kx_fail(error, KX_ERR_PROTOCOL, "the server's reply is too long");
}

/* One line of a reply into it. `ret_last`: no more follow. */
static gboolean take_line(KxSmtpReply *reply, const char *line, size_t len, gboolean *ret_last,
                          GError **error)
{
    while (len > 0 && line[len - 1] == '\r')
        len--;
    gboolean good = len >= 3 && g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1]) &&
                    g_ascii_isdigit(line[2]) && line[0] >= '2' && line[0] <= '5' &&
                    (len == 3 || line[3] == ' ' || line[3] == '-');
    if (!good)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server does not speak SMTP");
    reply->code =
        (guint)(line[0] - '0') * 100 + (guint)(line[1] - '0') * 10 + (guint)(line[2] - '0');
    if (reply->text->len > 0)
        g_string_append_c(reply->text, '\n');
    if (len > 4)
        g_string_append_len(reply->text, line + 4, (gssize)len - 4);
    *ret_last = len == 3 || line[3] == ' ';
    return TRUE;
}

gboolean kx_smtp_conn_read(KxSmtpConn *conn, guint seconds, KxSmtpReply *reply, GError **error)
{
    gint64 deadline = deadline_in(conn, seconds);
    gboolean last = FALSE;
    if (!kx_smtp_conn_flush(conn, error))
        return FALSE;
    if (!reply->text)
        reply->text = g_string_new(NULL);
    g_string_truncate(reply->text, 0);
    reply->code = 0;
    while (!last) {
        const char *lf = conn->in.len ? memchr(conn->in.data, '\n', conn->in.len) : NULL;
        if (!lf) {
            if (!receive_some(conn, deadline, error))
                return FALSE;
            continue;
        }
        size_t len = (size_t)(lf - conn->in.data);
        if (!take_line(reply, conn->in.data, len, &last, error))
            return FALSE;
        kx_buf_consume(&conn->in, len + 1);
        if (reply->text->len > REPLY_MAX)
            return kx_fail(error, KX_ERR_PROTOCOL, "the server's reply is too long");
    }
    return TRUE;
}

KxSlice kx_smtp_conn_peek(const KxSmtpConn *conn)
{
    return (KxSlice){conn->in.data, conn->in.len};
}

gboolean kx_smtp_conn_fill(KxSmtpConn *conn, guint seconds, GError **error)
{
    gint64 deadline = deadline_in(conn, seconds);
    size_t before = conn->in.len;
    if (!kx_smtp_conn_flush(conn, error))
        return FALSE;
    while (conn->in.len == before)
        if (!receive_some(conn, deadline, error))
            return FALSE;
    return TRUE;
}

void kx_smtp_conn_consume(KxSmtpConn *conn, size_t len)
{
    kx_buf_consume(&conn->in, len);
}

void kx_smtp_reply_clear(KxSmtpReply *reply)
{
    if (reply->text)
        g_string_free(reply->text, TRUE);
    reply->text = NULL;
}

/* "2.1.5 " and the like at the beginning. */
static gboolean has_status(const char *text)
{
    guint dots = 0;
    const char *at = text;
    if (*at != '2' && *at != '4' && *at != '5')
        return FALSE;
    for (; g_ascii_isdigit(*at) || *at == '.'; at++)
        dots += *at == '.';
    return dots == 2 && (*at == ' ' || *at == '\0');
}

char *kx_smtp_reply_status(const KxSmtpReply *reply)
{
    g_autofree char *text = g_utf8_make_valid(reply->text->str, -1);
    for (char *at = text; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    if (strlen(text) > 500)
        *g_utf8_find_prev_char(text, text + 500) = '\0';
    return has_status(text) ? g_steal_pointer(&text)
                            : g_strdup_printf("%u.0.0 %u %s", reply->code / 100, reply->code, text);
}
