/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of SEARCH, as far as they can be decided without a folder; and what is read from
 * envelopes. */
#include "imap/search-args.h"
#include "imap/search-charset.h"
#include "mime/envelope-read.h"
#include "imap/search-match.h"
#include "mime/imap-envelope.h"

enum { NOW = 1700000000, DAY = 24 * 60 * 60 };

static KxSearchProgram *parse(const char *text)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    g_autoptr(KxSearchProgram) program = kx_search_parse(&parser, KX_COLLATION_UNICODE, TRUE, NOW);
    return program && kx_imap_parse_end(&parser) ? g_steal_pointer(&program) : NULL;
}

static const char HEADER[] = "Date: Wed, 15 Nov 2023 01:00:00 +1300\r\n"
                             "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= to all\r\n"
                             "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\n"
                             "To: Ann <ann@example.com>, bob@example.org\r\n"
                             "Message-ID: <1@example.com>\r\n\r\n";

/* `text` follows "SEARCH". */
static KxMatch match_at(const char *text, KxSearchCost level)
{
    static const char *const keywords[] = {"$Junk", "red", NULL};
    g_autoptr(KxSearchProgram) program = parse(text);
    g_autoptr(GString) envelope = g_string_new(NULL);
    KxFetchZone zone = {0};
    kx_imap_append_envelope(envelope, HEADER, strlen(HEADER));
    const KxItemCache cache = {.envelope = envelope->str, .envelope_len = envelope->len};
    const KxItem item = {
        .uid = 7,
        .flags = KX_FLAG_SEEN | KX_FLAG_FLAGGED,
        .keywords = keywords,
        .modseq = 100,
        .size = 5000,
        .internal_date = NOW, /* 14-Nov-2023 22:13:20 UTC, 23:13:20 here */
        .save_date = NOW + DAY,
    };
    KxSearchMessage message = {
        .level = level, .item = &item, .seq = 3, .cache = &cache, .zone = &zone};
    if (!program)
        g_error("not understood: %s", text);
    return kx_search_match(program->root, &message);
}

