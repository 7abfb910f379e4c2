/* SPDX-License-Identifier: Apache-2.0 */
/* POP3 as its client: RFC 1939, CAPA (2449), STLS (2595), AUTH (5034). */
#include "base/error.h"
#include "courier/fetch-private.h"

enum { CAPABILITIES_MAX = 16 * 1024 };

static KxSlice slice(const GString *text)
{
    return (KxSlice){text->str, text->len};
}

/* ---- talking ---- */

static gboolean fail_reply(const char *what, KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_FAILED, "the server refuses %s: %s", what, said);
}

/* A reply; what it says is in `line` from `ret_text` on. */
static gboolean read_reply(KxFetch *fetch, GString *line, KxFetchReply *ret_reply,
                           KxSlice *ret_text, GError **error)
{
    if (!kx_fetch_read_line(fetch, line, error))
        return FALSE;
    *ret_reply = kx_pop3_reply(slice(line), ret_text);
    return *ret_reply != KX_REPLY_BAD ||
           kx_fail(error, KX_ERR_PROTOCOL, "the server does not speak POP3");
}

/* The reply to a command just sent; `ret_good`: it is +OK. */
static gboolean read_good(KxFetch *fetch, gboolean *ret_good, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    if (!read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    *ret_good = reply == KX_REPLY_GOOD;
    return TRUE;
}

/* The same, and it must be. */
static gboolean expect_good(KxFetch *fetch, const char *what, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    return read_reply(fetch, line, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || fail_reply(what, text, error));
}

/* The lines of a longer answer, to the one with a dot. */
typedef gboolean (*TakeLine)(KxFetch *fetch, KxSlice line, GError **error);

static gboolean read_lines(KxFetch *fetch, TakeLine take, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (;;) {
        if (!kx_fetch_read_line(fetch, line, error))
            return FALSE;
        if (line->len == 1 && line->str[0] == '.')
            return TRUE;
        KxSlice text = slice(line);
        if (text.len > 0 && text.data[0] == '.')
            text = (KxSlice){text.data + 1, text.len - 1};
        if (!take(fetch, text, error))
            return FALSE;
    }
}

/* ---- capabilities ---- */

static gboolean take_capability(KxFetch *fetch, KxSlice line, GError **error)
{
    if (fetch->capabilities->len + line.len > CAPABILITIES_MAX)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of capabilities is too long");
    g_string_append_len(fetch->capabilities, line.data, (gssize)line.len);
    g_string_append_c(fetch->capabilities, '\n');
    return TRUE;
}

/* Servers that do not know the command have none. */
static gboolean ask_capabilities(KxFetch *fetch, GError **error)
{
    gboolean good;
    g_string_truncate(fetch->capabilities, 0);
    return kx_fetch_say(fetch, error, "CAPA") && read_good(fetch, &good, error) &&
           (!good || read_lines(fetch, take_capability, error));
}

/* Whether there is a line that begins with the first word, and has the second behind it. */
static gboolean has_capability(const KxFetch *fetch, const char *first, const char *word)
{
    g_auto(GStrv) lines = g_strsplit(fetch->capabilities->str, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        size_t len = strcspn(lines[i], " ");
        if (len != strlen(first) || g_ascii_strncasecmp(lines[i], first, len) != 0)
            continue;
        if (!word || kx_fetch_has_word(KX_SLICE_STR(lines[i]), 1, word))
            return TRUE;
    }
    return FALSE;
}

/* ---- signing in ---- */

static gboolean offers(const KxFetch *fetch, KxFetchAuth auth)
{
    KxSlice stamp;
    const char *mechanism = kx_fetch_mechanism(auth);
    if (auth == KX_FETCH_AUTH_APOP)
        return kx_pop3_timestamp(slice(fetch->greeting), &stamp);
    return mechanism && has_capability(fetch, "SASL", mechanism);
}

static gboolean fail_sign_in(KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_DENIED, "the server does not accept the sign-in: %s", said);
}

static gboolean expect_signed_in(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    return read_reply(fetch, line, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || fail_sign_in(text, error));
}

static gboolean auth_user(KxFetch *fetch, GError **error)
{
    return kx_fetch_say(fetch, error, "USER %s", fetch->login) && expect_signed_in(fetch, error) &&
           kx_fetch_say(fetch, error, "PASS %s", fetch->password) && expect_signed_in(fetch, error);
}

