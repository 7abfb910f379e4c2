/* SPDX-License-Identifier: Apache-2.0 */
/* Macros: RFC 7208 section 7. */
#include <string.h>

#include "courier/spf-private.h"

enum { NAME_MAX_BYTES = 253, PARTS_MAX = 128 };
static const char DELIMITERS[] = ".-+,/_=";

typedef struct {
    char letter;
    guint parts; /* from the right; 0: all */
    gboolean reverse;
    char delimiters[sizeof DELIMITERS];
} Macro;

/* What follows "%{"; the end is behind "}". NULL: it makes no sense. */
static const char *read_macro(const char *at, Macro *macro)
{
    *macro = (Macro){.letter = *at};
    if (!*at || !strchr("slodipvhSLODIPVH", *at++))
        return NULL;
    gboolean digits = g_ascii_isdigit(*at);
    for (; g_ascii_isdigit(*at); at++)
        macro->parts = MIN(macro->parts * 10 + (guint)(*at - '0'), PARTS_MAX);
    if (digits && macro->parts == 0)
        return NULL;
    macro->reverse = *at == 'r' || *at == 'R';
    at += macro->reverse;
    size_t n = strspn(at, DELIMITERS);
    if (n >= sizeof macro->delimiters || at[n] != '}')
        return NULL;
    memcpy(macro->delimiters, at, n);
    if (n == 0)
        macro->delimiters[0] = '.';
    return at + n + 1;
}

/* ---- values ---- */

static char *address_labels(const KxSpf *spf)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < (spf->six ? 16 : 4); i++) {
        const char *dot = i > 0 ? "." : "";
        if (spf->six)
            g_string_append_printf(out, "%s%x.%x", dot, spf->ip[i] >> 4, spf->ip[i] & 15u);
        else
            g_string_append_printf(out, "%s%u", dot, spf->ip[i]);
    }
    return g_string_free(out, FALSE);
}

static char *value_of(KxSpf *spf, char letter, const char *domain)
{
    switch (g_ascii_tolower(letter)) {
    case 's':
        return g_strdup_printf("%s@%s", spf->local, spf->origin);
    case 'l':
        return g_strdup(spf->local);
    case 'o':
        return g_strdup(spf->origin);
    case 'd':
        return g_strdup(domain);
    case 'i':
        return address_labels(spf);
    case 'v':
        return g_strdup(spf->six ? "ip6" : "in-addr");
    case 'h':
        return g_strdup(spf->helo);
    default: {
        const GPtrArray *names = kx_spf_names(spf, domain);
        return g_strdup(names->len > 0 ? names->pdata[0] : "unknown");
    }
    }
}

static void append_value(GString *out, const Macro *macro, const char *value)
{
    g_auto(GStrv) parts = g_strsplit_set(value, macro->delimiters, -1);
    guint n = g_strv_length(parts), take = macro->parts > 0 ? MIN(macro->parts, n) : n;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = n - take; i < n; i++)
        g_string_append_printf(text, "%s%s", text->len > 0 ? "." : "",
                               parts[macro->reverse ? n - 1 - i : i]);
    g_autofree char *escaped = g_ascii_isupper(macro->letter)
                                   ? g_uri_escape_string(text->str, NULL, FALSE)
                                   : g_strdup(text->str);
    g_string_append(out, escaped);
}

/* ---- specs ---- */

/* At a percent sign; with `out` the value is appended. NULL: it makes no sense. */
static const char *take_percent(KxSpf *spf, const char *at, const char *domain, GString *out)
{
    Macro macro;
    static const char *const LITERAL[] = {"%%", "%_ ", "%-%20"};
    for (guint i = 0; i < G_N_ELEMENTS(LITERAL); i++)
        if (at[1] == LITERAL[i][1]) {
            if (out)
                g_string_append(out, i == 0 ? "%" : LITERAL[i] + 2);
            return at + 2;
        }
    const char *end = at[1] == '{' ? read_macro(at + 2, &macro) : NULL;
    if (end && out) {
        g_autofree char *value = value_of(spf, macro.letter, domain);
        append_value(out, &macro, value);
    }
    return end;
}

/* The last label of what is written out: not of digits alone, no hyphen at its ends. */
static gboolean ends_in_label(const char *spec)
{
    g_autofree char *name = g_strdup(spec);
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        name[len - 1] = '\0';
    const char *dot = strrchr(name, '.'), *label = dot ? dot + 1 : NULL;
    if (!label || !g_ascii_isalnum(*label) || !g_ascii_isalnum(name[strlen(name) - 1]))
        return FALSE;
    gboolean other = FALSE;
    for (const char *c = label; *c; c++) {
        if (!g_ascii_isalnum(*c) && *c != '-')
            return FALSE;
        other |= !g_ascii_isdigit(*c);
    }
    return other;
}

gboolean kx_spf_spec_is_valid(const char *spec)
{
    gboolean macro_last = FALSE;
    if (!*spec)
        return FALSE;
    for (const char *at = spec; *at;) {
        macro_last = *at == '%';
        if (*at < '!' || *at > '~' || (macro_last && !(at = take_percent(NULL, at, NULL, NULL))))
            return FALSE;
        at += !macro_last;
    }
    return macro_last || ends_in_label(spec);
}

/* A name that is too long loses labels on the left. */
char *kx_spf_expand(KxSpf *spf, const char *spec, const char *domain)
{
    GString *out = g_string_new(NULL);
    for (const char *at = spec; at && *at;) {
        if (*at == '%') {
            at = take_percent(spf, at, domain, out);
        } else {
            g_string_append_c(out, *at++);
        }
    }
    if (out->len > 0 && out->str[out->len - 1] == '.')
        g_string_truncate(out, out->len - 1);
    if (out->len > NAME_MAX_BYTES) {
        const char *dot = strchr(out->str + out->len - NAME_MAX_BYTES - 1, '.');
        g_string_erase(out, 0, dot ? dot + 1 - out->str : -1);
    }
    return g_string_free(out, FALSE);
}
