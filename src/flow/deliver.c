/* SPDX-License-Identifier: Apache-2.0 */
/* Into the mailboxes here (SMTP-01). */
#include "base/error.h"
#include "flow/public-folder.h"
#include "flow/queue-private.h"
#include "log/log-mail.h"
#include "log/log-security.h"

static const char INBOX[] = "INBOX";

/* One account, however many recipients lead there. */
typedef struct {
    KxAccount *account; /* NULL: it could not be opened */
    guint delivery;     /* index of its KxDelivery */
    GError *error;
} Target;

static void target_free(Target *target)
{
    kx_account_unref(target->account);
    g_clear_error(&target->error);
    g_free(target);
}

static gboolean is_public(const KxEnvelopeRcpt *rcpt)
{
    return g_str_has_prefix(rcpt->account, KX_ENVELOPE_PUBLIC) && rcpt->folder;
}

static KxAccount *open_account(KxQueue *queue, const KxEnvelopeRcpt *rcpt, GError **error)
{
    const char *name = rcpt->account;
    if (is_public(rcpt))
        return kx_public_folder_open(queue->store, queue->directory,
                                     name + strlen(KX_ENVELOPE_PUBLIC), rcpt->folder, error);
    g_autoptr(KxUser) user = kx_user_get(queue->directory, name, error);
    return user ? kx_store_account(queue->store, user->domain, user->name, error) : NULL;
}

static char *target_key(const KxEnvelopeRcpt *rcpt)
{
    return g_strdup_printf("%s/%s", rcpt->account, rcpt->folder ? rcpt->folder : INBOX);
}

/* "Account/Folder" -> Target for all recipients of that duty; `firsts` gets the first recipient for
 * each delivery. */
static GHashTable *open_targets(KxQueue *queue, const KxEnvelope *envelope, KxDuty duty,
                                GArray *deliveries, GPtrArray *firsts)
{
    GHashTable *targets =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)target_free);
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!kx_envelope_rcpt_is_due(rcpt) || rcpt->duty != duty)
            continue;
        g_autofree char *key = target_key(rcpt);
        if (g_hash_table_contains(targets, key))
            continue;
        Target *target = g_new0(Target, 1);
        target->account = open_account(queue, rcpt, &target->error);
        target->delivery = deliveries->len;
        g_hash_table_insert(targets, g_steal_pointer(&key), target);
        if (target->account) {
            KxDelivery delivery = {.account = target->account,
                                   .folder = rcpt->folder ? rcpt->folder : INBOX,
                                   .internal_date = envelope->created};
            g_array_append_val(deliveries, delivery);
            g_ptr_array_add(firsts, (gpointer)rcpt);
        }
    }
    return targets;
}

/* A public folder that was there when the mail was taken may be made again; the mail waits. */
static char *status_of(const KxEnvelopeRcpt *rcpt, const GError *error)
{
    const char *code = "4.3.0";
    if (g_error_matches(error, KX_ERROR, KX_ERR_OVERQUOTA))
        code = "4.2.2";
    else if (g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        code = is_public(rcpt) ? "4.2.0" : "5.1.1";
    return g_strdup_printf("%s %s", code, error->message);
}

static void settle(KxEnvelopeRcpt *rcpt, const GError *error)
{
    rcpt->tried = TRUE;
    rcpt->duty = error ? KX_DUTY_QUEUED : KX_DUTY_DONE;
    g_free(rcpt->status);
    rcpt->status = error ? status_of(rcpt, error) : NULL;
}

/* ---- X-Envelope-To (ADV-04) ---- */

/* The content with the address by which it comes to this mailbox, behind the Return-Path. No copy
 * says who else has it. */
static KxIncoming *mark(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt,
                        KxIncoming *incoming, GError **error)
{
    const char *data;
    size_t len;
    if (!kx_incoming_map(incoming, &data, &len, error))
        return NULL;
    size_t skip = MIN((size_t)envelope->skip, len);
    g_autofree char *line =
        g_strdup_printf("X-Envelope-To: <%s>\r\n", rcpt->original ? rcpt->original : rcpt->address);
    g_autoptr(KxIncoming) copy = kx_incoming_new(queue->store, error);
    return copy && kx_incoming_write(copy, data, skip, error) &&
                   kx_incoming_write(copy, line, strlen(line), error) &&
                   kx_incoming_write(copy, data + skip, len - skip, error)
               ? g_steal_pointer(&copy)
               : NULL;
}

static void deliver_marked(KxQueue *queue, const KxEnvelope *envelope, KxIncoming *incoming,
                           KxDelivery *deliveries, const GPtrArray *firsts)
{
    for (guint i = 0; i < firsts->len; i++) {
        g_autoptr(KxIncoming) copy =
            mark(queue, envelope, firsts->pdata[i], incoming, &deliveries[i].ret_error);
        if (copy)
            kx_incoming_deliver(copy, &deliveries[i], 1);
    }
}

static gboolean wants_marks(KxQueue *queue)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(queue->directory);
    return kx_settings_bool(settings, KX_SET_MAIL_ENVELOPE_TO);
}

