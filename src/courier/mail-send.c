/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction: MAIL, RCPT, DATA or BDAT (RFC 5321, 2920, 3030, 3461, 6152, 6531). */
#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "courier/mail-task.h"

enum { PIECE = 64 * 1024 };

/* ---- replies ---- */

void kx_mail_settle(const KxMailSession *session, KxMailRecipient *recipient,
                    const KxSmtpReply *reply)
{
    g_free(recipient->status);
    recipient->code = reply->code;
    recipient->status = kx_smtp_reply_status(reply);
    recipient->peer = (session->features & KX_MAIL_HAS_DSN ? KX_PEER_DSN : 0) |
                      (session->features & KX_MAIL_HAS_DELIVERBY ? KX_PEER_DELIVERBY : 0);
}

static void settle_all(KxMailSession *session, KxMailTask *task, const KxSmtpReply *reply)
{
    for (guint i = 0; i < task->recipients->len; i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (recipient->code == 0 || recipient->code / 100 == 2)
            kx_mail_settle(session, recipient, reply);
    }
}

static guint count_accepted(const KxMailTask *task)
{
    guint n = 0;
    for (guint i = 0; i < task->recipients->len; i++)
        n += ((KxMailRecipient *)task->recipients->pdata[i])->code / 100 == 2;
    return n;
}

/* Recipients that were accepted only for the moment have no result again. */
static void forget_accepted(KxMailTask *task)
{
    for (guint i = 0; i < task->recipients->len; i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (recipient->code / 100 == 2)
            recipient->code = 0;
    }
}

gboolean kx_mail_broke(KxMailSession *session, KxMailTask *task, const GError *error)
{
    g_autofree char *status = g_strdup_printf("4.4.2 %s: %s", session->host, error->message);
    forget_accepted(task);
    if (session->used && count_accepted(task) == 0 && task->code == 0)
        return FALSE; /* nothing has happened yet: a new connection may be tried */
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

/* ---- envelope ---- */

static gboolean read_mail(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                          GError **error)
{
    guint seconds = session->used ? KX_SMTP_REUSED : KX_SMTP_COMMAND;
    if (!kx_smtp_conn_read(session->conn, seconds, reply, error))
        return FALSE;
    session->used = FALSE; /* it lives: from here on what happens counts */
    return TRUE;
}

static gboolean read_rcpt(KxMailSession *session, KxMailRecipient *recipient, KxSmtpReply *reply,
                          GError **error)
{
    if (!kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, error))
        return FALSE;
    kx_mail_settle(session, recipient, reply);
    return TRUE;
}

/* With PIPELINING all commands go out before the first reply is read. `ret_refused`: MAIL was. */
static gboolean send_envelope(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                              gboolean *ret_refused, GError **error)
{
    gboolean pipelining = (session->features & KX_MAIL_HAS_PIPELINING) != 0;
    g_auto(KxSmtpReply) mail = {0};
    if (!kx_mail_say_mail(session, task, error))
        return FALSE;
    if (!pipelining && !read_mail(session, task, &mail, error))
        return FALSE;
    for (guint i = 0; i < task->recipients->len && (pipelining || mail.code / 100 == 2); i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (!kx_mail_say_rcpt(session, recipient, error) ||
            (!pipelining && !read_rcpt(session, recipient, reply, error)))
            return FALSE;
    }
    if (pipelining && !read_mail(session, task, &mail, error))
        return FALSE;
    for (guint i = 0; pipelining && i < task->recipients->len; i++)
        if (!read_rcpt(session, task->recipients->pdata[i], reply, error))
            return FALSE;
    *ret_refused = mail.code / 100 != 2;
    if (*ret_refused) {
        for (guint i = 0; i < task->recipients->len; i++)
            ((KxMailRecipient *)task->recipients->pdata[i])->code = 0;
        settle_all(session, task, &mail);
    }
    return TRUE;
}

/* ---- content ---- */

static ssize_t read_piece(const KxMailTask *task, char *piece, guint64 at, GError **error)
{
    for (;;) {
        ssize_t n = pread(task->fd, piece, PIECE, (off_t)at);
        if (n >= 0 || errno != EINTR) {
            if (n < 0)
                kx_error_errno(error, "cannot read the message");
            return n;
        }
    }
}

