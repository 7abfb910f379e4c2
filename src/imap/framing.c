/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of IMAP commands (RFC 9051 sections 2.2 and 4.3, RFC 7888). */
#include "imap/framing.h"

typedef struct {
    size_t line_max;     /* bytes of a line with its end */
    size_t text_max;     /* bytes of a command with its inline literals */
    guint64 discard_max; /* bytes of a refused command that are read and thrown away */
    gboolean literals;
    gboolean spools;
} Limits;

static const Limits limits[KX_FRAMING_COUNT] = {
    [KX_FRAMING_EARLY] = {KX_IMAP_EARLY_MAX, KX_IMAP_EARLY_MAX, 64 * 1024, TRUE, FALSE},
    [KX_FRAMING_COMMANDS] = {KX_IMAP_LINE_MAX, KX_IMAP_COMMAND_MAX, 64 * 1024 * 1024, TRUE, TRUE},
    [KX_FRAMING_LINE] = {KX_IMAP_EARLY_MAX, KX_IMAP_EARLY_MAX, 64 * 1024, FALSE, FALSE},
};

/* Commands whose large literals are content. */
static const char *const spooling_commands[] = {"APPEND", "REPLACE", "SETMETADATA"};

void kx_framer_init(KxFramer *framer, KxFramingMode mode)
{
    *framer = (KxFramer){.mode = mode, .tag = "*"};
    kx_buf_init(&framer->text, limits[mode].text_max + 1);
}

void kx_framer_clear(KxFramer *framer)
{
    kx_buf_clear_secret(&framer->text);
}

/* Ready for the next command. The tag stays for the answer to the one before. */
static void restart(KxFramer *framer)
{
    kx_buf_clear_secret(&framer->text);
    framer->text.max = limits[framer->mode].text_max + 1; /* room for the CR that a bare LF lacks */
    framer->state = KX_FRAMER_LINE;
    framer->line_start = 0;
    framer->skipped = 0;
    framer->left = 0;
    framer->answered = FALSE;
    framer->spooling = FALSE;
    framer->tail_len = 0;
}

void kx_framer_set_mode(KxFramer *framer, KxFramingMode mode)
{
    framer->mode = mode;
    restart(framer);
}

void kx_framer_finish(KxFramer *framer)
{
    restart(framer);
}

static void read_tag(KxFramer *framer)
{
    g_auto(KxImapParser) parser = {0};
    KxSlice tag;
    if (!limits[framer->mode].literals)
        return; /* a line inside a command: its tag stays */
    kx_imap_parser_init(&parser, framer->text.data, framer->text.len, FALSE);
    if (!kx_imap_parse_tag(&parser, &tag) ||
        !(kx_imap_peek(&parser, ' ') || kx_imap_at_end(&parser)))
        tag = KX_SLICE_STR("*");
    memcpy(framer->tag, tag.data, tag.len);
    framer->tag[tag.len] = '\0';
}

static gboolean may_spool(const KxFramer *framer)
{
    g_auto(KxImapParser) parser = {0};
    KxSlice tag;
    kx_imap_parser_init(&parser, framer->text.data, framer->text.len, FALSE);
    if (!limits[framer->mode].spools || !kx_imap_parse_tag(&parser, &tag) ||
        !kx_imap_parse_space(&parser))
        return FALSE;
    if (kx_imap_accept_atom(&parser, "UID") && !kx_imap_parse_space(&parser))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(spooling_commands); i++) {
        if (kx_imap_accept_atom(&parser, spooling_commands[i]))
            return TRUE;
    }
    return FALSE;
}

/* ---- throwing away ---- */

static void keep_tail(KxFramer *framer, const char *bytes, size_t len)
{
    size_t room = sizeof framer->tail;
    if (len >= room) {
        memcpy(framer->tail, bytes + len - room, room);
        framer->tail_len = room;
        return;
    }
    size_t keep = MIN(framer->tail_len, room - len);
    memmove(framer->tail, framer->tail + framer->tail_len - keep, keep);
    memcpy(framer->tail + keep, bytes, len);
    framer->tail_len = keep + len;
}

static size_t without_line_end(const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\n')
        len--;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    return len;
}

static KxFrame die(KxFramer *framer)
{
    framer->state = KX_FRAMER_DEAD;
    return KX_FRAME_FATAL;
}

static KxFrame end_skipping(KxFramer *framer)
{
    gboolean answered = framer->answered;
    restart(framer);
    return answered ? KX_FRAME_MORE : KX_FRAME_TOO_BIG;
}

static KxFrame skip_literal(KxFramer *framer, guint64 size)
{
    guint64 room = limits[framer->mode].discard_max - framer->skipped;
    if (size > room)
        return die(framer);
    framer->skipped += size;
    framer->left = size;
    framer->state = KX_FRAMER_SKIP_LITERAL;
    kx_buf_clear_secret(&framer->text);
    return KX_FRAME_MORE;
}

/* A literal that is not wanted: the client sends it anyway, or it waits and takes the answer. */
static KxFrame refuse_literal(KxFramer *framer)
{
    if (!framer->literal.non_sync)
        return end_skipping(framer);
    return skip_literal(framer, framer->literal.size);
}

