/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting, EHLO, STARTTLS and AUTH (RFC 5321, 3207, 4954). */
#include "base/base64.h"
#include "base/error.h"
#include "base/ip-range.h"
#include "base/text.h"
#include "courier/mail-task.h"

void kx_mail_session_free(KxMailSession *session)
{
    if (!session)
        return;
    if (session->conn) {
        kx_smtp_conn_write(session->conn, "QUIT\r\n", 6, NULL);
        kx_smtp_conn_flush(session->conn, NULL);
    }
    kx_smtp_conn_free(session->conn);
    g_free(session->host);
    g_free(session);
}

/* ---- what went wrong ---- */

static gboolean fail_conn(KxMailTask *task, const char *host, const GError *error)
{
    g_autofree char *status = g_strdup_printf("4.4.1 %s: %s", host, error->message);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

/* A server that refuses everybody may be the only one to do so: never for good. */
static gboolean fail_reply(KxMailTask *task, const char *host, const char *what,
                           const KxSmtpReply *reply)
{
    g_autofree char *said = kx_smtp_reply_status(reply);
    g_autofree char *status =
        g_strdup_printf("4.3.0 %s answered %s with %u %s", host, what, reply->code, said);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

static gboolean fail_tls(KxMailTask *task, const char *host, const char *why)
{
    if (kx_mail_task_requires_tls(task)) {
        g_autofree char *unsafe = g_strdup_printf(
            "5.7.10 The sender requires TLS with a good certificate. %s: %s", host, why);
        kx_mail_task_unsafe(task, unsafe);
        return FALSE;
    }
    g_autofree char *status = g_strdup_printf("4.7.5 %s: %s", host, why);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

/* ---- EHLO ---- */

static gboolean has_word(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list, " ", -1);
    for (guint i = 0; words[i]; i++)
        if (g_ascii_strcasecmp(words[i], word) == 0)
            return TRUE;
    return FALSE;
}

static void take_auth(KxMailSession *session, const char *mechanisms)
{
    if (has_word(mechanisms, "PLAIN"))
        session->features |= KX_MAIL_HAS_AUTH_PLAIN;
    if (has_word(mechanisms, "LOGIN"))
        session->features |= KX_MAIL_HAS_AUTH_LOGIN;
}

static void take_feature(KxMailSession *session, const char *line)
{
    static const struct {
        const char *word;
        guint feature;
    } words[] = {
        {"PIPELINING", KX_MAIL_HAS_PIPELINING},
        {"8BITMIME", KX_MAIL_HAS_8BITMIME},
        {"SMTPUTF8", KX_MAIL_HAS_SMTPUTF8},
        {"DSN", KX_MAIL_HAS_DSN},
        {"SIZE", KX_MAIL_HAS_SIZE},
        {"STARTTLS", KX_MAIL_HAS_STARTTLS},
        {"CHUNKING", KX_MAIL_HAS_CHUNKING},
        {"BINARYMIME", KX_MAIL_HAS_BINARYMIME},
        {"REQUIRETLS", KX_MAIL_HAS_REQUIRETLS},
        {"DELIVERBY", KX_MAIL_HAS_DELIVERBY},
        {"MT-PRIORITY", KX_MAIL_HAS_PRIORITY},
    };
    size_t len = strcspn(line, " =");
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (kx_ascii_equal(line, len, words[i].word))
            session->features |= words[i].feature;
    if (kx_ascii_equal(line, len, "SIZE") && line[len] == ' ')
        session->size_max = g_ascii_strtoull(line + len + 1, NULL, 10);
    if (kx_ascii_equal(line, len, "AUTH") && line[len])
        take_auth(session, line + len + 1);
}

static void take_features(KxMailSession *session, const KxSmtpReply *reply)
{
    g_auto(GStrv) lines = g_strsplit(reply->text->str, "\n", 100);
    session->features = 0;
    session->size_max = 0;
    for (guint i = 1; lines[0] && lines[i]; i++)
        take_feature(session, lines[i]);
}

static gboolean say(KxMailSession *session, KxSmtpReply *reply, const char *verb, const char *name,
                    GError **error)
{
    return kx_smtp_conn_printf(session->conn, error, "%s %s\r\n", verb, name) &&
           kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, error);
}

/* HELO for servers of another age. */
static gboolean greet(KxMailSession *session, const KxMailTools *tools, KxMailTask *task,
                      KxSmtpReply *reply)
{
    g_autoptr(GError) error = NULL;
    if (!say(session, reply, "EHLO", tools->helo, &error))
        return fail_conn(task, session->host, error);
    if (reply->code / 100 == 2) {
        take_features(session, reply);
        return TRUE;
    }
    if (!say(session, reply, "HELO", tools->helo, &error))
        return fail_conn(task, session->host, error);
    return reply->code / 100 == 2 || fail_reply(task, session->host, "HELO", reply);
}

/* ---- TLS ---- */

static void note_result(KxMailGuard *guard, KxTlsResult result, const char *reason)
{
    guard->tried = TRUE;
    guard->result = result;
    g_free(guard->reason);
    guard->reason = g_strdup(reason);
}

/* A policy of MTA-STS that is only tested is looked at all the same (RFC 8461 section 5.2). */
static void note_handshake(const KxMailSession *session, KxMailGuard *guard, const GError *error)
{
    long verdict = kx_smtp_conn_verdict(session->conn);
    KxTlsResult result = kx_tls_result_of(verdict);
    if (error)
        note_result(guard, result == KX_TLS_GOOD ? KX_TLS_VALIDATION : result, error->message);
    else if (guard->type == KX_TLS_STS && verdict != X509_V_OK)
        note_result(guard, result, X509_verify_cert_error_string(verdict));
    else
        note_result(guard, KX_TLS_GOOD, NULL);
}

static gboolean shake_hands(KxMailSession *session, const KxMailTools *tools, KxMailGuard *guard,
                            GError **error)
{
    KxSmtpTls want = {.host = guard->host,
                      .names = {guard->names[0], guard->names[1]},
                      .verify = guard->tls >= KX_MAIL_TLS_VERIFY,
                      .tlsa = guard->tlsa};
    g_autoptr(GError) problem = NULL;
    guard->broken = !kx_smtp_conn_start_tls(session->conn, tools->tls, &want, &problem);
    note_handshake(session, guard, problem);
    if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return !guard->broken;
}

static gboolean no_tls(KxMailSession *session, KxMailTask *task, KxMailGuard *guard,
                       const char *what)
{
    note_result(guard, KX_TLS_NO_STARTTLS, what);
    if (guard->tls == KX_MAIL_TLS_MAY)
        return TRUE;
    g_autofree char *why = guard->tlsa ? g_strdup_printf("%s, which DANE requires", what)
                                       : g_strdup_printf("%s, which is required", what);
    return fail_tls(task, session->host, why);
}

static gboolean start_tls(KxMailSession *session, const KxMailTools *tools, KxMailTask *task,
                          KxMailGuard *guard, KxSmtpReply *reply)
{
    g_autoptr(GError) error = NULL;
    if (!(session->features & KX_MAIL_HAS_STARTTLS))
        return no_tls(session, task, guard, "the server offers no TLS");
    if (!kx_smtp_conn_printf(session->conn, &error, "STARTTLS\r\n") ||
        !kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, &error))
        return fail_conn(task, session->host, error);
    if (reply->code != 220)
        return no_tls(session, task, guard, "the server refuses to begin TLS");
    if (!shake_hands(session, tools, guard, &error))
        return fail_tls(task, session->host, error->message);
    return greet(session, tools, task, reply);
}