static void test_index_keys(void)
{
    static const struct {
        const char *text;
        KxMatch want;
    } cases[] = {
        {" ALL", KX_MATCH_YES},
        {" SEEN", KX_MATCH_YES},
        {" unseen", KX_MATCH_NO},
        {" UNANSWERED UNDELETED UNDRAFT FLAGGED", KX_MATCH_YES},
        {" DRAFT", KX_MATCH_NO},
        {" KEYWORD $junk", KX_MATCH_YES},
        {" KEYWORD blue", KX_MATCH_NO},
        {" UNKEYWORD blue", KX_MATCH_YES},
        {" ON 14-Nov-2023", KX_MATCH_YES},
        {" BEFORE 14-Nov-2023", KX_MATCH_NO},
        {" BEFORE 15-Nov-2023", KX_MATCH_YES},
        {" SINCE 14-Nov-2023", KX_MATCH_YES},
        {" SINCE 15-Nov-2023", KX_MATCH_NO},
        {" SAVEDON 15-Nov-2023", KX_MATCH_YES},
        {" SAVEDBEFORE 15-Nov-2023", KX_MATCH_NO},
        {" SAVEDSINCE 15-Nov-2023 SAVEDATESUPPORTED", KX_MATCH_YES},
        {" LARGER 4999 SMALLER 5001", KX_MATCH_YES},
        {" LARGER 5000", KX_MATCH_NO},
        {" SMALLER 5000", KX_MATCH_NO},
        {" YOUNGER 10", KX_MATCH_YES},
        {" OLDER 10", KX_MATCH_NO},
        {" MODSEQ 100", KX_MATCH_YES},
        {" MODSEQ 101", KX_MATCH_NO},
        {" MODSEQ \"/flags/\\\\draft\" all 100", KX_MATCH_YES},
        {" NOT SEEN", KX_MATCH_NO},
        {" NOT NOT SEEN", KX_MATCH_YES},
        {" OR UNSEEN FLAGGED", KX_MATCH_YES},
        {" OR UNSEEN DRAFT", KX_MATCH_NO},
        {" NOT (SEEN DRAFT)", KX_MATCH_YES},
        {" (SEEN (FLAGGED (OR DRAFT ALL)))", KX_MATCH_YES},
        {" SUBJECT hello", KX_MATCH_MAYBE},
        {" UNSEEN SUBJECT hello", KX_MATCH_NO},
        {" SUBJECT hello UNSEEN", KX_MATCH_NO},
        {" OR BODY x SEEN", KX_MATCH_YES},
        {" OR BODY x UNSEEN", KX_MATCH_MAYBE},
        {" NOT BODY x", KX_MATCH_MAYBE},
        {" CHARSET US-ASCII SEEN", KX_MATCH_YES},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (match_at(cases[i].text, KX_SEARCH_INDEX) != cases[i].want)
            g_error("SEARCH%s is %d", cases[i].text, match_at(cases[i].text, KX_SEARCH_INDEX));
}

static void test_envelope_keys(void)
{
    static const struct {
        const char *text;
        KxMatch want;
    } cases[] = {
        {" SUBJECT \"to all\"", KX_MATCH_YES},
        {" SUBJECT \"gr\xc3\xbc\"", KX_MATCH_YES},
        {" SUBJECT \"\xc3\x9c\"", KX_MATCH_YES},
        {" CHARSET iso-8859-1 SUBJECT {2}\r\n\xfc\xdf", KX_MATCH_YES},
        {" SUBJECT nothing", KX_MATCH_NO},
        {" FROM \"j\xc3\xb6rg\"", KX_MATCH_YES},
        {" FROM joerg@example.com", KX_MATCH_YES},
        {" FROM \"<joerg@\"", KX_MATCH_YES},
        {" TO ann TO bob@", KX_MATCH_YES},
        {" CC ann", KX_MATCH_NO},
        {" BCC \"\"", KX_MATCH_NO},
        {" TO \"\"", KX_MATCH_YES},
        {" SENTON 15-Nov-2023", KX_MATCH_YES},
        {" SENTBEFORE 15-Nov-2023", KX_MATCH_NO},
        {" SENTSINCE 16-Nov-2023", KX_MATCH_NO},
        {" NOT SENTSINCE 16-Nov-2023 FROM joerg", KX_MATCH_YES},
        {" FROM joerg BODY x", KX_MATCH_MAYBE},
        {" FROM nobody BODY x", KX_MATCH_NO},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (match_at(cases[i].text, KX_SEARCH_ENVELOPE) != cases[i].want)
            g_error("SEARCH%s is %d", cases[i].text, match_at(cases[i].text, KX_SEARCH_ENVELOPE));
    }
}

static void test_returns(void)
{
    static const struct {
        const char *text;
        gboolean extended;
        guint returns;
    } cases[] = {
        {" ALL", FALSE, 0},
        {" RETURN () ALL", TRUE, KX_RETURN_ALL},
        {" RETURN (MIN MAX) ALL", TRUE, KX_RETURN_MIN | KX_RETURN_MAX},
        {" return (count save all) CHARSET UTF-8 ALL", TRUE,
         KX_RETURN_COUNT | KX_RETURN_SAVE | KX_RETURN_ALL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KxSearchProgram) program = parse(cases[i].text);
        g_assert_nonnull(program);
        g_assert_cmpint(program->extended, ==, cases[i].extended);
        g_assert_cmpuint(program->returns, ==, cases[i].returns);
    }
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "",
        " ",
        " XYZZY",
        " NOT",
        " OR SEEN",
        " (SEEN",
        " ()",
        " SEEN)",
        " SUBJECT",
        " HEADER x",
        " HEADER \"\" x",
        " ON yesterday",
        " LARGER x",
        " LARGER -1",
        " UID",
        " UID x",
        " 0",
        " 1:",
        " RETURN ALL",
        " RETURN (X) ALL",
        " RETURN (MIN)",
        " CHARSET",
        " CHARSET UTF-8",
        " MODSEQ \"/flags/x\" 5",
        " OLDER 0",
        " SEEN  SEEN",
        " SEEN ",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(KxSearchProgram) program = parse(bad[i]);
        if (program)
            g_error("understood: SEARCH%s", bad[i]);
    }
}