/* ---- all of it ---- */

guint kx_queue_deliver(KxQueue *queue, KxEnvelope *envelope, KxDuty duty, KxIncoming *incoming,
                       GError **error)
{
    g_autoptr(GArray) deliveries = g_array_new(FALSE, TRUE, sizeof(KxDelivery));
    g_autoptr(GPtrArray) firsts = g_ptr_array_new();
    g_autoptr(GHashTable) targets = open_targets(queue, envelope, duty, deliveries, firsts);
    KxDelivery *all = (KxDelivery *)(void *)deliveries->data;
    if (deliveries->len > 0 && wants_marks(queue))
        deliver_marked(queue, envelope, incoming, all, firsts);
    else if (deliveries->len > 0)
        kx_incoming_deliver(incoming, all, deliveries->len);
    guint done = 0;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_autofree char *key = rcpt->account ? target_key(rcpt) : NULL;
        Target *target = key ? g_hash_table_lookup(targets, key) : NULL;
        if (!target || rcpt->duty != duty || !kx_envelope_rcpt_is_due(rcpt))
            continue;
        if (target->account && all[target->delivery].ret_error)
            target->error = g_steal_pointer(&all[target->delivery].ret_error);
        settle(rcpt, target->error);
        done += !target->error;
        if (target->error && error && !*error)
            *error = g_error_copy(target->error);
    }
    return done;
}

/* What follows the code: "5.1.1 no such user". */
static const char *text_of(const char *status)
{
    const char *space = strchr(status, ' ');
    return space ? space + 1 : status;
}

void kx_queue_log_result(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt)
{
    gboolean done = rcpt->duty == KX_DUTY_DONE;
    gboolean failed = !done && rcpt->status[0] == '5';
    g_autofree char *code =
        done ? g_strdup("2.0.0") : g_strndup(rcpt->status, strcspn(rcpt->status, " "));
    kx_log_mail_sent(queue->logger, &(KxLogMailSent){.queue_id = envelope->id,
                                                     .recipient = rcpt->address,
                                                     .result = done     ? "delivered"
                                                               : failed ? "failed"
                                                                        : "delayed",
                                                     .status = code});
    if (failed)
        kx_log_undelivered(queue->logger, envelope->id, envelope->sender, rcpt->address, code,
                           text_of(rcpt->status));
    else if (!done && rcpt->account)
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s could not be delivered to <%s>: %s",
               envelope->id, rcpt->address, rcpt->status);
}

gint64 kx_queue_next_try(KxQueue *queue, guint64 attempts, gint64 now)
{
    KxSettings *settings = kx_directory_settings(queue->directory);
    gint64 most = kx_settings_int(settings, KX_SET_QUEUE_RETRY);
    kx_settings_unref(settings);
    gint64 wait = G_GINT64_CONSTANT(60) << MIN(attempts - 1, (guint64)8);
    return now + MIN(wait, most);
}
