/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/ldap-conn.h"

#include <errno.h>

#include "base/error.h"
#include "base/text.h"

enum { PORT = 389, TLS_PORT = 636 };

/* Bytes that libldap needs to keep what it has read, at least, beside the bytes themselves. */
enum { BESIDE = 64 };

struct KxLdapConn {
    KxSmtpConn *conn;
    LDAP *ldap;
    guint timeout;
    gint64 deadline;
    size_t left; /* bytes that the server may send */
    gboolean over;
    GError *problem; /* of the connection itself */
};

/* ---- what libldap reads and writes through (lber-sockbuf(3)) ---- */

static int io_setup(Sockbuf_IO_Desc *io, void *conn)
{
    io->sbiod_pvt = conn;
    return 0;
}

static int io_remove(Sockbuf_IO_Desc *io)
{
    io->sbiod_pvt = NULL;
    return 0;
}

/* There is always something to read for libldap, so that it waits in io_read() alone, where the
 * times are kept. */
static int io_ctrl(Sockbuf_IO_Desc *io, int option, void *argument)
{
    return option == LBER_SB_OPT_DATA_READY ? 1 : 0;
}

static ber_slen_t io_fail(KxLdapConn *self)
{
    errno = ETIMEDOUT;
    return self->problem ? -1 : 0;
}

/* How long the next wait may take; 0 with the problem: no longer. */
static guint seconds_left(KxLdapConn *self)
{
    gint64 left = (self->deadline - g_get_monotonic_time()) / G_USEC_PER_SEC;
    if (!self->problem && left <= 0)
        kx_fail(&self->problem, KX_ERR_IO, "the directory server took longer than it may");
    return self->problem ? 0 : (guint)MIN((gint64)self->timeout, left);
}

/* What nobody has asked for yet, libldap keeps: there has to be an end to it. */
static gboolean count(KxLdapConn *self, size_t n)
{
    self->over = n + BESIDE > self->left;
    if (self->over)
        return kx_fail(&self->problem, KX_ERR_PROTOCOL,
                       "the answer of the directory is longer than it may be");
    self->left -= n + BESIDE;
    return TRUE;
}

static ber_slen_t io_read(Sockbuf_IO_Desc *io, void *buffer, ber_len_t len)
{
    KxLdapConn *self = io->sbiod_pvt;
    guint seconds = seconds_left(self);
    if (!self->problem && kx_smtp_conn_peek(self->conn).len == 0)
        kx_smtp_conn_fill(self->conn, seconds, &self->problem);
    if (self->problem)
        return io_fail(self);
    KxSlice some = kx_smtp_conn_peek(self->conn);
    size_t n = MIN((size_t)len, some.len);
    if (!count(self, n))
        return io_fail(self);
    memcpy(buffer, some.data, n);
    kx_smtp_conn_consume(self->conn, n);
    return (ber_slen_t)n;
}

static ber_slen_t io_write(Sockbuf_IO_Desc *io, void *bytes, ber_len_t len)
{
    KxLdapConn *self = io->sbiod_pvt;
    if (seconds_left(self) == 0 || !kx_smtp_conn_write(self->conn, bytes, len, &self->problem) ||
        !kx_smtp_conn_flush(self->conn, &self->problem))
        return io_fail(self);
    return (ber_slen_t)len;
}

static int io_close(Sockbuf_IO_Desc *io)
{
    return 0; /* the connection is kx_ldap_conn_free()'s */
}

static const Sockbuf_IO IO = {io_setup, io_remove, io_ctrl, io_read, io_write, io_close};