/* RFC 5321 section 4.5.2. */
static gboolean write_stuffed(KxMailSession *session, const char *bytes, size_t len,
                              gboolean *line_start, GError **error)
{
    const char *at = bytes, *end = bytes + len;
    while (at < end) {
        if (*line_start && *at == '.' && !kx_smtp_conn_write(session->conn, ".", 1, error))
            return FALSE;
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *next = lf ? lf + 1 : end;
        if (!kx_smtp_conn_write(session->conn, at, (size_t)(next - at), error))
            return FALSE;
        *line_start = lf != NULL;
        at = next;
    }
    return TRUE;
}

static void note_progress(KxMailTask *task, guint64 at)
{
    guint64 whole = MAX(task->size - task->skip, (guint64)1);
    kx_mail_task_progress(task, KX_MAIL_PHASE_SENDS, (guint)((at - task->skip) * 100 / whole),
                          NULL);
}

static gboolean write_content(KxMailSession *session, KxMailTask *task, gboolean stuff,
                              GError **error)
{
    g_autofree char *piece = g_malloc(PIECE);
    gboolean line_start = TRUE;
    guint64 at = task->skip;
    size_t head_len;
    const char *head = g_bytes_get_data(task->head, &head_len);
    if (head_len > 0 && !kx_smtp_conn_write(session->conn, head, head_len, error))
        return FALSE; /* fields: no line of them begins with a dot */
    while (at < task->size) {
        ssize_t n = read_piece(task, piece, at, error);
        if (n == 0)
            kx_fail(error, KX_ERR_IO, "the message is shorter than it should be");
        if (n <= 0)
            return FALSE;
        size_t part = (size_t)MIN((guint64)n, task->size - at);
        if (!(stuff ? write_stuffed(session, piece, part, &line_start, error)
                    : kx_smtp_conn_write(session->conn, piece, part, error)))
            return FALSE;
        at += part;
        note_progress(task, at);
    }
    if (!stuff)
        return TRUE;
    return kx_smtp_conn_printf(session->conn, error, "%s.\r\n", line_start ? "" : "\r\n");
}

static gboolean send_data(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                          GError **error)
{
    if (!kx_smtp_conn_printf(session->conn, error, "DATA\r\n") ||
        !kx_smtp_conn_read(session->conn, KX_SMTP_DATA_INIT, reply, error))
        return FALSE;
    if (reply->code != 354)
        return TRUE;
    return write_content(session, task, TRUE, error) &&
           kx_smtp_conn_read(session->conn, KX_SMTP_DATA_END, reply, error);
}

static gboolean send_bdat(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                          GError **error)
{
    return kx_smtp_conn_printf(session->conn, error, "BDAT %" G_GUINT64_FORMAT " LAST\r\n",
                               kx_mail_task_length(task)) &&
           write_content(session, task, FALSE, error) &&
           kx_smtp_conn_read(session->conn, KX_SMTP_DATA_END, reply, error);
}

static gboolean send_content(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply,
                             GError **error)
{
    gboolean binary = (task->flags & KX_SMTP_BINARYMIME) != 0;
    if (g_atomic_int_get(&task->cancelled))
        return kx_fail(error, KX_ERR_IO, "nobody waits for the message any more");
    task->committed = TRUE;
    if (!(binary ? send_bdat : send_data)(session, task, reply, error))
        return FALSE;
    settle_all(session, task, reply);
    return TRUE;
}

/* ---- 7-bit servers (RFC 6152) ---- */

static gboolean is_7bit(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)bytes[i] >= 0x80)
            return FALSE;
    return TRUE;
}

/* Senders may not have said so. What cannot be read is somebody else's trouble. */
static gboolean has_8bit(const KxMailTask *task)
{
    g_autofree char *piece = g_malloc(PIECE);
    for (guint64 at = task->skip; at < task->size;) {
        ssize_t n = read_piece(task, piece, at, NULL);
        if (n <= 0)
            return FALSE;
        if (!is_7bit(piece, (size_t)n))
            return TRUE;
        at += (guint64)n;
    }
    return FALSE;
}

