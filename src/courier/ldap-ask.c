/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/ldap-ask.h"

#include <unistd.h>

#include "base/lock.h"
#include "courier/ldap-private.h"
#include "courier/trust.h"
#include "ipc/channel.h"

enum { QUESTIONS_MAX = 24 };

struct KxLdapPool {
    KxCrew *crew;
    KxMutex lock;
    gboolean begun; /* libldap knows its options */
};

/* ---- a question's life ---- */

static KxLdapQuestion *question_new(const KxMsgDirectoryTask *task, int channel)
{
    KxLdapQuestion *question = g_new0(KxLdapQuestion, 1);
    question->channel = channel;
    question->task = *task;
    question->hosts = g_strsplit(task->hosts, " ", -1);
    question->attributes = g_strsplit(task->attributes, " ", -1);
    question->ca = g_strdup(task->ca);
    question->user = g_strdup(task->user);
    question->password = g_strdup(task->password);
    question->base = g_strdup(task->base);
    question->filter = g_strdup(task->filter);
    question->secret = g_strdup(task->secret);
    return question;
}

static void question_free(KxLdapQuestion *question)
{
    explicit_bzero(question->password, strlen(question->password));
    explicit_bzero(question->secret, strlen(question->secret));
    kx_ldap_conn_free(question->conn);
    close(question->channel);
    g_strfreev(question->hosts);
    g_strfreev(question->attributes);
    g_free(question->ca);
    g_free(question->user);
    g_free(question->password);
    g_free(question->base);
    g_free(question->filter);
    g_free(question->secret);
    g_free(question->found);
    g_free(question->text);
    g_free(question);
}

gboolean kx_ldap_fail(KxLdapQuestion *question, KxDirectoryState state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(question->text);
    question->text = g_strdup_vprintf(format, args);
    va_end(args);
    question->state = state;
    return FALSE;
}

gboolean kx_ldap_fail_code(KxLdapQuestion *question, KxDirectoryState state, const char *what,
                           int code)
{
    g_autofree char *why = kx_ldap_conn_explain(question->conn, code);
    return kx_ldap_fail(question, state, "%s: %s", what, why);
}

/* ---- whose certificates count ---- */

static SSL_CTX *trust(const KxLdapQuestion *question)
{
    if (*question->ca)
        return kx_trust_text(question->ca);
    SSL_CTX_up_ref(question->tools->tls);
    return question->tools->tls;
}

/* ---- asking ---- */

static gboolean sign_in(KxLdapQuestion *question)
{
    int code = *question->user
                   ? kx_ldap_conn_bind(question->conn, question->user, question->password)
                   : LDAP_SUCCESS;
    if (code == LDAP_SUCCESS)
        return TRUE;
    gboolean refused = code == LDAP_INVALID_CREDENTIALS || code == LDAP_NO_SUCH_OBJECT ||
                       code == LDAP_INVALID_DN_SYNTAX || code == LDAP_INAPPROPRIATE_AUTH ||
                       code == LDAP_CONFIDENTIALITY_REQUIRED || code == LDAP_STRONG_AUTH_REQUIRED ||
                       code == LDAP_UNWILLING_TO_PERFORM;
    return kx_ldap_fail_code(question, refused ? KX_DIRECTORY_REFUSED : KX_DIRECTORY_UNREACHABLE,
                             "signing in failed", code);
}

/* Otherwise it is about the one entry, and the others may sign in. */
static gboolean is_away(int code)
{
    return code < 0 || code == LDAP_BUSY || code == LDAP_UNAVAILABLE;
}

/* Nobody is signed in as too, so that it takes as long. */
static gboolean check(KxLdapQuestion *question)
{
    g_autofree char *nobody = g_strdup_printf("cn=nobody-%08x,%s", g_random_int(), question->base);
    int code = kx_ldap_conn_bind(question->conn, question->found ? question->found : nobody,
                                 question->secret);
    question->right = code == LDAP_SUCCESS && question->found;
    switch (code) {
    case LDAP_SUCCESS:
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_INAPPROPRIATE_AUTH:   /* the entry has no password */
    case LDAP_NO_SUCH_OBJECT:       /* it has just gone */
    case LDAP_INVALID_DN_SYNTAX:    /* so it is with nobody */
    case LDAP_UNWILLING_TO_PERFORM: /* locked, in some directories */
    case LDAP_CONSTRAINT_VIOLATION: /* the same in others */
    case LDAP_INSUFFICIENT_ACCESS:
        return TRUE;
    default:
        return kx_ldap_fail_code(question,
                                 is_away(code) ? KX_DIRECTORY_UNREACHABLE : KX_DIRECTORY_FAILED,
                                 "the password could not be checked", code);
    }
}