static gboolean make_handle(KxLdapConn *self, GError **error)
{
    const int version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;
    ber_len_t most = KX_LDAP_MESSAGE_MAX;
    Sockbuf *buffer = NULL;
    if (sym_ldap_init_fd(kx_smtp_conn_fd(self->conn), LDAP_PROTO_EXT, NULL, &self->ldap) !=
            LDAP_SUCCESS ||
        sym_ldap_get_option(self->ldap, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS)
        return kx_fail(error, KX_ERR_FAILED, "libldap cannot use the connection");
    sym_ber_sockbuf_add_io(buffer, (Sockbuf_IO *)(gpointer)&IO, LBER_SBIOD_LEVEL_PROVIDER, self);
    sym_ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
    sym_ldap_set_option(self->ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
    sym_ldap_set_option(self->ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    sym_ldap_set_option(self->ldap, LDAP_OPT_DEREF, &deref);
    sym_ldap_set_option(self->ldap, LDAP_OPT_RESTART, LDAP_OPT_OFF);
    return TRUE;
}

/* ---- connecting ---- */

/* As the directory has checked it; what is not so is the name of no host. */
static char *split_host(const char *text, guint usual, guint *ret_port)
{
    const char *port;
    char *host = kx_split_host_port(text, &port);
    *ret_port = port ? (guint)g_ascii_strtoull(port, NULL, 10) : usual;
    return host ? host : g_strdup(text);
}

static gboolean fail_late(KxLdapConn *self, GError **error)
{
    g_propagate_error(error, g_steal_pointer(&self->problem));
    return FALSE;
}

static gboolean connect_to(KxLdapConn *self, KxResolver *resolver, const char *host, guint port,
                           GError **error)
{
    g_auto(KxHostAnswer) answer = {0};
    if (seconds_left(self) == 0)
        return fail_late(self, error);
    KxDnsAnswer found = kx_resolver_addresses(resolver, host, &answer);
    if (found == KX_DNS_FAILED)
        return kx_fail(error, KX_ERR_IO, "the DNS servers do not answer for the host's name");
    if (found != KX_DNS_FOUND || answer.addresses->len == 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no host of that name");
    for (guint i = 0; i < answer.addresses->len && !self->conn; i++) {
        guint seconds = seconds_left(self);
        g_clear_error(error);
        if (seconds == 0)
            return fail_late(self, error);
        self->conn = kx_smtp_conn_open(&g_array_index(answer.addresses, KxHostAddress, i), port,
                                       NULL, seconds, error);
    }
    return self->conn != NULL;
}

static gboolean ask_for_tls(KxLdapConn *self, GError **error)
{
    int code = sym_ldap_extended_operation_s(self->ldap, LDAP_EXOP_START_TLS, NULL, NULL, NULL,
                                             NULL, NULL);
    if (code == LDAP_SUCCESS)
        return TRUE;
    g_autofree char *why = kx_ldap_conn_explain(self, code);
    return kx_fail(error, KX_ERR_PROTOCOL, "the server does not begin TLS: %s", why);
}

static gboolean start_tls(KxLdapConn *self, const KxLdapWay *way, const char *host, GError **error)
{
    const KxSmtpTls want = {.host = host, .verify = TRUE};
    if (way->mode == KX_DIRECTORY_PLAIN)
        return TRUE;
    if (way->mode == KX_DIRECTORY_STARTTLS && !ask_for_tls(self, error))
        return FALSE;
    /* Not even goodbye is said where TLS did not come about. */
    if (!kx_smtp_conn_start_tls(self->conn, way->tls, &want, &self->problem))
        g_propagate_error(error, g_error_copy(self->problem));
    return self->problem == NULL;
}

KxLdapConn *kx_ldap_conn_open(const KxLdapWay *way, const char *host, KxDirectoryState *ret_state,
                              GError **error)
{
    guint port;
    g_autofree char *name =
        split_host(host, way->mode == KX_DIRECTORY_TLS ? TLS_PORT : PORT, &port);
    g_autoptr(KxLdapConn) self = g_new0(KxLdapConn, 1);
    self->timeout = way->timeout;
    self->deadline = way->deadline;
    self->left = way->bytes;
    *ret_state = KX_DIRECTORY_UNREACHABLE;
    if (!connect_to(self, way->resolver, name, port, error) || !make_handle(self, error))
        return NULL;
    *ret_state = KX_DIRECTORY_NO_TLS;
    if (!start_tls(self, way, name, error))
        return NULL;
    return g_steal_pointer(&self);
}

void kx_ldap_conn_free(KxLdapConn *self)
{
    if (!self)
        return;
    if (self->ldap)
        sym_ldap_unbind_ext(self->ldap, NULL, NULL);
    kx_smtp_conn_free(self->conn);
    g_clear_error(&self->problem);
    g_free(self);
}

/* ---- using it ---- */

LDAP *kx_ldap_conn_handle(KxLdapConn *self)
{
    return self->ldap;
}

const char *kx_ldap_conn_ip(const KxLdapConn *self)
{
    return kx_smtp_conn_ip(self->conn);
}

const char *kx_ldap_conn_tls(const KxLdapConn *self)
{
    return kx_smtp_conn_tls(self->conn);
}

gboolean kx_ldap_conn_is_over(const KxLdapConn *self)
{
    return self->over;
}

int kx_ldap_conn_bind(KxLdapConn *self, const char *dn, const char *password)
{
    struct berval secret = {strlen(password), (char *)password};
    /* RFC 4513 section 5.1.2: a name without a password is nobody, and any server would let him in.
     */
    return secret.bv_len == 0
               ? LDAP_INVALID_CREDENTIALS
               : sym_ldap_sasl_bind_s(self->ldap, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
}

char *kx_ldap_conn_explain(KxLdapConn *self, int code)
{
    if (self->problem)
        return g_strdup(self->problem->message);
    char *said = NULL;
    sym_ldap_get_option(self->ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
    g_autofree char *valid = said && *said ? g_utf8_make_valid(said, -1) : NULL;
    char *text = valid ? g_strdup_printf("%s: %.300s", sym_ldap_err2string(code), valid)
                       : g_strdup(sym_ldap_err2string(code));
    sym_ldap_memfree(said);
    for (char *at = text; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    return text;
}