/* The header of the message, as far as the first piece shows it. */
static gboolean has_8bit_header(const KxMailTask *task)
{
    g_autofree char *piece = g_malloc(PIECE);
    ssize_t n = read_piece(task, piece, task->skip, NULL);
    const char *end = n > 0 ? memmem(piece, (size_t)n, "\r\n\r\n", 4) : NULL;
    return n > 0 && !is_7bit(piece, end ? (size_t)(end - piece) : (size_t)n);
}

/* Many clients ask for it always; what needs it has such addresses or header fields. */
static gboolean needs_utf8(const KxMailTask *task)
{
    if (!(task->flags & KX_SMTP_UTF8))
        return FALSE;
    gboolean needs = !g_str_is_ascii(task->from) || has_8bit_header(task);
    for (guint i = 0; i < task->recipients->len && !needs; i++)
        needs = !g_str_is_ascii(((KxMailRecipient *)task->recipients->pdata[i])->address);
    return needs;
}

/* The core converts it, and begins again. */
static gboolean needs_conversion(const KxMailSession *session, KxMailTask *task)
{
    guint carries = task->flags & KX_SMTP_BINARYMIME ? KX_MAIL_HAS_BINARYMIME | KX_MAIL_HAS_CHUNKING
                                                     : KX_MAIL_HAS_8BITMIME;
    if ((session->features & carries) == carries || task->flags & KX_SMTP_CONVERTED)
        return FALSE;
    if (!(task->flags & KX_SMTP_BINARYMIME) && !has_8bit(task))
        return FALSE;
    task->needs_7bit = TRUE;
    kx_mail_task_result(task, 451, "4.6.3 The next server does not take such content as it is");
    return TRUE;
}

/* ---- all of it ---- */

static gboolean refuse(KxMailTask *task, const char *status)
{
    kx_mail_task_result(task, 550, status);
    return TRUE;
}

/* What the server cannot carry is not tried. TRUE: the task has its result. */
static gboolean cannot_carry(const KxMailSession *session, KxMailTask *task)
{
    if (!(session->features & KX_MAIL_HAS_SMTPUTF8) && needs_utf8(task))
        return refuse(task, "5.6.7 The next server does not take internationalized mail");
    if (task->flags & KX_SMTP_BINARYMIME &&
        (~session->features & (KX_MAIL_HAS_BINARYMIME | KX_MAIL_HAS_CHUNKING)))
        return refuse(task, "5.6.1 The next server does not take binary content");
    if (session->size_max > 0 && kx_mail_task_length(task) > session->size_max)
        return refuse(task, "5.3.4 The message is larger than the next server allows");
    if (!(task->flags & KX_SMTP_BY_RETURN))
        return FALSE;
    /* RFC 2852 section 4: it would not come back. */
    if (!(session->features & KX_MAIL_HAS_DELIVERBY))
        return refuse(task,
                      "5.3.3 The next server cannot see to it that the message comes back when "
                      "it is late, as the sender wants: it has no DELIVERBY");
    if (kx_mail_time_left(task) <= 0)
        return refuse(task, "5.4.7 Not delivered by the time that the sender wanted");
    return FALSE;
}

gboolean kx_mail_reset(KxMailSession *session, KxSmtpReply *reply)
{
    return kx_smtp_conn_printf(session->conn, NULL, "RSET\r\n") &&
           kx_smtp_conn_read(session->conn, KX_SMTP_COMMAND, reply, NULL) && reply->code / 100 == 2;
}

gboolean kx_mail_send(KxMailSession *session, KxMailTask *task)
{
    g_auto(KxSmtpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    gboolean refused = FALSE;
    if (needs_conversion(session, task) || cannot_carry(session, task))
        return TRUE;
    if (!send_envelope(session, task, &reply, &refused, &error))
        return kx_mail_broke(session, task, error);
    if (refused || count_accepted(task) == 0)
        return reply.code != 421 && kx_mail_reset(session, &reply);
    if (!send_content(session, task, &reply, &error))
        return kx_mail_broke(session, task, error);
    return reply.code != 421;
}
