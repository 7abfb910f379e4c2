/* SPDX-License-Identifier: Apache-2.0 */
/* The framing: what it makes of a stream, and that this does not depend on how the stream is cut.
 */
#include "imap/framing.h"

/* What happened, as text: "C[...]" a command, "+" a continuation asked for, "S[...]" a spool, "c"
 * bytes of content (summed up), "T(tag)" too big, "F" fatal. */
typedef struct {
    KxFramer framer;
    GString *log;
    size_t content;
    gboolean refuse; /* the answer to SPOOL */
} Run;

static void flush_content(Run *run)
{
    if (run->content > 0)
        g_string_append_printf(run->log, "c%zu", run->content);
    run->content = 0;
}

static void note_text(Run *run, char kind)
{
    const KxBuf *text = &run->framer.text;
    g_string_append_printf(run->log, "%c[", kind);
    if (text->len > 200)
        g_string_append_printf(run->log, "%zu bytes", text->len);
    else
        g_string_append_len(run->log, text->data, (gssize)text->len);
    g_string_append_c(run->log, ']');
}

static void act(Run *run, KxFrame frame, size_t used)
{
    if (frame == KX_FRAME_CONTENT) {
        run->content += used;
        return;
    }
    if (frame == KX_FRAME_MORE)
        return;
    flush_content(run);
    switch (frame) {
    case KX_FRAME_COMMAND:
        note_text(run, 'C');
        kx_framer_finish(&run->framer);
        break;
    case KX_FRAME_CONTINUE:
        g_string_append_c(run->log, '+');
        break;
    case KX_FRAME_SPOOL:
        note_text(run, 'S');
        if (run->refuse)
            kx_framer_refuse(&run->framer);
        else
            kx_framer_accept(&run->framer);
        break;
    case KX_FRAME_TOO_BIG:
        g_string_append_printf(run->log, "T(%s)", run->framer.tag);
        break;
    default:
        g_string_append_c(run->log, 'F');
        break;
    }
}

static gboolean feed(Run *run, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t used;
        KxFrame frame = kx_framer_next(&run->framer, bytes, len, &used);
        act(run, frame, used);
        if (frame == KX_FRAME_FATAL)
            return FALSE;
        bytes += used;
        len -= used;
    }
    return TRUE;
}

/* The stream in pieces: first `head` bytes, then pieces of `piece`. */
static char *run_stream(KxFramingMode mode, gboolean refuse, const char *bytes, size_t len,
                        size_t head, size_t piece)
{
    Run run = {.log = g_string_new(NULL), .refuse = refuse};
    kx_framer_init(&run.framer, mode);
    gboolean alive = TRUE;
    for (size_t at = 0; alive && at < len;) {
        size_t n = MIN(at == 0 && head > 0 ? head : piece, len - at);
        alive = feed(&run, bytes + at, n);
        at += n;
    }
    flush_content(&run);
    if (alive && (run.framer.state != KX_FRAMER_LINE || run.framer.text.len > 0))
        g_string_append(run.log, "...");
    kx_framer_clear(&run.framer);
    return g_string_free(run.log, FALSE);
}

typedef struct {
    const char *in, *out;
    gboolean refuse;
} StreamCase;

static const StreamCase stream_cases[] = {
    {"a NOOP\r\n", "C[a NOOP\r\n]"},
    {"a NOOP\r\nb NOOP\r\n", "C[a NOOP\r\n]C[b NOOP\r\n]"},
    {"a NOOP\nb NOOP\n", "C[a NOOP\r\n]C[b NOOP\r\n]"},
    {"a NOOP\r\nb NO", "C[a NOOP\r\n]..."},
    {"\r\n", "C[\r\n]"},
    {"a LOGIN {4}\r\nuser {6}\r\npass{1 x\r\n", "++C[a LOGIN {4}\r\nuser {6}\r\npass{1 x\r\n]"},
    {"a LOGIN {4+}\r\nuser {3+}\r\na\nb\r\n", "C[a LOGIN {4+}\r\nuser {3+}\r\na\nb\r\n]"},
    {"a LOGIN {0}\r\n {0+}\r\n\r\n", "+C[a LOGIN {0}\r\n {0+}\r\n\r\n]"},
    {"a LOGIN {4}\nuser x\n", "+C[a LOGIN {4}\r\nuser x\r\n]"},
    {"a LOGIN {10}\r\n{5}\r\n{6+}\n x\r\n", "+C[a LOGIN {10}\r\n{5}\r\n{6+}\n x\r\n]"},
    /* the CR is the literal's, the line after it ends in LF alone */
    {"a LOGIN {2}\r\nu\r\nb NOOP\r\n", "+C[a LOGIN {2}\r\nu\r\r\n]C[b NOOP\r\n]"},
    {"a SEARCH \"x{5}\"\r\nb NOOP\r\n", "C[a SEARCH \"x{5}\"\r\n]C[b NOOP\r\n]"},
    {"a SEARCH x{5}\r\nb NOOP\r\n", "C[a SEARCH x{5}\r\n]C[b NOOP\r\n]"},
    /* a large literal where none may be spooled */
    {"a SEARCH TEXT {20000}\r\nb NOOP\r\n", "T(a)C[b NOOP\r\n]"},
    {"a SEARCH TEXT {18446744073709551616}\r\nb NOOP\r\n", "T(a)C[b NOOP\r\n]"},
    /* content is refused by the core: the client that waits sends a new command */
    {"a APPEND x {20000}\r\nb NOOP\r\n", "S[a APPEND x {20000}\r\n]C[b NOOP\r\n]", TRUE},
    /* a tag that is none */
    {"(\r\n", "C[(\r\n]"},
};