static gboolean wrap_tls(KxMailSession *session, const KxMailTools *tools, KxMailTask *task,
                         KxMailGuard *guard)
{
    g_autoptr(GError) error = NULL;
    return shake_hands(session, tools, guard, &error) ||
           fail_tls(task, session->host, error->message);
}

/* ---- AUTH ---- */

static gboolean sign_in_failed(KxMailTask *task, const char *host, const KxSmtpReply *reply)
{
    g_autofree char *said = kx_smtp_reply_status(reply);
    g_autofree char *status =
        g_strdup_printf("4.7.8 %s does not accept the sign-in: %s", host, said);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

static gboolean auth_plain(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                           GError **error)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    g_string_append_printf(plain, "%c%s%c%s", 0, task->user, 0, task->password);
    g_autofree char *text = g_base64_encode((const guchar *)plain->str, plain->len);
    return say(session, reply, "AUTH PLAIN", text, error);
}

static gboolean send_encoded(KxMailSession *session, const char *text, KxSmtpReply *reply,
                             GError **error)
{
    g_autofree char *encoded = g_base64_encode((const guchar *)text, strlen(text));
    return kx_smtp_conn_printf(session->conn, error, "%s\r\n", encoded) &&
           kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, error);
}

static gboolean auth_login(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                           GError **error)
{
    if (!kx_smtp_conn_printf(session->conn, error, "AUTH LOGIN\r\n") ||
        !kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, error))
        return FALSE;
    if (reply->code == 334 && !send_encoded(session, task->user, reply, error))
        return FALSE;
    return reply->code != 334 || send_encoded(session, task->password, reply, error);
}

