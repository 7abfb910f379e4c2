/* SPDX-License-Identifier: Apache-2.0 */
/* What would become of mail to a domain, step by step as it is delivered, but without a message:
 * the same functions decide, and here say what they found. */
#include <arpa/inet.h>
#include <openssl/x509_vfy.h>

#include "courier/mail-task.h"

enum { HOSTS_MAX = 5, TEXT_MAX = 1000 };

static void say(KxMailTask *task, const char *about, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void say(KxMailTask *task, const char *about, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    if (strlen(valid) > TEXT_MAX)
        *g_utf8_find_prev_char(valid, valid + TEXT_MAX) = '\0';
    for (char *at = valid; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    KxMailLine *line = g_new(KxMailLine, 1);
    *line = (KxMailLine){g_strdup(about), g_steal_pointer(&valid)};
    g_ptr_array_add(task->lines, line);
}

/* ---- the domain ---- */

static void explain_hosts(const KxMailTools *tools, KxMailTask *task, const KxMailHosts *hosts)
{
    for (guint i = 0; i < hosts->names->len; i++)
        say(task, "Host", "%s%s", (const char *)hosts->names->pdata[i],
            i >= HOSTS_MAX ? " (not looked at here)" : "");
    if (!task->mx)
        return;
    if (!tools->dane)
        say(task, "DNSSEC", "not looked at: smtp.dane is off");
    else if (hosts->secure)
        say(task, "DNSSEC", "the MX records are signed: TLSA records of the hosts count");
    else
        say(task, "DNSSEC",
            "%s: TLSA records do not count, and whoever can forge answers of DNS can "
            "name other hosts",
            kx_resolver_validates(tools->resolver) ? "the MX records are not signed"
                                                   : "the DNS servers pass on no signatures");
}

static void explain_policy(const KxMailTools *tools, KxMailTask *task, const KxStsPolicy *policy)
{
    static const char *const problems[KX_TLS_RESULTS] = {
        [KX_TLS_STS_FETCH] = "its web server does not give it",
        [KX_TLS_STS_INVALID] = "it is not valid",
        [KX_TLS_STS_WEBPKI] = "the certificate of its web server is not good",
    };
    if (!task->mx)
        return;
    if (!tools->sts) {
        say(task, "MTA-STS", "not looked at: smtp.mta-sts is off");
    } else if (!policy) {
        const char *problem = problems[task->sts_problem];
        say(task, "MTA-STS", problem ? "a policy is announced, but %s" : "there is no policy%s",
            problem ? problem : "");
    } else {
        static const char *const modes[] = {"none: it asks for nothing",
                                            "testing: what fails is reported only",
                                            "enforce: its hosts need a good certificate"};
        g_autoptr(GString) names = g_string_new(NULL);
        for (guint i = 0; i < policy->mx->len; i++)
            g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", (char *)policy->mx->pdata[i]);
        say(task, "MTA-STS", "policy, mode %s; hosts %s; kept for %u seconds", modes[policy->mode],
            names->str, policy->max_age);
    }
}

/* ---- a host ---- */

static void explain_guard(KxMailTask *task, const KxMailGuard *guard)
{
    static const char *const words[] = {
        [KX_MAIL_TLS_NEVER] = "no TLS, as the administrator wishes",
        [KX_MAIL_TLS_MAY] = "TLS if the host offers it, whatever its certificate",
        [KX_MAIL_TLS_MUST] = "TLS, whatever the certificate",
        [KX_MAIL_TLS_VERIFY] = "TLS with a good certificate",
        [KX_MAIL_TLS_WRAP] = "TLS from the first byte on, with a good certificate",
    };
    if (guard->tlsa) {
        g_autofree char *records = kx_tls_format_tlsa(guard->tlsa);
        say(task, "TLSA", "%s", g_strchomp(records));
    }
    if (guard->unnamed)
        say(task, "MTA-STS", "the policy does not name %s", guard->host);
    say(task, "Needed", "%s%s", words[guard->tls],
        guard->type == KX_TLS_TLSA                            ? " (DANE)"
        : guard->type == KX_TLS_STS && guard->tls > task->tls ? " (MTA-STS)"
                                                              : "");
}

static void explain_session(KxMailTask *task, const KxMailSession *session)
{
    const KxSmtpConn *conn = session->conn;
    g_autofree char *certificate = kx_smtp_conn_certificate(conn);
    long verdict = kx_smtp_conn_verdict(conn);
    say(task, "TLS", "%s",
        kx_smtp_conn_tls(conn)                     ? kx_smtp_conn_tls(conn)
        : session->features & KX_MAIL_HAS_STARTTLS ? "offered, but not used"
                                                   : "the host offers none");
    if (certificate)
        say(task, "Certificate", "%s", certificate);
    if (certificate)
        say(task, "Certificate", "%s",
            verdict == X509_V_OK ? "good" : X509_verify_cert_error_string(verdict));
    if (kx_smtp_conn_tls(conn))
        say(task, "REQUIRETLS",
            session->features & KX_MAIL_HAS_REQUIRETLS ? "offered" : "not offered");
}

static void show_ip(const KxHostAddress *address, char text[INET6_ADDRSTRLEN])
{
    const struct sockaddr *any = (const struct sockaddr *)&address->address;
    const void *bytes =
        any->sa_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)any)->sin_addr
            : &((const struct sockaddr_in6 *)(const void *)any)->sin6_addr;
    inet_ntop(any->sa_family, bytes, text, INET6_ADDRSTRLEN);
}

