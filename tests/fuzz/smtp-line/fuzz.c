/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMTP dialogue as a stranger conducts it, against a core that knows some recipients. The first
 * byte says which service it is and into what pieces the input is cut. Whatever comes, answers are
 * lines of three digits, and addresses that are accepted are accepted again unchanged.
 */
#include "../../unit/smtp/fake-conn.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_answers(const char *out)
{
    while (*out) {
        for (int i = 0; i < 3; i++)
            g_assert_true(g_ascii_isdigit(out[i]));
        g_assert_true(out[3] == ' ' || out[3] == '-');
        const char *end = strchr(out, '\n');
        g_assert_true(end && end[-1] == '\r');
        out = end + 1;
    }
}

static void check_path(const char *text, size_t len, guint flags)
{
    char once[KX_SMTP_ADDRESS_MAX + 1], twice[KX_SMTP_ADDRESS_MAX + 1];
    const char *at = text;
    if (kx_smtp_parse_path(&at, text + len, flags, once) != KX_PATH_OK)
        return;
    g_assert_true(at > text && at <= text + len && at[-1] == '>');
    g_autofree char *again = g_strdup_printf("<%s>", once);
    at = again;
    KxPathResult result = kx_smtp_parse_path(&at, again + strlen(again), flags, twice);
    g_assert_true(result == KX_PATH_OK || result == KX_PATH_TOO_LONG);
    if (result == KX_PATH_OK)
        g_assert_cmpstr(once, ==, twice);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    for (guint flags = 0; flags < 8; flags++)
        check_path(text, len, flags);
    g_autoptr(KxConn) conn = fake_new(data[0] & 1, data[0] & 2);
    conn->sasl = (data[0] >> 2) & 3;
    conn->core_dies = data[0] >> 7;
    size_t piece = 1 + (size_t)((data[0] >> 4) & 7) * 13;
    for (size_t i = 0; i < len && !conn->closed; i += piece)
        fake_send_bytes(conn, text + i, MIN(piece, len - i));
    check_answers(conn->out->str);
    return 0;
}