static gboolean auth_apop(KxFetch *fetch, GError **error)
{
    KxSlice stamp;
    if (!kx_pop3_timestamp(slice(fetch->greeting), &stamp))
        return kx_fail(error, KX_ERR_DENIED, "the server does not offer APOP");
    g_autoptr(GString) text = g_string_new_len(stamp.data, (gssize)stamp.len);
    g_string_append(text, fetch->password);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text->str, -1);
    return kx_fetch_say(fetch, error, "APOP %s %s", fetch->login, digest) &&
           expect_signed_in(fetch, error);
}

static gboolean auth_sasl(KxFetch *fetch, KxFetchAuth auth, GError **error)
{
    enum { STEPS_MAX = 4 };
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    if (!kx_fetch_say(fetch, error, "AUTH %s", kx_fetch_mechanism(auth)))
        return FALSE;
    for (guint step = 0; step < STEPS_MAX; step++) {
        if (!read_reply(fetch, line, &reply, &text, error))
            return FALSE;
        if (reply != KX_REPLY_GO_ON)
            return reply == KX_REPLY_GOOD || fail_sign_in(text, error);
        g_autofree char *answer = kx_fetch_respond(fetch, auth, step, text);
        if (!kx_fetch_say(fetch, error, "%s", answer))
            return FALSE;
    }
    return kx_fail(error, KX_ERR_PROTOCOL, "the server does not come to an end of the sign-in");
}

static gboolean authenticate(KxFetch *fetch, GError **error)
{
    KxFetchAuth auth = kx_fetch_choose_auth(fetch, offers);
    if (auth == KX_FETCH_AUTH_APOP)
        return auth_apop(fetch, error);
    return auth == KX_FETCH_AUTH_USER ? auth_user(fetch, error) : auth_sasl(fetch, auth, error);
}

static gboolean greet(KxFetch *fetch, GError **error)
{
    KxFetchReply reply;
    KxSlice text;
    fetch->greeting = g_string_new(NULL);
    fetch->capabilities = g_string_new(NULL);
    return read_reply(fetch, fetch->greeting, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || fail_reply("the connection", text, error)) &&
           ask_capabilities(fetch, error);
}

/* What was said before TLS counts for nothing afterwards, the timestamp for APOP aside. */
static gboolean sign_in(KxFetch *fetch, GError **error)
{
    if (!greet(fetch, error))
        return FALSE;
    if (fetch->task.tls == KX_FETCH_STARTTLS &&
        (!kx_fetch_say(fetch, error, "STLS") || !expect_good(fetch, "TLS", error) ||
         !kx_fetch_start_tls(fetch, error) || !ask_capabilities(fetch, error)))
        return FALSE;
    return authenticate(fetch, error);
}

/* ---- listing ---- */

static gboolean count(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text, rest;
    guint64 number;
    if (!kx_fetch_say(fetch, error, "STAT") || !read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    if (reply != KX_REPLY_GOOD || !kx_pop3_entry(text, &number, &rest) || number > G_MAXUINT)
        return fail_reply("to count messages", text, error);
    fetch->listed = (guint)number;
    return TRUE;
}

/* In the table, message n is at n - 1; a message without a name has the number 0. */
static gboolean take_uidl(KxFetch *fetch, KxSlice line, GError **error)
{
    guint64 number;
    KxSlice name;
    if (!kx_pop3_entry(line, &number, &name) || number == 0)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of messages makes no sense");
    if (number > KX_FETCH_MESSAGES_MAX) /* in a later session */
        return TRUE;
    if (number > fetch->items->len)
        g_array_set_size(fetch->items, (guint)number);
    KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, number - 1);
    item->number = number;
    kx_fetch_digest(name, item->id);
    return TRUE;
}

static gboolean take_size(KxFetch *fetch, KxSlice line, GError **error)
{
    guint64 number, size;
    KxSlice text;
    if (!kx_pop3_entry(line, &number, &text) || number == 0 || !kx_fetch_number(text, &size))
        return kx_fail(error, KX_ERR_PROTOCOL, "the server's list of messages makes no sense");
    fetch->listed++;
    if (number > KX_FETCH_MESSAGES_MAX)
        return TRUE;
    if (number > fetch->items->len)
        g_array_set_size(fetch->items, (guint)number);
    KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, number - 1);
    item->size = size;
    if (item->number == 0)
        item->number = number;
    return TRUE;
}

/* ---- content ---- */