/* Every way of cutting the stream in two, then byte by byte, then in threes. */
static void test_streams(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(stream_cases); i++) {
        const StreamCase *c = &stream_cases[i];
        size_t len = strlen(c->in);
        for (size_t head = 1; head <= len + 2; head++) {
            size_t piece = head <= len ? len : head - len == 1 ? 1 : 3;
            g_autofree char *out = run_stream(KX_FRAMING_COMMANDS, c->refuse, c->in, len,
                                              head <= len ? head : 0, piece);
            g_assert_cmpstr(out, ==, c->out);
        }
    }
}

static void append_filler(GString *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_string_append_c(out, "0123456789 {5}\r\n"[i % 16]);
}

/* Long streams, cut in several ways. */
static void check_long(KxFramingMode mode, gboolean refuse, const GString *in, const char *want)
{
    static const size_t pieces[] = {1, 2, 3, 7, 1000, 4096, 65536, 1 << 24};
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *out = run_stream(mode, refuse, in->str, in->len, 0, pieces[i]);
        g_assert_cmpstr(out, ==, want);
    }
}

static void test_spool(void)
{
    g_autoptr(GString) in = g_string_new("a APPEND x {100000}\r\n");
    append_filler(in, 100000);
    g_string_append(in, "\r\nb NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in,
               "S[a APPEND x {100000}\r\n]c100000C[a APPEND x {100000}\r\n\r\n]C[b NOOP\r\n]");
}

/* Refused content that comes anyway is swallowed, with the rest of its command, whatever that is.
 */