static gboolean ask_host(KxLdapQuestion *question, const KxLdapWay *way, const char *host)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&question->conn, kx_ldap_conn_free);
    question->host = host;
    question->conn = kx_ldap_conn_open(way, host, &question->state, &error);
    if (!question->conn)
        return kx_ldap_fail(question, question->state, "%s", error->message);
    question->state = KX_DIRECTORY_GOOD;
    return sign_in(question) && kx_ldap_search(question) &&
           (!question->task.check || check(question));
}

/* The next host may know better, unless something was sent to the core already. */
static gboolean may_go_on(const KxLdapQuestion *question)
{
    return question->entries == 0 &&
           (question->state == KX_DIRECTORY_UNREACHABLE || question->state == KX_DIRECTORY_NO_TLS);
}

static void ask(KxLdapQuestion *question)
{
    SSL_CTX *tls = trust(question);
    g_autoptr(GString) said = g_string_new(NULL);
    if (!tls) {
        kx_ldap_fail(question, KX_DIRECTORY_NO_TLS, "there is no certificate in directory-ca");
        return;
    }
    KxLdapWay way = {question->tools->resolver,
                     tls,
                     question->task.tls,
                     question->task.timeout,
                     g_get_monotonic_time() + (gint64)question->task.seconds * G_USEC_PER_SEC,
                     question->task.bytes};
    for (guint i = 0; question->hosts[i]; i++) {
        if (ask_host(question, &way, question->hosts[i]))
            break;
        g_string_append_printf(said, "%s%s: %s", said->len > 0 ? "; " : "", question->hosts[i],
                               question->text);
        if (!may_go_on(question))
            break;
    }
    SSL_CTX_free(tls);
    g_free(question->text);
    question->text = g_utf8_make_valid(said->str, (gssize)MIN(said->len, (gsize)1000));
    if (said->len > 1000)
        question->text[900] = '\0';
}

static void conduct(KxLdapQuestion *question)
{
    if (question->tools)
        ask(question);
    else
        kx_ldap_fail(question, KX_DIRECTORY_NOT_ASKED, "the DNS servers cannot be used");
    KxMsgDirectoryEnd end = {.state = question->state,
                             .right = (guint32)question->right,
                             .text = question->state == KX_DIRECTORY_GOOD ? "" : question->text,
                             .host = question->host,
                             .ip = question->conn ? kx_ldap_conn_ip(question->conn) : "",
                             .tls = question->conn ? kx_ldap_conn_tls(question->conn) : ""};
    kx_channel_send(question->channel, KX_MSG_DIRECTORY_END, 0, &end, -1);
}

/* ---- threads ---- */

/* libldap does this at its first use, for one thread; here, where it finds none of the files that
 * would change what it does (ldap.conf(5)). */
static void begin_library(KxLdapPool *pool)
{
    int version = 0;
    kx_mutex_lock(&pool->lock);
    if (!pool->begun)
        sym_ldap_get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version);
    pool->begun = TRUE;
    kx_mutex_unlock(&pool->lock);
}

static void run(gpointer data, gpointer job, const KxMailTools *tools)
{
    KxLdapQuestion *question = job;
    begin_library(data);
    question->tools = tools;
    conduct(question);
    question_free(question);
}

void kx_ldap_pool_begin(KxLdapPool *pool, const KxMsgDirectoryTask *task, int channel)
{
    KxLdapQuestion *question = question_new(task, channel);
    if (kx_crew_begin(pool->crew, question))
        return;
    KxMsgDirectoryEnd end = {.state = KX_DIRECTORY_NOT_ASKED,
                             .text = "too many questions are under way"};
    kx_channel_send(channel, KX_MSG_DIRECTORY_END, 0, &end, -1);
    question_free(question);
}

KxLdapPool *kx_ldap_pool_new(KxMailPool *mail)
{
    KxLdapPool *pool = g_new0(KxLdapPool, 1);
    pool->crew = kx_crew_new(mail, QUESTIONS_MAX, run, pool);
    kx_mutex_init(&pool->lock);
    return pool;
}

gboolean kx_ldap_pool_free(KxLdapPool *pool)
{
    if (!kx_crew_free(pool->crew))
        return FALSE;
    kx_mutex_clear(&pool->lock);
    g_free(pool);
    return TRUE;
}