static void test_caps(void)
{
    for (guint over = 0; over < 2; over++) {
        g_autoptr(GString) deep = g_string_new(" ");
        for (guint i = 0; i < KX_SEARCH_DEPTH + over; i++)
            g_string_append(deep, "NOT ");
        g_string_append(deep, "SEEN");
        g_autoptr(KxSearchProgram) program = parse(deep->str);
        g_assert_cmpint(program != NULL, ==, over == 0);

        g_autoptr(GString) wide = g_string_new(NULL);
        for (guint i = 0; i < KX_SEARCH_KEYS + over; i++)
            g_string_append(wide, " SEEN");
        g_autoptr(KxSearchProgram) flat = parse(wide->str);
        g_assert_cmpint(flat != NULL, ==, over == 0);
    }
}

static void test_charset(void)
{
    g_autoptr(KxSearchProgram) unknown = parse(" CHARSET x-no-such-thing SEEN");
    g_assert_nonnull(unknown);
    g_assert_true(unknown->bad_charset);
    g_autofree char *koi8 =
        kx_search_charset_convert(KX_SLICE_STR("koi8-r"), KX_SLICE_STR("\xd0\xd2"));
    g_assert_cmpstr(koi8, ==, "\xd0\xbf\xd1\x80");
    g_autofree char *empty = kx_search_charset_convert(KX_SLICE_STR("koi8-r"), KX_SLICE_STR(""));
    g_assert_cmpstr(empty, ==, "");
    g_autofree char *wide =
        kx_search_charset_convert(KX_SLICE_STR("UTF-16BE"), (KxSlice){"\0A\0", 3});
    g_assert_true(g_utf8_validate(wide, -1, NULL));
    g_assert_true(g_str_has_prefix(wide, "A"));
}

static void check_field(const char *envelope, KxEnvelopeField field, const char *want)
{
    g_autofree char *got = kx_envelope_get(envelope, strlen(envelope), field);
    g_assert_cmpstr(got, ==, want);
}

static void test_envelope(void)
{
    static const char text[] = "(\"date\" {3}\r\na\"b ((\"N \\\"q\\\"\" NIL \"m\" \"h\")) NIL NIL "
                               "((NIL NIL \"grp\" NIL)(\"x\" \"@r\" \"y\" \"z\")(NIL NIL NIL NIL)) "
                               "NIL NIL \"irt\" \"<id>\")";
    check_field(text, KX_ENVELOPE_DATE, "date");
    check_field(text, KX_ENVELOPE_SUBJECT, "a\"b");
    check_field(text, KX_ENVELOPE_FROM, "N \"q\" <m@h>");
    check_field(text, KX_ENVELOPE_SENDER, NULL);
    check_field(text, KX_ENVELOPE_TO, "<grp>, x <y@z>, <>");
    check_field(text, KX_ENVELOPE_IN_REPLY_TO, "irt");
    check_field(text, KX_ENVELOPE_MESSAGE_ID, "<id>");
}

/* Every cut of an envelope is read without harm. */
static void test_broken_envelope(void)
{
    g_autoptr(GString) envelope = g_string_new(NULL);
    kx_imap_append_envelope(envelope, HEADER, strlen(HEADER));
    for (gsize len = 0; len < envelope->len; len++) {
        g_autofree char *cut = g_memdup2(envelope->str, len);
        g_free(kx_envelope_get(cut, len, KX_ENVELOPE_TO));
        g_autofree char *id = kx_envelope_get(cut, len, KX_ENVELOPE_MESSAGE_ID);
        g_assert_true(!id || len == envelope->len - 1);
    }
}

int main(int argc, char **argv)
{
    g_setenv("TZ", "CET-1", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/search/index-keys", test_index_keys);
    g_test_add_func("/imap/search/envelope-keys", test_envelope_keys);
    g_test_add_func("/imap/search/returns", test_returns);
    g_test_add_func("/imap/search/bad", test_bad);
    g_test_add_func("/imap/search/caps", test_caps);
    g_test_add_func("/imap/search/charset", test_charset);
    g_test_add_func("/imap/search/envelope", test_envelope);
    g_test_add_func("/imap/search/broken-envelope", test_broken_envelope);
    return g_test_run();
}