/* All up to the single dot: to the core, or with a checksum into that. */
static gboolean read_content(KxFetch *fetch, guint64 size, GChecksum *checksum,
                             gboolean *ret_endless, GError **error)
{
    KxDots dots = {KX_DOTS_LINE_START};
    gboolean end = FALSE;
    KxSlice some;
    fetch->sent = 0;
    *ret_endless = FALSE;
    while (!end) {
        if (!kx_fetch_read_some(fetch, &some, error))
            return FALSE;
        kx_smtp_conn_consume(fetch->conn, kx_dots_read(&dots, some, fetch->piece, &end));
        if (checksum) {
            g_checksum_update(checksum, (const guchar *)fetch->piece->str,
                              (gssize)fetch->piece->len);
            fetch->sent += fetch->piece->len;
            g_string_truncate(fetch->piece, 0);
        } else if ((end || fetch->piece->len >= KX_CHUNK_MAX / 2) &&
                   !kx_fetch_send_piece(fetch, error)) {
            return FALSE;
        }
        *ret_endless = kx_fetch_is_endless(fetch, size);
        if (*ret_endless)
            return TRUE;
    }
    return TRUE;
}

/* ---- servers without UIDL ---- */

/* The message's header stands for its name. */
static gboolean name_by_header(KxFetch *fetch, KxFetchItem *item, GError **error)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gboolean good, endless;
    if (!kx_fetch_say(fetch, error, "TOP %" G_GUINT64_FORMAT " 0", item->number) ||
        !read_good(fetch, &good, error))
        return FALSE;
    if (!good)
        return kx_fail(error, KX_ERR_FAILED,
                       "the server knows neither UIDL nor TOP, so that it cannot be told which "
                       "messages are new");
    if (!read_content(fetch, item->size, checksum, &endless, error))
        return FALSE;
    if (endless)
        return kx_fail(error, KX_ERR_PROTOCOL, "the server sends a header without end");
    const char *text = g_checksum_get_string(checksum);
    kx_fetch_digest(KX_SLICE_STR(text), item->id);
    return TRUE;
}

static gboolean name_all(KxFetch *fetch, GError **error)
{
    for (guint i = 0; i < fetch->items->len; i++) {
        KxFetchItem *item = &g_array_index(fetch->items, KxFetchItem, i);
        if (item->number > 0 && !name_by_header(fetch, item, error))
            return FALSE;
    }
    return TRUE;
}

/* What has no name or no size is not there for us. */
static void drop_gaps(KxFetch *fetch)
{
    guint kept = 0;
    for (guint i = 0; i < fetch->items->len; i++) {
        KxFetchItem item = g_array_index(fetch->items, KxFetchItem, i);
        if (item.number > 0)
            g_array_index(fetch->items, KxFetchItem, kept++) = item;
    }
    g_array_set_size(fetch->items, kept);
}

static gboolean list(KxFetch *fetch, GError **error)
{
    gboolean named;
    if (!kx_fetch_say(fetch, error, "UIDL") || !read_good(fetch, &named, error) ||
        (named && !read_lines(fetch, take_uidl, error)) || !kx_fetch_say(fetch, error, "LIST") ||
        !expect_good(fetch, "to list messages", error) || !read_lines(fetch, take_size, error) ||
        (!named && !name_all(fetch, error)))
        return FALSE;
    drop_gaps(fetch);
    return TRUE;
}

/* ---- messages ---- */

static gboolean get(KxFetch *fetch, const KxFetchItem *item, KxFetchContent *ret_state,
                    char **ret_text, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    gboolean endless;
    if (!kx_fetch_say(fetch, error, "RETR %" G_GUINT64_FORMAT, item->number) ||
        !read_reply(fetch, line, &reply, &text, error))
        return FALSE;
    if (reply != KX_REPLY_GOOD) {
        *ret_state = KX_FETCH_MISSING;
        *ret_text = kx_fetch_quote(text);
        return TRUE;
    }
    if (!read_content(fetch, item->size, NULL, &endless, error))
        return FALSE;
    *ret_state = endless ? KX_FETCH_ENDLESS : KX_FETCH_WHOLE;
    return TRUE;
}

static gboolean keep(KxFetch *fetch G_GNUC_UNUSED, const KxFetchItem *item G_GNUC_UNUSED,
                     GError **error G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean remove_item(KxFetch *fetch, const KxFetchItem *item, gboolean *ret_done,
                            GError **error)
{
    return kx_fetch_say(fetch, error, "DELE %" G_GUINT64_FORMAT, item->number) &&
           read_good(fetch, ret_done, error);
}

static gboolean end(KxFetch *fetch, GError **error)
{
    return kx_fetch_say(fetch, error, "QUIT") && expect_good(fetch, "to end the session", error);
}

const KxFetchProtocolCalls kx_fetch_pop3 = {
    .name = "POP3",
    .port = 110,
    .tls_port = 995,
    .sign_in = sign_in,
    .count = count,
    .list = list,
    .get = get,
    .keep = keep,
    .remove = remove_item,
    .end = end,
};
