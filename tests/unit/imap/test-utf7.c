/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/utf7.h"

static const struct {
    const char *utf8, *utf7;
} pairs[] = {
    {"", ""},
    {"INBOX", "INBOX"},
    {"a & b", "a &- b"},
    {"&&", "&-&-"},
    {"Entw\xc3\xbcrfe", "Entw&APw-rfe"},
    {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
     "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
    {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
    {"x\xf0\x9f\x93\xa7\xc3\xbcy", "x&2D3c5wD8-y"},
    {"\x01\x7f", "&AAEAfw-"},
    {"\xc3\xa4&\xc3\xa4", "&AOQ-&-&AOQ-"},
};

static void test_pairs(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autoptr(GString) out = g_string_new("+");
        kx_utf7_encode(out, pairs[i].utf8);
        g_assert_cmpstr(out->str + 1, ==, pairs[i].utf7);
        g_string_assign(out, "+");
        g_assert_true(kx_utf7_decode(out, pairs[i].utf7, strlen(pairs[i].utf7)));
        g_assert_cmpstr(out->str + 1, ==, pairs[i].utf8);
    }
}

static void test_refused(void)
{
    static const char *const bad[] = {
        "&",          "a&",     "&AOQ",     "&A-",
        "&AO-",       "&AOR-",                          /* unfinished, bits left over */
        "&AGE-",      "&ACY-",                          /* ASCII inside a shift */
        "&2D0-",      "&3Oc-",  "&3OfYPQ-", "&2D0AYQ-", /* half a pair */
        "&AAA-",                                        /* U+0000 */
        "\xc3\xbc",   "a\tb",   "a\r\n",    "&A/Q-",
        "&AOQ=-",     "&AO Q-", /* bytes that do not belong */
        "&AOQA-",               /* a superfluous sextet */
        "&AOQ-&AOQ-",           /* a superfluous shift */
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GString) out = g_string_new("kept");
        g_test_message("%s", bad[i]);
        g_assert_false(kx_utf7_decode(out, bad[i], strlen(bad[i])));
        g_assert_cmpstr(out->str, ==, "kept");
    }
}

/* Every character by itself survives the way there and back. */
static void test_all_characters(void)
{
    for (gunichar c = 1; c <= 0x10ffff; c++) {
        char text[8];
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        text[g_unichar_to_utf8(c, text)] = '\0';
        g_autoptr(GString) coded = g_string_new(NULL);
        g_autoptr(GString) back = g_string_new(NULL);
        kx_utf7_encode(coded, text);
        if (!kx_utf7_decode(back, coded->str, coded->len) || strcmp(back->str, text) != 0)
            g_error("U+%04X became %s", c, coded->str);
        if (c > 0x3000)
            c += 0x20;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/utf7/pairs", test_pairs);
    g_test_add_func("/imap/utf7/refused", test_refused);
    g_test_add_func("/imap/utf7/all-characters", test_all_characters);
    return g_test_run();
}
