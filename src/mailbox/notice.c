/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/notice-text.h"
#include "log/log-mail.h"
#include "store/incoming.h"

enum { PAUSE_SECONDS = 24 * 60 * 60 };

typedef struct {
    KxStore *store;
    KxDirectory *directory;
    KxQueue *queue;
    KxLogger *logger;
    KxAccount *account;
    KxUsage usage;
    KxLimits limits;
    guint percent;
} Notice;

static guint share(guint64 used, guint64 limit)
{
    if (limit == 0)
        return 0;
    return (guint)MIN((double)used / (double)limit * 100.0, 1e6);
}

guint kx_quota_percent(const KxUsage *usage, const KxLimits *limits)
{
    return MAX(share(usage->bytes, limits->bytes), share(usage->items, limits->items));
}

/* ---- once a day ---- */

static char *mark_of(const Notice *notice, KxNoticeId id)
{
    g_autofree char *name = g_strdup_printf("#%s", kx_notice_name(id));
    return kx_account_file(notice->account, name);
}

static gboolean is_too_early(const char *mark, gint64 now)
{
    struct stat st;
    return stat(mark, &st) == 0 && st.st_mtim.tv_sec > now - PAUSE_SECONDS &&
           st.st_mtim.tv_sec <= now;
}

static gboolean touch(const char *mark, GError **error)
{
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || futimens(fd, NULL) < 0 || fsync(fd) < 0) {
        kx_error_errno(error, "cannot write %s", mark);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    close(fd);
    return TRUE;
}

/* ---- the message ---- */

static char *size_text(guint64 bytes)
{
    return g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static char *limit_text(guint64 limit, gboolean size)
{
    if (limit == 0)
        return g_strdup("unlimited");
    return size ? size_text(limit) : g_strdup_printf("%" G_GUINT64_FORMAT, limit);
}

static char *write_text(const Notice *notice, KxNoticeId id, const char *queue_id,
                        const char *hostname, gint64 now)
{
    const char *name = kx_account_name(notice->account);
    g_autofree char *percent = g_strdup_printf("%u", notice->percent);
    g_autofree char *size = size_text(notice->usage.bytes);
    g_autofree char *size_limit = limit_text(notice->limits.bytes, TRUE);
    g_autofree char *items = g_strdup_printf("%" G_GUINT64_FORMAT, notice->usage.items);
    g_autofree char *items_limit = limit_text(notice->limits.items, FALSE);
    const KxNoticeValue values[] = {
        {"user", name},   {"percent", percent},         {"size", size}, {"size-limit", size_limit},
        {"items", items}, {"items-limit", items_limit}, {NULL, NULL},
    };
    g_autofree char *from = g_strdup_printf("Mail server <postmaster@%s>", hostname);
    g_autofree char *message_id = g_strdup_printf("%s@%s", queue_id, hostname);
    g_autofree char *language = kx_notice_language(notice->directory, name);
    return kx_notice_message(id, language, from, name, message_id, now, values);
}

static void log_delivery(const Notice *notice, const char *queue_id, size_t size)
{
    const char *to[] = {kx_account_name(notice->account), NULL};
    kx_log_mail_recv(
        notice->logger,
        &(KxLogMailRecv){
            .queue_id = queue_id, .service = "Quota", .from = "", .to = to, .size = size});
    kx_log_mail_sent(notice->logger, &(KxLogMailSent){.queue_id = queue_id,
                                                      .recipient = to[0],
                                                      .result = "delivered",
                                                      .status = "2.0.0"});
}

static gboolean deliver(const Notice *notice, KxNoticeId id, gint64 now, GError **error)
{
    char queue_id[KX_QUEUE_ID_SIZE];
    g_autoptr(KxSettings) settings = kx_directory_settings(notice->directory);
    if (!kx_queue_new_id(notice->queue, now, queue_id, error))
        return FALSE;
    g_autofree char *text =
        write_text(notice, id, queue_id, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), now);
    g_autoptr(KxIncoming) incoming = kx_incoming_new(notice->store, error);
    KxDelivery target = {
        .account = notice->account, .folder = "INBOX", .internal_date = now, .beyond_quota = TRUE};
    if (!incoming || !kx_incoming_write(incoming, text, strlen(text), error) ||
        !kx_incoming_deliver_all(&incoming, &target, 1, error))
        return FALSE;
    log_delivery(notice, queue_id, strlen(text));
    return TRUE;
}

/* The mark comes first: rather none than two. */
static void give(const Notice *notice, KxNoticeId id)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GError) error = NULL;
    g_autofree char *mark = mark_of(notice, id);
    if (is_too_early(mark, now))
        return;
    if (!touch(mark, &error) || !deliver(notice, id, now, &error)) {
        unlink(mark);
        kx_log(notice->logger, KX_LOG_ERROR, "%s could not be told about the quota: %s",
               kx_account_name(notice->account), error->message);
    }
}

void kx_quota_notice(KxStore *store, KxDirectory *directory, KxQueue *queue, KxLogger *logger,
                     const char *account_name, gboolean refused)
{
    g_autoptr(KxAccount) account = kx_store_existing_account(store, account_name, NULL);
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    if (!account)
        return;
    Notice notice = {store,
                     directory,
                     queue,
                     logger,
                     account,
                     kx_account_usage(account),
                     kx_account_limits(account),
                     0};
    notice.percent = kx_quota_percent(&notice.usage, &notice.limits);
    kx_debug(logger, KX_DEBUG_QUOTA_LOGIN,
             "%s holds %" G_GUINT64_FORMAT " bytes of %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
             " items of %" G_GUINT64_FORMAT ", %u %%%s",
             account_name, notice.usage.bytes, notice.limits.bytes, notice.usage.items,
             notice.limits.items, notice.percent, refused ? "; something was refused" : "");
    if (refused)
        give(&notice, KX_NOTICE_QUOTA_FULL);
    else if (notice.percent >= (guint)kx_settings_int(settings, KX_SET_QUOTA_WARNING))
        give(&notice, KX_NOTICE_QUOTA_WARNING);
}
