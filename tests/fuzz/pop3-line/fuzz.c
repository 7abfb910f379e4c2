/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The POP3 dialogue as a stranger conducts it, against a core that knows one user; the same bytes
 * as a message that is sent, and as marks from a state. The first byte says where the client is and
 * into what pieces its input is cut.
 */
#include "../../unit/pop3/fake-conn.h"
#include "pop3/dot-text.h"
#include "pop3/marks.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* Every line that is sent ends in CRLF, and none is a lone dot; the octets are as announced. */
static void check_text(const char *data, size_t len, guint64 body_lines)
{
    KxPop3Text text = kx_pop3_text(data, len, body_lines);
    guint64 sent = 0, dots = 0;
    gboolean line_start = TRUE, dot_before = FALSE;
    char last = '\n';
    KxSlice piece;
    while ((piece = kx_pop3_text_next(&text)).len > 0)
        for (size_t i = 0; i < piece.len; i++, sent++) {
            char c = piece.data[i];
            if (dot_before) { /* at the beginning of a line: there must be another */
                g_assert_true(c == '.');
                dots++;
            }
            dot_before = line_start && c == '.';
            g_assert_true(c != '\n' || last == '\r');
            line_start = c == '\n';
            last = c;
        }
    g_assert_true(line_start && !dot_before);
    if (body_lines == G_MAXUINT64)
        g_assert_cmpuint(sent - dots, ==, kx_pop3_text_octets(data, len));
}

static void check_marks(const guint8 *data, size_t size)
{
    GByteArray *marks = kx_pop3_marks_new(500), *again = kx_pop3_marks_new(500);
    guint8 packed[100];
    size_t len;
    if (kx_pop3_marks_unpack(marks, data, size) > 0) {
        g_assert_true(kx_pop3_marks_pack(marks, packed, sizeof packed, &len));
        g_assert_cmpuint(kx_pop3_marks_unpack(again, packed, len), ==, len);
        g_assert_true(memcmp(marks->data, again->data, 500) == 0);
    }
    g_byte_array_unref(marks);
    g_byte_array_unref(again);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t len = size - 1, piece = 1 + (size_t)(data[0] >> 4) * 13;
    check_text(text, len, G_MAXUINT64);
    check_text(text, len, data[0] & 7);
    check_marks(data + 1, len);
    g_autoptr(KxConn) conn = fake_new(data[0] & 1, data[0] & 2);
    conn->core_dies = data[0] >> 2 & 1;
    if (data[0] & 8) {
        conn->secure = TRUE;
        fake_send_bytes(conn, "USER me\nPASS secret\n", 20);
    }
    for (size_t i = 0; i < len && !conn->closed; i += piece) {
        fake_send_bytes(conn, text + i, MIN(piece, len - i));
        if (conn->timeout == 1 && !conn->closed)
            fake_timeout(conn);
    }
    const char *out = conn->out->str;
    g_assert_true(!*out || g_str_has_prefix(out, "+") || g_str_has_prefix(out, "-ERR "));
    g_assert_true(!*out || g_str_has_suffix(out, "\r\n"));
    return 0;
}
