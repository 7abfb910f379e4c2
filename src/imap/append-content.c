/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of messages that APPEND and REPLACE store; pieces are put together (RFC 4469). */
#include "core/url-auth.h"
#include "imap/append-args.h"
#include "imap/mailbox.h"
#include "store/groupware.h"

/* ---- a message that is one literal ---- */

static KxIncoming *take_spool(KxImap *imap, guint spool, GError **error)
{
    if (spool < imap->spools->len)
        return g_steal_pointer(&imap->spools->pdata[spool]);
    kx_fail(error, KX_ERR_BUSY, "The server restarted while the message came in");
    return NULL;
}

static KxIncoming *take_literal(KxImap *imap, const KxImapContent *content, GError **error)
{
    KxIncoming *incoming = content->spooled
                               ? take_spool(imap, content->spool, error)
                               : kx_imap_take_bytes(imap, content->bytes, content->binary, error);
    return incoming && content->binary ? kx_imap_make_safe(imap, incoming, error) : incoming;
}

/* ---- CATENATE ---- */

typedef struct {
    KxImap *imap;
    KxIncoming *out;
    guint64 most;    /* bytes of a message; 0: no limit */
    gboolean binary; /* a piece is a literal8 */
    KxCrlf crlf;
    GError *error;
    const char *bad_url; /* this one cannot be had */
} Catenate;

static gboolean put(Catenate *cat, const char *bytes, size_t len)
{
    if (cat->most > 0 && kx_incoming_size(cat->out) + len > cat->most)
        return kx_fail(&cat->error, KX_ERR_TOO_BIG, "The message is too big");
    if (cat->binary)
        return kx_incoming_write(cat->out, bytes, len, &cat->error);
    if (memchr(bytes, '\0', len))
        return kx_fail(&cat->error, KX_ERR_INVALID,
                       "A message must not hold NUL, except as a literal8");
    enum { PIECE = 64 * 1024 };
    g_autoptr(GString) lines = g_string_sized_new(MIN(len, PIECE) + 1024);
    for (size_t done = 0; done < len; done += MIN(len - done, PIECE)) {
        g_string_truncate(lines, 0);
        kx_crlf_append(&cat->crlf, lines, bytes + done, MIN(len - done, PIECE));
        if (!kx_incoming_write(cat->out, lines->str, lines->len, &cat->error))
            return FALSE;
    }
    return TRUE;
}

static gboolean put_text(Catenate *cat, const KxImapContent *content)
{
    if (!content->spooled)
        return put(cat, content->bytes.data, content->bytes.len);
    g_autoptr(KxIncoming) spool = take_spool(cat->imap, content->spool, &cat->error);
    const char *bytes;
    size_t len;
    return spool && kx_incoming_map(spool, &bytes, &len, &cat->error) && put(cat, bytes, len);
}

/* A relative URL, or one of the user's own that says the server as well. */
static gboolean is_mine(KxImap *imap, const KxImapUrl *url)
{
    KxCore *core = kx_session_core(imap->session);
    const KxUser *user = kx_session_user(imap->session);
    if (url->host && !kx_url_host_is_ours(core, url->host, kx_session_local_ip(imap->session)))
        return FALSE;
    if (!url->user)
        return TRUE;
    g_autoptr(KxUser) named = kx_user_get(core->directory, url->user, NULL);
    return named && named->id == user->id;
}

static gboolean open_own(KxImap *imap, const KxImapUrl *url, KxUrlContent *content, GError **error)
{
    if (!is_mine(imap, url))
        return kx_fail(error, KX_ERR_DENIED, "The URL leads to another server or user");
    if (!url->mailbox && !imap->view)
        return kx_fail(error, KX_ERR_NOT_FOUND, "No folder is selected");
    g_autofree char *path = url->mailbox ? NULL : kx_folder_path(kx_view_folder(imap->view));
    if (path)
        return kx_url_content(imap->selected->account, path, url, content, error);
    g_autoptr(KxImapMailbox) mailbox =
        kx_imap_mailbox_open(imap, url->mailbox, KX_RIGHT_READ, error);
    return mailbox && kx_url_content(mailbox->account, mailbox->path, url, content, error);
}

/* One that is signed counts by its signature (RFC 4469 section 4), others by the user's rights. */
static gboolean open_url(KxImap *imap, const char *text, KxUrlContent *content, GError **error)
{
    g_autoptr(KxImapUrl) url = kx_imap_url_parse(text, error);
    if (!url)
        return FALSE;
    if (url->access == KX_URL_ACCESS_NONE)
        return open_own(imap, url, content, error);
    KxUrlReader reader = {.user = kx_session_user(imap->session),
                          .local_ip = kx_session_local_ip(imap->session)};
    return kx_url_fetch(kx_session_core(imap->session), &reader, url, text, content, error);
}