static KxFrame skip_line(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    const char *newline = memchr(in, '\n', len);
    *used = newline ? (size_t)(newline - in) + 1 : len;
    framer->skipped += *used;
    keep_tail(framer, in, *used);
    if (framer->skipped > limits[framer->mode].discard_max)
        return die(framer);
    if (!newline)
        return KX_FRAME_MORE;
    size_t line_len = without_line_end(framer->tail, framer->tail_len);
    gboolean literal = limits[framer->mode].literals &&
                       kx_imap_literal_at_end(framer->tail, line_len, &framer->literal);
    framer->tail_len = 0;
    return literal ? refuse_literal(framer) : end_skipping(framer);
}

/* The line does not fit: what was kept of the command goes, the line is skipped to its end. */
static void start_skipping(KxFramer *framer)
{
    if (framer->line_start == 0)
        read_tag(framer);
    size_t in_line = framer->text.len - framer->line_start;
    framer->skipped += in_line;
    keep_tail(framer, framer->text.data + framer->line_start, in_line);
    kx_buf_clear_secret(&framer->text);
    framer->state = KX_FRAMER_SKIP_LINE;
}

/* ---- lines and literals ---- */

static KxFrame begin_literal(KxFramer *framer)
{
    const KxImapLiteral *literal = &framer->literal;
    if (kx_imap_is_spooled(framer->text.len, literal->size) && may_spool(framer)) {
        framer->state = KX_FRAMER_ASKING;
        return KX_FRAME_SPOOL;
    }
    if (literal->size > KX_IMAP_INLINE_MAX ||
        framer->text.len + literal->size > limits[framer->mode].text_max)
        return refuse_literal(framer);
    framer->left = literal->size;
    framer->state = KX_FRAMER_LITERAL;
    return literal->non_sync ? KX_FRAME_MORE : KX_FRAME_CONTINUE;
}

static KxFrame end_line(KxFramer *framer)
{
    KxBuf *text = &framer->text;
    if (text->len - framer->line_start < 2 || text->data[text->len - 2] != '\r') {
        text->data[text->len - 1] = '\r';
        kx_buf_append_c(text, '\n');
    }
    if (framer->line_start == 0)
        read_tag(framer);
    const char *line = text->data + framer->line_start;
    if (limits[framer->mode].literals &&
        kx_imap_literal_at_end(line, text->len - framer->line_start - 2, &framer->literal))
        return begin_literal(framer);
    return KX_FRAME_COMMAND;
}

static KxFrame read_line(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    const Limits *limit = &limits[framer->mode];
    const char *newline = memchr(in, '\n', len);
    size_t piece = newline ? (size_t)(newline - in) + 1 : len;
    size_t in_line = framer->text.len - framer->line_start;
    size_t room = MIN(limit->line_max - in_line, limit->text_max - framer->text.len);
    *used = MIN(piece, room);
    kx_buf_append(&framer->text, in, *used);
    if (piece > room)
        start_skipping(framer);
    else if (newline)
        return end_line(framer);
    return KX_FRAME_MORE;
}

static void end_literal(KxFramer *framer)
{
    framer->line_start = framer->text.len;
    framer->state = KX_FRAMER_LINE;
}

static KxFrame read_literal(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    *used = (size_t)MIN(framer->left, len);
    kx_buf_append(&framer->text, in, *used);
    framer->left -= *used;
    if (framer->left == 0)
        end_literal(framer);
    return KX_FRAME_MORE;
}

static KxFrame read_content(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    *used = (size_t)MIN(framer->left, MIN(len, KX_CHUNK_MAX));
    framer->left -= *used;
    if (framer->left == 0)
        end_literal(framer);
    return *used > 0 ? KX_FRAME_CONTENT : KX_FRAME_MORE;
}

static KxFrame read_skipped(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    *used = (size_t)MIN(framer->left, len);
    framer->left -= *used;
    if (framer->left == 0)
        framer->state = KX_FRAMER_SKIP_LINE;
    return KX_FRAME_MORE;
}

static KxFrame wait_for_answer(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    *used = 0;
    return KX_FRAME_MORE;
}

static KxFrame stay_dead(KxFramer *framer, const char *in, size_t len, size_t *used)
{
    *used = len;
    return KX_FRAME_FATAL;
}

static KxFrame (*const steps[])(KxFramer *framer, const char *in, size_t len, size_t *used) = {
    [KX_FRAMER_LINE] = read_line,         [KX_FRAMER_LITERAL] = read_literal,
    [KX_FRAMER_ASKING] = wait_for_answer, [KX_FRAMER_CONTENT] = read_content,
    [KX_FRAMER_SKIP_LINE] = skip_line,    [KX_FRAMER_SKIP_LITERAL] = read_skipped,
    [KX_FRAMER_DEAD] = stay_dead,
};

KxFrame kx_framer_next(KxFramer *framer, const char *in, size_t len, size_t *ret_used)
{
    size_t total = 0;
    KxFrame frame = KX_FRAME_MORE;
    while (frame == KX_FRAME_MORE && total < len && framer->state != KX_FRAMER_ASKING) {
        size_t used = 0;
        frame = steps[framer->state](framer, in + total, len - total, &used);
        total += used;
    }
    *ret_used = total;
    return frame;
}

void kx_framer_accept(KxFramer *framer)
{
    framer->left = framer->literal.size;
    framer->state = KX_FRAMER_CONTENT;
    framer->spooling = TRUE;
}

void kx_framer_refuse(KxFramer *framer)
{
    framer->answered = TRUE;
    if (framer->state == KX_FRAMER_LINE)
        start_skipping(framer);
    else if (framer->state == KX_FRAMER_CONTENT)
        skip_literal(framer, framer->left);
    else
        refuse_literal(framer);
}
