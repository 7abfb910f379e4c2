/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-args.h"

#include "base/text.h"
#include "imap/search-charset.h"
#include "imap/search-keys.h"

/* ---- RETURN ---- */

static const struct {
    const char *name;
    guint bit;
} RETURNS[] = {
    {"MIN", KX_RETURN_MIN},
    {"MAX", KX_RETURN_MAX},
    {"ALL", KX_RETURN_ALL},
    {"COUNT", KX_RETURN_COUNT},
    {"SAVE", KX_RETURN_SAVE},
    {"PARTIAL", KX_RETURN_PARTIAL},
    {"CONTEXT", KX_RETURN_CONTEXT},
    {"UPDATE", KX_RETURN_UPDATE},
    {"RELEVANCY", KX_RETURN_RELEVANCY},
};

/* A command has one PARTIAL or one ALL (RFC 9394 section 3.1). */
static gboolean parse_partial(KxImapParser *args, KxSearchProgram *program)
{
    if (program->partial.given)
        return kx_imap_parser_fail(args, "PARTIAL may be given once");
    return kx_imap_parse_space(args) && kx_partial_parse(args, &program->partial);
}

static gboolean parse_return_option(KxImapParser *args, KxSearchProgram *program)
{
    for (guint i = 0; i < G_N_ELEMENTS(RETURNS); i++) {
        if (!kx_imap_accept_atom(args, RETURNS[i].name))
            continue;
        program->returns |= RETURNS[i].bit;
        if (RETURNS[i].bit == KX_RETURN_PARTIAL && !parse_partial(args, program))
            return FALSE;
        return !(program->returns & KX_RETURN_PARTIAL && program->returns & KX_RETURN_ALL) ||
               kx_imap_parser_fail(args, "PARTIAL and ALL exclude each other");
    }
    return kx_imap_parser_fail(args, "Unknown option of RETURN");
}

/* ["RETURN" SP "(" ... ")" SP]; no option at all means ALL. */
static gboolean parse_returns(KxImapParser *args, KxSearchProgram *program)
{
    if (!kx_imap_accept_atom(args, "RETURN"))
        return kx_imap_parser_ok(args);
    program->extended = TRUE;
    if (!kx_imap_parse_space(args) || !kx_imap_parse_char(args, '('))
        return FALSE;
    if (!kx_imap_peek(args, ')')) {
        do {
            if (!parse_return_option(args, program))
                return FALSE;
        } while (kx_imap_accept(args, ' '));
    }
    if (program->returns == 0)
        program->returns = KX_RETURN_ALL;
    return kx_imap_parse_char(args, ')') && kx_imap_parse_space(args);
}

/* ---- CHARSET ---- */

/* The name of a character set and the space behind it; empty for those that are UTF-8 anyway. */
static gboolean take_charset(KxImapParser *args, KxSearchProgram *program, KxSlice *ret)
{
    KxSlice name = {0};
    if (!kx_imap_parse_astring(args, &name))
        return FALSE;
    program->bad_charset = !kx_search_charset_known(name);
    if (!program->bad_charset && !kx_ascii_equal(name.data, name.len, "UTF-8") &&
        !kx_ascii_equal(name.data, name.len, "US-ASCII"))
        *ret = name;
    return kx_imap_parse_space(args);
}

static gboolean parse_charset(KxImapParser *args, KxSearchProgram *program, gboolean allowed,
                              KxSlice *ret)
{
    if (!kx_imap_accept_atom(args, "CHARSET"))
        return kx_imap_parser_ok(args);
    if (!allowed)
        return kx_imap_parser_fail(args, "CHARSET is not allowed after ENABLE UTF8=ACCEPT");
    return kx_imap_parse_space(args) && take_charset(args, program, ret);
}

/* ---- the command ---- */

void kx_search_program_free(KxSearchProgram *program)
{
    if (!program)
        return;
    kx_search_key_free(program->root);
    kx_partial_clear(&program->partial);
    kx_search_reader_free(program->reader);
    g_free(program);
}

gboolean kx_search_parse_returns(KxImapParser *args, KxSearchProgram *program)
{
    return parse_returns(args, program);
}

static gboolean parse_keys(KxImapParser *args, KxSearchProgram *program, KxSlice charset,
                           gint64 now)
{
    if (!kx_search_keys_parse(args, charset, now, program))
        return FALSE;
    return !(program->returns & KX_RETURN_RELEVANCY) || program->fuzzy ||
           kx_imap_parser_fail(args, "RELEVANCY needs a FUZZY key");
}

gboolean kx_search_parse_keys(KxImapParser *args, KxSearchProgram *program,
                              gboolean charset_allowed, gint64 now)
{
    KxSlice charset = {0};
    return parse_charset(args, program, charset_allowed, &charset) &&
           parse_keys(args, program, charset, now);
}

gboolean kx_search_parse_sorted_keys(KxImapParser *args, KxSearchProgram *program, gint64 now)
{
    KxSlice charset = {0};
    return take_charset(args, program, &charset) && parse_keys(args, program, charset, now);
}

KxSearchProgram *kx_search_parse(KxImapParser *args, KxCollation collation,
                                 gboolean charset_allowed, gint64 now)
{
    g_autoptr(KxSearchProgram) program = g_new0(KxSearchProgram, 1);
    program->collation = collation;
    if (!kx_imap_parse_space(args) || !parse_returns(args, program) ||
        !kx_search_parse_keys(args, program, charset_allowed, now))
        return NULL;
    return g_steal_pointer(&program);
}
