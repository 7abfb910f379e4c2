/* SPDX-License-Identifier: Apache-2.0 */
/* The courier role's process: the only one that connects to the outside. It opens no file. */
#include <errno.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "courier/fetch.h"
#include "courier/ldap-ask.h"
#include "courier/libraries.h"
#include "courier/syslog-sender.h"
#include "ipc/link.h"
#include "settings/settings.h"
#include "server/roles.h"
#include "server/sandbox.h"

enum { FINISH_SECONDS = 3, TEXT_MAX = 64 * 1024 };

typedef struct {
    struct event_base *base;
    KxLink *keeper;
    KxLink *core; /* NULL while there is none */
    KxSyslogSender *syslog;
    KxMailPool *mail;
    KxCrew *fetch;
    KxLdapPool *ldap;
    struct event *done, *tick;
    GHashTable *begun; /* number -> KxMailTask whose recipients are not complete yet */
} Courier;

static void report(gpointer data, const char *text)
{
    Courier *courier = data;
    if (courier->core)
        kx_link_send(courier->core, KX_MSG_LOG, 0, &(KxMsgLog){KX_EDGE_LOG_WARNING, text}, -1);
}

/* ---- mail ---- */

static void free_task(gpointer task)
{
    kx_mail_task_free(task);
}

static void begin_task(Courier *courier, KxMessage *message)
{
    KxMailTask *task = kx_mail_task_new(message->session, &message->MAIL_TASK, message->fd);
    message->fd = -1;
    g_hash_table_replace(courier->begun, GUINT_TO_POINTER(task->number), task);
}

static void begin_question(Courier *courier, const KxMessage *message)
{
    KxMailTask *task = kx_mail_task_new_question(message->session, &message->MAIL_ASK);
    g_hash_table_replace(courier->begun, GUINT_TO_POINTER(task->number), task);
}

static void add_recipient(Courier *courier, const KxMessage *message)
{
    KxMailTask *task = g_hash_table_lookup(courier->begun, GUINT_TO_POINTER(message->session));
    if (task)
        kx_mail_task_add(task, &message->MAIL_RECIPIENT);
}

static void start_task(Courier *courier, guint32 number)
{
    gpointer task = NULL;
    if (g_hash_table_steal_extended(courier->begun, GUINT_TO_POINTER(number), NULL, &task))
        kx_mail_pool_add(courier->mail, task);
}

static void begin_body(Courier *courier, const KxMessage *message)
{
    KxMailTask *task = g_hash_table_lookup(courier->begun, GUINT_TO_POINTER(message->session));
    if (task)
        kx_mail_task_set_body(task, &message->MAIL_BODY);
}

static void begin_trust(Courier *courier, const KxMessage *message)
{
    KxMailTask *task = g_hash_table_lookup(courier->begun, GUINT_TO_POINTER(message->session));
    if (task)
        kx_mail_task_set_trust(task, &message->MAIL_TRUST);
}

static void report_tls(Courier *courier, const KxMailTask *task)
{
    for (guint i = 0; i < task->notes->len; i++) {
        const KxTlsNote *note = task->notes->pdata[i];
        KxMsgTlsNote message = {.domain = task->route,
                                .rua = task->rua,
                                .type = note->type,
                                .policy = note->policy,
                                .result = note->result,
                                .mx = note->mx,
                                .ip = note->ip,
                                .source = note->source,
                                .reason = note->reason};
        kx_link_send(courier->core, KX_MSG_TLS_NOTE, 0, &message, -1);
    }
}

static void report_lines(Courier *courier, const KxMailTask *task)
{
    for (guint i = 0; i < task->lines->len; i++) {
        const KxMailLine *line = task->lines->pdata[i];
        kx_link_send(courier->core, KX_MSG_MAIL_LINE, task->number,
                     &(KxMsgMailLine){line->about, line->text}, -1);
    }
}

static void report_answer(Courier *courier, const KxMailTask *task)
{
    size_t len;
    if (!task->answer)
        return;
    const void *bytes = g_bytes_get_data(task->answer, &len);
    kx_link_send(courier->core, KX_MSG_MAIL_BODY, task->number,
                 &(KxMsgMailBody){.data = {bytes, len}}, -1);
}