static gboolean try_address(const KxMailTools *tools, KxMailTask *task, const char *host,
                            const KxHostAddress *address, KxMailGuard *guard)
{
    char ip[INET6_ADDRSTRLEN] = "";
    show_ip(address, ip);
    g_autoptr(KxMailSession) session = kx_mail_session_open(tools, task, host, address, guard);
    if (!session && guard->broken && guard->tls == KX_MAIL_TLS_MAY) {
        say(task, "TLS", "%s", task->status);
        guard->tls = KX_MAIL_TLS_NEVER;
        session = kx_mail_session_open(tools, task, host, address, guard);
        guard->tls = KX_MAIL_TLS_MAY;
    }
    if (session)
        explain_session(task, session);
    say(task, "Result", session ? "%s (%s) would get the mail%s" : "%s (%s) would not: %s", host,
        ip,
        !session                          ? task->status
        : kx_smtp_conn_tls(session->conn) ? ", protected by TLS"
                                          : " in the clear");
    return session != NULL;
}

static gboolean explain_host(const KxMailTools *tools, KxMailTask *task, const char *host,
                             const KxMailHosts *hosts)
{
    g_auto(KxHostAnswer) found = {0};
    g_auto(KxMailGuard) guard = {0};
    gboolean good = FALSE;
    say(task, "Host", "---- %s", host);
    if (kx_resolver_addresses(tools->resolver, host, &found) != KX_DNS_FOUND) {
        say(task, "Result", "%s has no address", host);
        return FALSE;
    }
    gboolean may =
        kx_mail_guard_find(tools, task, host, &found, hosts->secure, hosts->policy, &guard);
    explain_guard(task, &guard);
    if (!may)
        say(task, "Result", "%s would not get the mail: %s", host, task->status);
    for (guint i = 0; may && !good && i < found.addresses->len && i < HOSTS_MAX; i++)
        good = try_address(tools, task, host, &g_array_index(found.addresses, KxHostAddress, i),
                           &guard);
    return good;
}

void kx_mail_explain(const KxMailTools *tools, KxMailTask *task)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(KxStsPolicy) policy = NULL;
    KxMailHosts hosts = {names, FALSE, NULL};
    gboolean any = FALSE;
    if (kx_mail_find_hosts(tools, task, &hosts)) {
        hosts.policy = policy = kx_mail_guard_policy(tools, task);
        explain_hosts(tools, task, &hosts);
        explain_policy(tools, task, policy);
        for (guint i = 0; i < names->len && i < HOSTS_MAX; i++)
            any |= explain_host(tools, task, names->pdata[i], &hosts);
    } else {
        say(task, "Result", "%s", task->status);
    }
    task->reached = TRUE;
    kx_mail_task_result(task, any ? 250 : 451,
                        any ? "2.0.0 mail would be delivered" : "4.0.0 no host would get the mail");
}
