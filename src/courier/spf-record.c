/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of records: RFC 7208 sections 4.6.1, 5, 6 and 12. */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "courier/spf-private.h"

typedef enum { NONE, MAY, MUST } Need;

static const struct {
    const char *name;
    Need spec;     /* after a colon */
    gboolean cidr; /* prefix lengths may follow */
} MECHANISMS[] = {
    [KX_SPF_ALL] = {"all", NONE, FALSE}, [KX_SPF_INCLUDE] = {"include", MUST, FALSE},
    [KX_SPF_A] = {"a", MAY, TRUE},       [KX_SPF_MX] = {"mx", MAY, TRUE},
    [KX_SPF_PTR] = {"ptr", MAY, FALSE},  [KX_SPF_IP4] = {"ip4", MUST, TRUE},
    [KX_SPF_IP6] = {"ip6", MUST, TRUE},  [KX_SPF_EXISTS] = {"exists", MUST, FALSE},
};

static void clear_term(gpointer data)
{
    g_free(((KxSpfTerm *)data)->spec);
}

void kx_spf_terms_free(GArray *terms)
{
    if (terms)
        g_array_unref(terms);
}

/* ---- prefix lengths ---- */

/* Of "24", no leading zero. */
static gboolean read_length(const char *text, guint most, guint *ret)
{
    guint64 value;
    if ((text[0] == '0' && text[1]) || !kx_parse_uint(text, most, &value))
        return FALSE;
    *ret = (guint)value;
    return TRUE;
}

/* "/24", "//64", "/24//64"; cuts it off. A domain may have a slash, but not before digits alone. */
static gboolean take_lengths(KxSpfTerm *term, char *text)
{
    char *six = strstr(text, "//");
    gboolean single = term->kind == KX_SPF_IP4 || term->kind == KX_SPF_IP6;
    if (six && single)
        return FALSE;
    if (six) {
        *six = '\0';
        if (!read_length(six + 2, 128, &term->six))
            return FALSE;
    }
    char *slash = strrchr(text, '/');
    if (!slash || strspn(slash + 1, "0123456789") != strlen(slash + 1))
        return TRUE;
    *slash = '\0';
    return term->kind == KX_SPF_IP6 ? read_length(slash + 1, 128, &term->six)
                                    : read_length(slash + 1, 32, &term->four);
}

/* ---- terms ---- */

static gboolean spec_is_valid(const KxSpfTerm *term)
{
    guint8 bytes[16];
    if (!term->spec)
        return TRUE;
    if (term->kind == KX_SPF_IP4)
        return inet_pton(AF_INET, term->spec, bytes) == 1;
    if (term->kind == KX_SPF_IP6)
        return inet_pton(AF_INET6, term->spec, bytes) == 1;
    return kx_spf_spec_is_valid(term->spec);
}

static gboolean read_mechanism(KxSpfTerm *term, const char *word)
{
    term->qualifier = strchr("+-~?", *word) ? *word++ : '+';
    size_t len = strcspn(word, ":/");
    for (guint i = 0; i < G_N_ELEMENTS(MECHANISMS); i++) {
        if (!kx_ascii_equal(word, len, MECHANISMS[i].name))
            continue;
        g_autofree char *rest = g_strdup(word + len);
        term->kind = (KxSpfKind)i;
        if (MECHANISMS[i].cidr && !take_lengths(term, rest))
            return FALSE;
        if (*rest == '/' || (*rest == '\0' && MECHANISMS[i].spec == MUST) ||
            (*rest == ':' && MECHANISMS[i].spec == NONE))
            return FALSE;
        term->spec = *rest ? g_strdup(rest + 1) : NULL;
        return spec_is_valid(term);
    }
    return FALSE;
}

static gboolean is_modifier_name(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(word[i]) && (i == 0 || !strchr("-_.", word[i])))
            return FALSE;
    return len > 0 && g_ascii_isalpha(*word);
}

typedef struct {
    gboolean redirect, exp;
} Seen;

/* Unknown ones are for others (section 6). Twice the same makes no sense. */
static gboolean add_modifier(GArray *terms, const char *word, size_t len, Seen *seen)
{
    const char *value = word + len + 1;
    gboolean redirect = kx_ascii_equal(word, len, "redirect");
    if (!redirect && !kx_ascii_equal(word, len, "exp"))
        return TRUE;
    gboolean *before = redirect ? &seen->redirect : &seen->exp;
    if (*before || !kx_spf_spec_is_valid(value))
        return FALSE;
    *before = TRUE;
    KxSpfTerm term = {.kind = KX_SPF_REDIRECT, .spec = g_strdup(value), .source = word};
    if (redirect)
        g_array_append_val(terms, term);
    else
        g_free(term.spec);
    return TRUE;
}

static gboolean add_word(GArray *terms, const char *word, Seen *seen)
{
    size_t len = strcspn(word, "=:/");
    if (word[len] == '=' && is_modifier_name(word, len))
        return add_modifier(terms, word, len, seen);
    KxSpfTerm term = {.four = 32, .six = 128, .source = word};
    gboolean ok = read_mechanism(&term, word);
    g_array_append_val(terms, term);
    return ok;
}

GArray *kx_spf_parse(char *const *words)
{
    GArray *terms = g_array_new(FALSE, FALSE, sizeof(KxSpfTerm));
    Seen seen = {0};
    g_array_set_clear_func(terms, clear_term);
    for (guint i = 0; words[i]; i++)
        if (*words[i] && !add_word(terms, words[i], &seen)) {
            g_array_unref(terms);
            return NULL;
        }
    return terms;
}
