/* SPDX-License-Identifier: Apache-2.0 */
/* IMAP as its client, as much as downloading takes: RFC 3501, UIDPLUS (4315). */
#include "base/error.h"
#include "courier/fetch-private.h"

enum {
    CAPABILITIES_MAX = 16 * 1024,
    SKIPPED_MAX = 1024 * 1024, /* bytes of a literal that nobody asked for */
};

static KxSlice slice(const GString *text)
{
    return (KxSlice){text->str, text->len};
}

/* ---- talking ---- */

typedef gboolean (*TakeLine)(KxFetch *fetch, KxSlice line, gpointer data, GError **error);

static gboolean skip_literal(KxFetch *fetch, guint64 len, GError **error)
{
    KxSlice some;
    if (len > SKIPPED_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server sends what nobody asked for");
    while (len > 0) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        size_t part = (size_t)MIN((guint64)some.len, len);
        kx_smtp_conn_consume(fetch->conn, part);
        len -= part;
    }
    return TRUE;
}

static gboolean fail_reply(const char *what, KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_FAILED, "the server refuses %s: %s", what, said);
}

/* A tagged line without its tag; FALSE: it is another line. */
static gboolean is_tagged(const KxFetch *fetch, KxSlice line, KxSlice *ret_rest)
{
    g_autofree char *tag = g_strdup_printf("k%u ", fetch->tag);
    size_t len = strlen(tag);
    if (line.len < len || memcmp(line.data, tag, len) != 0)
        return FALSE;
    *ret_rest = (KxSlice){line.data + len, line.len - len};
    return TRUE;
}

/* Everything up to the tagged response, of which ret_good says whether it is OK and `line` what
 * else. A continuation ends it too when `ret_go_on` is there. */
static gboolean read_responses(KxFetch *fetch, GString *line, TakeLine take, gpointer data,
                               gboolean *ret_good, gboolean *ret_go_on, GError **error)
{
    KxSlice rest;
    guint64 literal;
    for (;;) {
        if (!kx_fetch_read_line(fetch, line, error))
            return FALSE;
        if (is_tagged(fetch, slice(line), &rest)) {
            *ret_good = kx_fetch_has_word((KxSlice){rest.data, MIN(rest.len, (size_t)2)}, 0, "OK");
            return TRUE;
        }
        gboolean more = line->len > 0 && line->str[0] == '+';
        if (more && ret_go_on) {
            *ret_go_on = TRUE;
            return TRUE;
        }
        if (more)
            return kx_fail(error, KX_ERR_PROTOCOL, "the server does not speak IMAP");
        if (take && !take(fetch, slice(line), data, error))
            return FALSE;
        if (!take && kx_imap_literal(slice(line), &literal) && !skip_literal(fetch, literal, error))
            return FALSE;
    }
}

static gboolean say(KxFetch *fetch, const char *command, GError **error)
{
    return kx_fetch_say(fetch, error, "k%u %s", ++fetch->tag, command);
}

/* A command that must succeed. */
static gboolean command(KxFetch *fetch, const char *text, const char *what, TakeLine take,
                        gpointer data, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    gboolean good;
    return say(fetch, text, error) && read_responses(fetch, line, take, data, &good, NULL, error) &&
           (good || fail_reply(what, slice(line), error));
}

/* ---- capabilities ---- */

static gboolean take_capability(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED,
                                GError **error)
{
    if (!kx_fetch_has_word(line, 1, "CAPABILITY"))
        return TRUE;
    if (fetch->capabilities->len + line.len > CAPABILITIES_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of capabilities is too long");
    g_string_append_c(fetch->capabilities, ' ');
    g_string_append_len(fetch->capabilities, line.data, (gssize)line.len);
    return TRUE;
}

static gboolean ask_capabilities(KxFetch *fetch, GError **error)
{
    g_string_truncate(fetch->capabilities, 0);
    return command(fetch, "CAPABILITY", "to say what it can", take_capability, NULL, error);
}

static gboolean has_capability(const KxFetch *fetch, const char *name)
{
    return kx_fetch_has_word(slice(fetch->capabilities), 0, name);
}

/* ---- signing in ---- */

static gboolean offers(const KxFetch *fetch, KxFetchAuth auth)
{
    const char *mechanism = kx_fetch_mechanism(auth);
    g_autofree char *name = mechanism ? g_strconcat("AUTH=", mechanism, NULL) : NULL;
    return name && has_capability(fetch, name);
}

static gboolean fail_sign_in(KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_DENIED, "the server does not accept the sign-in: %s", said);
}