static void report_task(Courier *courier, const KxMailTask *task)
{
    report_lines(courier, task);
    report_answer(courier, task);
    report_tls(courier, task);
    for (guint i = 0; i < task->recipients->len; i++) {
        const KxMailRecipient *recipient = task->recipients->pdata[i];
        if (recipient->code == 0)
            continue;
        kx_link_send(courier->core, KX_MSG_MAIL_RESULT, task->number,
                     &(KxMsgMailResult){i, recipient->code, recipient->status, recipient->peer},
                     -1);
    }
    KxMsgMailEnd end = {.code = task->code,
                        .text = task->status,
                        .reached = task->reached,
                        .host = task->host,
                        .ip = task->ip,
                        .tls = task->protection,
                        .needs_7bit = task->needs_7bit};
    kx_link_send(courier->core, KX_MSG_MAIL_END, task->number, &end, -1);
}

/* Policies that were fetched are for the core to keep. */
static void report_policies(Courier *courier)
{
    KxStsNews *news;
    while ((news = kx_sts_cache_news(kx_mail_pool_sts(courier->mail)))) {
        if (courier->core)
            kx_link_send(courier->core, KX_MSG_STS_POLICY, 0,
                         &(KxMsgStsPolicy){news->domain, news->id, (guint64)news->fetched,
                                           (guint64)news->expires, news->text},
                         -1);
        kx_sts_news_free(news);
    }
}

static void take_policy(Courier *courier, const KxMsgStsPolicy *policy)
{
    KxStsNews kept = {(char *)policy->domain, (char *)policy->id, (char *)policy->text,
                      (gint64)policy->fetched, (gint64)policy->expires};
    kx_sts_cache_add(kx_mail_pool_sts(courier->mail), &kept);
}

static void on_mail_done(evutil_socket_t fd, short what, void *data)
{
    Courier *courier = data;
    KxMailTask *task;
    while ((task = kx_mail_pool_done(courier->mail))) {
        if (courier->core && !g_atomic_int_get(&task->cancelled))
            report_task(courier, task);
        kx_mail_task_free(task);
    }
    report_policies(courier);
}

static void tell_progress(gpointer data, KxMailTask *task)
{
    Courier *courier = data;
    KxMsgMailProgress progress;
    char *host = NULL;
    if (task->kind != KX_MAIL_MESSAGE || !kx_mail_task_news(task, &progress, &host))
        return;
    kx_link_send(courier->core, KX_MSG_MAIL_PROGRESS, task->number, &progress, -1);
    g_free(host);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    Courier *courier = data;
    kx_mail_pool_tick(courier->mail);
    if (courier->core)
        kx_mail_pool_news(courier->mail, tell_progress, courier);
}

/* ---- the core ---- */

static void take_settings(Courier *courier, const KxMsgSettings *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) settings =
        kx_settings_unpack(message->values.data, message->values.len, &error);
    if (settings) {
        kx_mail_pool_configure(courier->mail, settings, &error);
    }
    if (error)
        report(courier, error->message);
}

static void core_message(gpointer data, KxLink *link, KxMessage *message)
{
    Courier *courier = data;
    switch (message->type) {
    case KX_MSG_SYSLOG:
        kx_syslog_sender_send(courier->syslog, &message->SYSLOG);
        break;
    case KX_MSG_SETTINGS:
        take_settings(courier, &message->SETTINGS);
        break;
    case KX_MSG_STS_POLICY:
        take_policy(courier, &message->STS_POLICY);
        break;
    case KX_MSG_MAIL_TASK:
        begin_task(courier, message);
        break;
    case KX_MSG_MAIL_ASK:
        begin_question(courier, message);
        break;
    case KX_MSG_MAIL_RECIPIENT:
        add_recipient(courier, message);
        break;
    case KX_MSG_MAIL_TRUST:
        begin_trust(courier, message);
        break;
    case KX_MSG_MAIL_BODY:
        begin_body(courier, message);
        break;
    case KX_MSG_MAIL_GO:
        start_task(courier, message->session);
        break;
    case KX_MSG_FETCH_TASK:
        kx_fetch_begin(courier->fetch, &message->FETCH_TASK, message->fd);
        message->fd = -1;
        break;
    case KX_MSG_DIRECTORY_TASK:
        kx_ldap_pool_begin(courier->ldap, &message->DIRECTORY_TASK, message->fd);
        message->fd = -1;
        break;
    default:
        break;
    }
}