/* Never in the clear, but to this host itself (SMTP-28). */
static gboolean is_private(const KxMailSession *session)
{
    return kx_smtp_conn_tls(session->conn) || kx_ip_is_loopback(kx_smtp_conn_ip(session->conn));
}

static gboolean sign_in(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply)
{
    g_autoptr(GError) error = NULL;
    if (!*task->user || *task->pop3_host)
        return TRUE;
    if (!is_private(session))
        return fail_tls(task, session->host, "passwords are not sent without TLS");
    guint features = session->features;
    if (!(features & (KX_MAIL_HAS_AUTH_PLAIN | KX_MAIL_HAS_AUTH_LOGIN)))
        return fail_tls(task, session->host, "the server offers no AUTH PLAIN or LOGIN");
    gboolean done = features & KX_MAIL_HAS_AUTH_PLAIN ? auth_plain(session, task, reply, &error)
                                                      : auth_login(session, task, reply, &error);
    if (!done)
        return fail_conn(task, session->host, error);
    return reply->code == 235 || sign_in_failed(task, session->host, reply);
}

/* ---- all of it ---- */

/* The server has to promise to go on like this (RFC 8689 section 4.2.1). */
static gboolean promises(const KxMailSession *session, KxMailTask *task)
{
    if (!kx_mail_task_requires_tls(task) || session->features & KX_MAIL_HAS_REQUIRETLS)
        return TRUE;
    g_autofree char *status = g_strdup_printf(
        "5.7.30 The sender requires TLS all the way, and %s offers no REQUIRETLS", session->host);
    kx_mail_task_unsafe(task, status);
    return FALSE;
}

static gboolean begin(KxMailSession *session, const KxMailTools *tools, KxMailTask *task,
                      KxMailGuard *guard)
{
    g_auto(KxSmtpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    if (guard->tls == KX_MAIL_TLS_WRAP && !wrap_tls(session, tools, task, guard))
        return FALSE;
    if (!kx_smtp_conn_read(session->conn, KX_SMTP_GREETING, &reply, &error))
        return fail_conn(task, session->host, error);
    task->reached = TRUE;
    if (reply.code / 100 != 2)
        return fail_reply(task, session->host, "the connection", &reply);
    if (!greet(session, tools, task, &reply))
        return FALSE;
    if (guard->tls != KX_MAIL_TLS_NEVER && guard->tls != KX_MAIL_TLS_WRAP &&
        !start_tls(session, tools, task, guard, &reply))
        return FALSE;
    return promises(session, task) && sign_in(session, task, &reply);
}

KxMailSession *kx_mail_session_open(const KxMailTools *tools, KxMailTask *task, const char *host,
                                    const KxHostAddress *address, KxMailGuard *guard)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxMailSession) session = g_new0(KxMailSession, 1);
    guard->tried = guard->broken = FALSE;
    session->host = g_strdup(host);
    session->conn = kx_smtp_conn_open(address, task->port, task->source, task->seconds, &error);
    if (!session->conn) {
        fail_conn(task, host, error);
        return NULL;
    }
    g_free(guard->ip);
    g_free(guard->source);
    guard->ip = g_strdup(kx_smtp_conn_ip(session->conn));
    guard->source = g_strdup(kx_smtp_conn_source(session->conn));
    return begin(session, tools, task, guard) ? g_steal_pointer(&session) : NULL;
}