static gboolean auth_login(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *login = kx_imap_quote(fetch->login);
    g_autofree char *password = kx_imap_quote(fetch->password);
    gboolean good;
    if (!login || !password)
        return kx_fail(error, KX_ERR_INVALID, "the name or the password cannot be sent");
    g_autofree char *text = g_strdup_printf("LOGIN %s %s", login, password);
    gboolean ok = say(fetch, text, error) &&
                  read_responses(fetch, line, NULL, NULL, &good, NULL, error) &&
                  (good || fail_sign_in(slice(line), error));
    explicit_bzero(text, strlen(text));
    return ok;
}

static gboolean auth_sasl(KxFetch *fetch, KxFetchAuth auth, GError **error)
{
    enum { STEPS_MAX = 4 };
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text = g_strdup_printf("AUTHENTICATE %s", kx_fetch_mechanism(auth));
    if (!say(fetch, text, error))
        return FALSE;
    for (guint step = 0; step < STEPS_MAX; step++) {
        gboolean good = FALSE, more = FALSE;
        if (!read_responses(fetch, line, NULL, NULL, &good, &more, error))
            return FALSE;
        if (!more)
            return good || fail_sign_in(slice(line), error);
        size_t skip = MIN(line->len, (size_t)2);
        KxSlice challenge = {line->str + skip, line->len - skip};
        g_autofree char *answer = kx_fetch_respond(fetch, auth, step, challenge);
        if (!kx_fetch_say(fetch, error, "%s", answer))
            return FALSE;
    }
    return kx_fail(error, KX_ERR_PROTOCOL, "the server does not come to an end of the sign-in");
}

static gboolean authenticate(KxFetch *fetch, GError **error)
{
    KxFetchAuth auth = kx_fetch_choose_auth(fetch, offers);
    return auth == KX_FETCH_AUTH_USER ? auth_login(fetch, error) : auth_sasl(fetch, auth, error);
}

/* What was said before TLS counts for nothing afterwards; what a server can may be more after
 * sign-in. */
static gboolean sign_in(KxFetch *fetch, GError **error)
{
    fetch->greeting = g_string_new(NULL);
    fetch->capabilities = g_string_new(NULL);
    if (!kx_fetch_read_line(fetch, fetch->greeting, error))
        return FALSE;
    if (!kx_fetch_has_word(slice(fetch->greeting), 1, "OK"))
        return fail_reply("the connection", slice(fetch->greeting), error);
    if (fetch->task.tls == KX_FETCH_STARTTLS &&
        (!command(fetch, "STARTTLS", "TLS", NULL, NULL, error) ||
         !kx_fetch_start_tls(fetch, error)))
        return FALSE;
    return ask_capabilities(fetch, error) && authenticate(fetch, error) &&
           ask_capabilities(fetch, error);
}

/* ---- listing ---- */

static gboolean take_select(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED,
                            GError **error G_GNUC_UNUSED)
{
    guint64 number;
    kx_imap_code(line, "UIDVALIDITY", &fetch->validity);
    if (kx_fetch_has_word(line, 2, "EXISTS") && line.len > 2) {
        const char *space = memchr(line.data + 2, ' ', line.len - 2);
        if (space &&
            kx_fetch_number((KxSlice){line.data + 2, (size_t)(space - line.data) - 2}, &number))
            fetch->listed = (guint)MIN(number, (guint64)G_MAXUINT);
    }
    return TRUE;
}

static gboolean count(KxFetch *fetch, GError **error)
{
    g_autofree char *folder = kx_imap_quote(fetch->folder);
    g_autofree char *text = g_strdup_printf("SELECT %s", folder ? folder : "\"\"");
    return command(fetch, text, "the folder", take_select, NULL, error);
}

static gboolean take_item(KxFetch *fetch, KxSlice line, gpointer data G_GNUC_UNUSED, GError **error)
{
    KxImapItem item;
    guint64 literal;
    if (!kx_imap_item(line, &item) || item.uid == 0 || !item.has_size || item.deleted)
        return !kx_imap_literal(line, &literal) || skip_literal(fetch, literal, error);
    g_autofree char *name =
        g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, fetch->validity, item.uid);
    kx_fetch_add_item(fetch, item.uid, item.size, KX_SLICE_STR(name)); /* the rest comes later */
    return TRUE;
}

static gboolean list(KxFetch *fetch, GError **error)
{
    if (!count(fetch, error))
        return FALSE;
    return fetch->listed == 0 || command(fetch, "UID FETCH 1:* (UID FLAGS RFC822.SIZE)",
                                         "to list messages", take_item, NULL, error);
}