static gboolean put_url(Catenate *cat, const char *text)
{
    g_auto(KxUrlContent) content = {0};
    if (!open_url(cat->imap, text, &content, &cat->error)) {
        cat->bad_url = text;
        return FALSE;
    }
    return put(cat, content.data, content.len);
}

static gboolean put_parts(Catenate *cat, const KxImapAppendArgs *args,
                          const KxImapAppendMessage *message)
{
    for (guint i = 0; i < message->n; i++) {
        const KxImapAppendPart *part =
            &g_array_index(args->parts, KxImapAppendPart, message->first + i);
        if (!(part->url ? put_url(cat, part->url) : put_text(cat, &part->content)))
            return FALSE;
    }
    if (kx_incoming_size(cat->out) == 0)
        return kx_fail(&cat->error, KX_ERR_INVALID, "An empty message is not stored");
    return TRUE;
}

static KxIncoming *catenate(KxImap *imap, const KxImapAppendArgs *args,
                            const KxImapAppendMessage *message, Catenate *cat)
{
    cat->imap = imap;
    cat->most =
        (guint64)kx_settings_int(kx_session_settings(imap->session), KX_SET_IMAP_MAX_APPEND);
    for (guint i = 0; i < message->n; i++)
        cat->binary |=
            g_array_index(args->parts, KxImapAppendPart, message->first + i).content.binary;
    g_autoptr(KxIncoming) out = kx_imap_new_incoming(imap, &cat->error);
    cat->out = out;
    if (!out || !put_parts(cat, args, message))
        return NULL;
    KxIncoming *whole = g_steal_pointer(&out);
    return cat->binary ? kx_imap_make_safe(imap, whole, &cat->error) : whole;
}

/* ---- answers ---- */

static gboolean fits_a_code(const char *url)
{
    for (; *url; url++)
        if (!g_ascii_isprint(*url) || strchr("]\"\\", *url))
            return FALSE;
    return TRUE;
}

static void refuse(KxImap *imap, const Catenate *cat)
{
    if (cat->bad_url) {
        g_autofree char *code =
            g_strdup_printf("BADURL \"%s\"", fits_a_code(cat->bad_url) ? cat->bad_url : "?");
        kx_imap_no(imap, code, cat->error->message);
    } else if (g_error_matches(cat->error, KX_ERROR, KX_ERR_TOO_BIG)) {
        kx_imap_no(imap, "TOOBIG", cat->error->message);
    } else {
        kx_imap_no_error(imap, cat->error);
    }
}

/* A folder of another kind takes only what it is for. */
static gboolean suits(const KxImapMailbox *mailbox, KxIncoming *incoming, GError **error)
{
    const char *data;
    size_t len;
    KxFolderType type = mailbox->info->type;
    if (type == KX_TYPE_MAIL)
        return TRUE;
    if (!kx_incoming_map(incoming, &data, &len, error))
        return FALSE;
    return kx_groupware_accepts(type, data, len) ||
           kx_fail(error, KX_ERR_INVALID, "This is not what the folder is for");
}

GPtrArray *kx_imap_append_contents(KxImap *imap, const KxImapMailbox *mailbox,
                                   const KxImapAppendArgs *args)
{
    g_autoptr(GPtrArray) contents =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    Catenate cat = {.error = g_steal_pointer(&imap->spool_error)};
    for (guint i = 0; i < args->messages->len && !cat.error; i++) {
        const KxImapAppendMessage *message = &g_array_index(args->messages, KxImapAppendMessage, i);
        const KxImapAppendPart *part =
            &g_array_index(args->parts, KxImapAppendPart, message->first);
        cat = (Catenate){0};
        KxIncoming *incoming = message->catenate ? catenate(imap, args, message, &cat)
                                                 : take_literal(imap, &part->content, &cat.error);
        if (!incoming)
            break;
        g_ptr_array_add(contents, incoming);
        suits(mailbox, incoming, &cat.error);
    }
    if (!cat.error)
        return g_steal_pointer(&contents);
    refuse(imap, &cat);
    g_error_free(cat.error);
    return NULL;
}

KxDelivery *kx_imap_append_deliveries(const KxImapAppendArgs *args, const KxImapMailbox *mailbox)
{
    gboolean may_keywords;
    guint32 permitted = kx_imap_permitted_flags(mailbox->rights, &may_keywords);
    KxDelivery *deliveries = g_new0(KxDelivery, args->messages->len);
    for (guint i = 0; i < args->messages->len; i++) {
        const KxImapAppendMessage *message = &g_array_index(args->messages, KxImapAppendMessage, i);
        const GPtrArray *keywords = message->flags.keywords;
        deliveries[i] = (KxDelivery){
            .account = mailbox->account,
            .folder = mailbox->path,
            .flags = message->flags.flags & permitted,
            .keywords = keywords && may_keywords ? (const char *const *)keywords->pdata : NULL,
            .internal_date = message->date,
        };
    }
    return deliveries;
}