static void core_closed(gpointer data, KxLink *link, const GError *error)
{
    Courier *courier = data;
    g_clear_pointer(&courier->core, kx_link_free);
    kx_mail_pool_cancel(courier->mail);
    g_hash_table_remove_all(courier->begun);
}

static const KxLinkCallbacks core_callbacks = {core_message, core_closed};

static void keeper_message(gpointer data, KxLink *link, KxMessage *message)
{
    Courier *courier = data;
    if (message->type == KX_MSG_PEER && message->PEER.role == KX_ROLE_CORE) {
        if (courier->core)
            core_closed(courier, courier->core, NULL);
        courier->core = kx_link_new(courier->base, message->fd, KX_ROLE_COURIER, KX_ROLE_CORE,
                                    &core_callbacks, courier);
        message->fd = -1;
    } else if (message->type == KX_MSG_STOP) {
        event_base_loopbreak(courier->base);
    }
}

static void keeper_closed(gpointer data, KxLink *link, const GError *error)
{
    Courier *courier = data;
    event_base_loopbreak(courier->base);
}

static const KxLinkCallbacks keeper_callbacks = {keeper_message, keeper_closed};

/* What is read from files is read here, before the sandbox. */
static char *read_text(const char *path)
{
    char *text = NULL;
    return kx_read_file(path, TEXT_MAX, &text, NULL, NULL) ? text : g_strdup("");
}

static void open_mail(Courier *courier)
{
    g_autofree char *resolv_conf = read_text("/etc/resolv.conf");
    g_autofree char *root_key = read_text("/usr/share/dns/root.key");
    courier->mail = kx_mail_pool_new(resolv_conf, root_key);
    courier->fetch = kx_fetch_crew_new(courier->mail);
    courier->ldap = kx_ldap_pool_new(courier->mail);
    courier->begun = g_hash_table_new_full(NULL, NULL, NULL, free_task);
    courier->done = event_new(courier->base, kx_mail_pool_fd(courier->mail), EV_READ | EV_PERSIST,
                              on_mail_done, courier);
    courier->tick = event_new(courier->base, -1, EV_PERSIST, on_tick, courier);
    event_add(courier->done, NULL);
    event_add(courier->tick, &(struct timeval){1, 0});
}

static void close_mail(Courier *courier)
{
    event_free(courier->done);
    event_free(courier->tick);
    gboolean unused = kx_crew_free(courier->fetch);
    if (kx_ldap_pool_free(courier->ldap) && unused)
        kx_mail_pool_free(courier->mail);
    g_hash_table_unref(courier->begun);
}

int kx_role_courier_main(void)
{
    Courier courier = {.base = event_base_new()};
    g_autoptr(GError) error = NULL;
    if (chdir("/") < 0)
        kx_error_errno(&error, "cannot leave the data directory");
    if (error || !kx_courier_open_libraries(&error)) {
        g_printerr("keryx courier: %s\n", error->message);
        return 1;
    }
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL); /* threads may be at work at the very end */
    courier.syslog = kx_syslog_sender_new(courier.base, KX_FD_JOURNAL, report, &courier);
    open_mail(&courier);
    KxSandbox sandbox;
    if (!kx_sandbox_enter(KX_ROLE_COURIER, &sandbox, &error)) {
        g_printerr("keryx courier: %s\n", error->message);
        return 1;
    }
    courier.keeper = kx_link_new(courier.base, KX_FD_KEEPER, KX_ROLE_COURIER, KX_ROLE_KEEPER,
                                 &keeper_callbacks, &courier);
    kx_link_send(courier.keeper, KX_MSG_ROLE_READY, 0,
                 &(KxMsgRoleReady){sandbox.landlock, sandbox.seccomp}, -1);
    event_base_dispatch(courier.base);
    kx_syslog_sender_finish(courier.syslog, FINISH_SECONDS);
    kx_syslog_sender_free(courier.syslog);
    close_mail(&courier);
    kx_link_free(courier.core);
    kx_link_free(courier.keeper);
    event_base_free(courier.base);
    return 0;
}