/* ---- messages ---- */

typedef struct {
    const KxFetchItem *item;
    gboolean found, endless;
} Getting;

static gboolean read_literal(KxFetch *fetch, guint64 len, GError **error)
{
    KxSlice some;
    while (len > 0) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        size_t part = (size_t)MIN((guint64)some.len, len);
        g_string_append_len(fetch->piece, some.data, (gssize)part);
        kx_smtp_conn_consume(fetch->conn, part);
        len -= part;
        if ((len == 0 || fetch->piece->len >= KX_CHUNK_MAX / 2) &&
            !kx_fetch_send_piece(fetch, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean send_quoted(KxFetch *fetch, KxSlice quoted, GError **error)
{
    for (size_t i = 0; i < quoted.len; i++) {
        if (quoted.data[i] == '\\' && i + 1 < quoted.len)
            i++;
        g_string_append_c(fetch->piece, quoted.data[i]);
    }
    return kx_fetch_send_piece(fetch, error);
}

static gboolean take_body(KxFetch *fetch, KxSlice line, gpointer data, GError **error)
{
    Getting *getting = data;
    KxImapItem item;
    guint64 literal;
    if (!kx_imap_item(line, &item) || !item.has_body || getting->found ||
        (item.uid != 0 && item.uid != getting->item->number))
        return !kx_imap_literal(line, &literal) || skip_literal(fetch, literal, error);
    getting->found = TRUE;
    if (!item.is_literal)
        return send_quoted(fetch, item.quoted, error);
    fetch->sent = item.literal; /* would it be too much? */
    getting->endless = kx_fetch_is_endless(fetch, getting->item->size);
    fetch->sent = 0;
    return getting->endless
               ? kx_fail(error, KX_ERR_TOO_BIG, "the server sends more than it announced")
               : read_literal(fetch, item.literal, error);
}

static gboolean get(KxFetch *fetch, const KxFetchItem *item, KxFetchContent *ret_state,
                    char **ret_text, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GError) problem = NULL;
    g_autofree char *text =
        g_strdup_printf("UID FETCH %" G_GUINT64_FORMAT " (UID BODY.PEEK[])", item->number);
    Getting getting = {.item = item};
    gboolean good = FALSE;
    if (say(fetch, text, &problem) &&
        read_responses(fetch, line, take_body, &getting, &good, NULL, &problem)) {
        *ret_state = good && getting.found ? KX_FETCH_WHOLE : KX_FETCH_MISSING;
        *ret_text = good ? g_strdup("it is not there any more") : kx_fetch_quote(slice(line));
        return TRUE;
    }
    *ret_state = KX_FETCH_ENDLESS;
    if (!getting.endless)
        g_propagate_error(error, g_steal_pointer(&problem));
    return getting.endless;
}

static gboolean store(KxFetch *fetch, const KxFetchItem *item, const char *flag, gboolean *ret_done,
                      GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text =
        g_strdup_printf("UID STORE %" G_GUINT64_FORMAT " +FLAGS.SILENT (%s)", item->number, flag);
    return say(fetch, text, error) &&
           read_responses(fetch, line, NULL, NULL, ret_done, NULL, error);
}

static gboolean keep(KxFetch *fetch, const KxFetchItem *item, GError **error)
{
    gboolean done;
    return store(fetch, item, "\\Seen", &done, error);
}

/* Without UIDPLUS, EXPUNGE would take what others have marked: the mark must do. */
static gboolean remove_item(KxFetch *fetch, const KxFetchItem *item, gboolean *ret_done,
                            GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text = g_strdup_printf("UID EXPUNGE %" G_GUINT64_FORMAT, item->number);
    if (!store(fetch, item, "\\Deleted", ret_done, error))
        return FALSE;
    if (!*ret_done || !has_capability(fetch, "UIDPLUS"))
        return TRUE;
    return say(fetch, text, error) &&
           read_responses(fetch, line, NULL, NULL, ret_done, NULL, error);
}

/* Deletions counted at once. */
static gboolean end(KxFetch *fetch, GError **error G_GNUC_UNUSED)
{
    say(fetch, "LOGOUT", NULL);
    return TRUE;
}

const KxFetchProtocolCalls kx_fetch_imap = {
    .name = "IMAP",
    .port = 143,
    .tls_port = 993,
    .sign_in = sign_in,
    .count = count,
    .list = list,
    .get = get,
    .keep = keep,
    .remove = remove_item,
    .end = end,
};