static void test_refused_non_sync(void)
{
    g_autoptr(GString) in = g_string_new("a APPEND x {100000+}\r\n");
    append_filler(in, 100000);
    g_string_append(in, " (\\Seen) {3+}\r\nx\r\n rest\r\nb NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, TRUE, in, "S[a APPEND x {100000+}\r\n]C[b NOOP\r\n]");
}

static void test_refused_in_the_middle(void)
{
    Run run = {.log = g_string_new(NULL)};
    kx_framer_init(&run.framer, KX_FRAMING_COMMANDS);
    g_autoptr(GString) in = g_string_new(NULL);
    append_filler(in, 20000);
    static const char start[] = "a APPEND x {20000}\r\n";
    g_assert_true(feed(&run, start, sizeof start - 1));
    g_assert_true(feed(&run, in->str, 15000));
    kx_framer_refuse(&run.framer);
    g_assert_true(feed(&run, in->str + 15000, 5000));
    g_assert_true(feed(&run, "\r\nb NOOP\r\n", 10));
    flush_content(&run);
    g_assert_cmpstr(run.log->str, ==, "S[a APPEND x {20000}\r\n]c15000C[b NOOP\r\n]");
    g_string_free(run.log, TRUE);
    kx_framer_clear(&run.framer);
}

/* The content has come, the rest of the line has not. */
static void test_refused_after_content(void)
{
    Run run = {.log = g_string_new(NULL)};
    kx_framer_init(&run.framer, KX_FRAMING_COMMANDS);
    g_autoptr(GString) in = g_string_new("a APPEND x {20000}\r\n");
    append_filler(in, 20000);
    g_assert_true(feed(&run, in->str, in->len));
    kx_framer_refuse(&run.framer);
    g_assert_true(feed(&run, " x\r\nb NOOP\r\n", 12));
    g_assert_cmpstr(run.log->str, ==, "S[a APPEND x {20000}\r\n]c20000C[b NOOP\r\n]");
    g_string_free(run.log, TRUE);
    kx_framer_clear(&run.framer);
}

static void test_long_lines(void)
{
    g_autoptr(GString) in = g_string_new("a SEARCH ");
    while (in->len < KX_IMAP_LINE_MAX - 2)
        g_string_append_c(in, 'x');
    g_string_append(in, "\r\n");
    g_autofree char *fits = g_strdup_printf("C[%d bytes]C[b NOOP\r\n]", KX_IMAP_LINE_MAX);
    g_string_append(in, "b NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in, fits);
    g_string_insert_c(in, 9, 'x');
    check_long(KX_FRAMING_COMMANDS, FALSE, in, "T(a)C[b NOOP\r\n]");
}

/* A line too long that ends in a literal: the client sends that too, or waits. */
static void test_long_line_with_literal(void)
{
    g_autoptr(GString) in = g_string_new("a SEARCH ");
    append_filler(in, 0);
    while (in->len < KX_IMAP_LINE_MAX + 10)
        g_string_append_c(in, 'x');
    gsize end = in->len;
    g_string_append(in, " {6+}\r\nc OK\r\n\r\nb NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in, "T(a)C[b NOOP\r\n]");
    g_string_truncate(in, end);
    g_string_append(in, " {6}\r\nb NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in, "T(a)C[b NOOP\r\n]");
}

/* Many literals that are small one by one. */
static void test_long_command(void)
{
    g_autoptr(GString) in = g_string_new("a SEARCH");
    for (guint i = 0; i < 7; i++) {
        g_string_append(in, " {16000+}\r\n");
        append_filler(in, 16000);
    }
    g_string_append(in, "\r\nb NOOP\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in, "T(a)C[b NOOP\r\n]");
}

static void test_early_limits(void)
{
    g_autoptr(GString) in = g_string_new("a LOGIN {17000}\r\nb NOOP\r\n");
    check_long(KX_FRAMING_EARLY, FALSE, in, "T(a)C[b NOOP\r\n]");
    g_string_assign(in, "a APPEND x {20000}\r\nb NOOP\r\n");
    check_long(KX_FRAMING_EARLY, FALSE, in, "T(a)C[b NOOP\r\n]");
    g_string_assign(in, "a LOGIN {17000+}\r\n");
    append_filler(in, 17000);
    g_string_append(in, "\r\nb NOOP\r\n");
    check_long(KX_FRAMING_EARLY, FALSE, in, "T(a)C[b NOOP\r\n]");
    g_string_assign(in, "a LOGIN {70000+}\r\n");
    check_long(KX_FRAMING_EARLY, FALSE, in, "F");
}

/* A line that never ends is thrown away, and after a while the client too. */
static void test_endless_line(void)
{
    g_autoptr(GString) in = g_string_new(NULL);
    while (in->len < 200 * 1024)
        g_string_append_c(in, 'x');
    check_long(KX_FRAMING_EARLY, FALSE, in, "F");
    Run run = {.log = g_string_new(NULL)};
    kx_framer_init(&run.framer, KX_FRAMING_EARLY);
    g_assert_true(feed(&run, in->str, 65000));
    g_assert_cmpuint(run.framer.text.len, ==, 0);
    g_string_free(run.log, TRUE);
    kx_framer_clear(&run.framer);
}

static void test_huge_non_sync(void)
{
    g_autoptr(GString) in = g_string_new("a SEARCH TEXT {18446744073709551616+}\r\n");
    check_long(KX_FRAMING_COMMANDS, FALSE, in, "F");
    g_string_assign(in, "a APPEND x {9223372036854775807+}\r\nx");
    check_long(KX_FRAMING_COMMANDS, TRUE, in, "S[a APPEND x {9223372036854775807+}\r\n]F");
}

/* Lines of a SASL exchange: no literals, and the tag of the command stays. */
static void test_line_mode(void)
{
    Run run = {.log = g_string_new(NULL)};
    kx_framer_init(&run.framer, KX_FRAMING_EARLY);
    g_assert_true(feed(&run, "tag1 AUTHENTICATE LOGIN\r\n", 25));
    kx_framer_set_mode(&run.framer, KX_FRAMING_LINE);
    g_assert_true(feed(&run, "dXNlcg== {5}\r\n", 14));
    g_assert_cmpstr(run.framer.tag, ==, "tag1");
    g_assert_cmpstr(run.log->str, ==, "C[tag1 AUTHENTICATE LOGIN\r\n]C[dXNlcg== {5}\r\n]");
    g_string_free(run.log, TRUE);
    kx_framer_clear(&run.framer);
}

static void test_tags(void)
{
    static const struct {
        const char *line, *tag;
    } cases[] = {{"a1 NOOP\r\n", "a1"},
                 {"a1\r\n", "a1"},
                 {"a1(x\r\n", "*"},
                 {"+ x\r\n", "*"},
                 {"\r\n", "*"}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Run run = {.log = g_string_new(NULL)};
        kx_framer_init(&run.framer, KX_FRAMING_EARLY);
        g_assert_true(feed(&run, cases[i].line, strlen(cases[i].line)));
        g_assert_cmpstr(run.framer.tag, ==, cases[i].tag);
        g_string_free(run.log, TRUE);
        kx_framer_clear(&run.framer);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/framing/streams", test_streams);
    g_test_add_func("/imap/framing/spool", test_spool);
    g_test_add_func("/imap/framing/refused-non-sync", test_refused_non_sync);
    g_test_add_func("/imap/framing/refused-in-the-middle", test_refused_in_the_middle);
    g_test_add_func("/imap/framing/refused-after-content", test_refused_after_content);
    g_test_add_func("/imap/framing/long-lines", test_long_lines);
    g_test_add_func("/imap/framing/long-line-with-literal", test_long_line_with_literal);
    g_test_add_func("/imap/framing/long-command", test_long_command);
    g_test_add_func("/imap/framing/early-limits", test_early_limits);
    g_test_add_func("/imap/framing/endless-line", test_endless_line);
    g_test_add_func("/imap/framing/huge-non-sync", test_huge_non_sync);
    g_test_add_func("/imap/framing/line-mode", test_line_mode);
    g_test_add_func("/imap/framing/tags", test_tags);
    return g_test_run();
}
