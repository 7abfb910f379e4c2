/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/results.h"

#include <string.h>

enum { VALUE_MAX = 320, REASON_MAX = 120 };

static const char *const WORDS[KX_CHECK_RESULTS] = {
    [KX_CHECK_NONE] = "none",           [KX_CHECK_PASS] = "pass",
    [KX_CHECK_FAIL] = "fail",           [KX_CHECK_SOFTFAIL] = "softfail",
    [KX_CHECK_NEUTRAL] = "neutral",     [KX_CHECK_POLICY] = "policy",
    [KX_CHECK_TEMPERROR] = "temperror", [KX_CHECK_PERMERROR] = "permerror",
};

const char *kx_check_word(KxCheckResult result)
{
    return WORDS[result];
}

KxCheckResult kx_check_find(const char *word)
{
    for (guint i = 0; i < KX_CHECK_RESULTS; i++)
        if (g_ascii_strcasecmp(word, WORDS[i]) == 0)
            return (KxCheckResult)i;
    return KX_CHECK_NONE;
}

/* ---- writing ---- */

/* Text for a comment. */
static void append_comment(GString *out, const char *text)
{
    g_string_append(out, " (");
    for (guint i = 0; text[i] && i < REASON_MAX; i++)
        g_string_append_c(out, text[i] < ' ' || text[i] > '~' || strchr("()\\", text[i]) ? '?'
                                                                                         : text[i]);
    g_string_append_c(out, ')');
}

void kx_results_add(GString *out, const char *method, KxCheckResult result, const char *reason)
{
    g_string_append_printf(out, ";\r\n\t%s=%s", method, WORDS[result]);
    if (reason && *reason)
        append_comment(out, reason);
}

/* What needs no quotes: a token, or an address of such. */
static gboolean is_plain(const char *value)
{
    for (const char *c = value; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("!#$%&'*+-./^_`{|}~@:", *c))
            return FALSE;
    return TRUE;
}

void kx_results_property(GString *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    g_autofree char *ascii = g_strndup(value, VALUE_MAX);
    for (char *c = ascii; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    g_string_append_printf(out, "\r\n\t%s=", name);
    if (is_plain(ascii)) {
        g_string_append(out, ascii);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *c = ascii; *c; c++)
        g_string_append_printf(out, "%s%c", strchr("\"\\", *c) ? "\\" : "", *c);
    g_string_append_c(out, '"');
}

char *kx_results_field(const char *authserv_id, const GString *results)
{
    return g_strdup_printf("Authentication-Results: %s%s\r\n", authserv_id,
                           results->len > 0 ? results->str : "; none");
}

/* ---- reading ---- */

/* Comments nest (RFC 5322 section 3.2.2). */
static const char *skip_space(const char *at)
{
    guint depth = 0;
    for (; *at; at++) {
        if (*at == '\\' && depth > 0 && at[1])
            at++;
        else if (*at == '(')
            depth++;
        else if (*at == ')' && depth > 0)
            depth--;
        else if (depth == 0 && !g_ascii_isspace(*at))
            break;
    }
    return at;
}

static char *read_id(const char *at)
{
    GString *id = g_string_new(NULL);
    gboolean quoted = *at == '"';
    for (at += quoted; *at && !(quoted ? *at == '"' : g_ascii_isspace(*at) || strchr(";(", *at));
         at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        g_string_append_c(id, *at);
    }
    return g_string_free(id, FALSE);
}

gboolean kx_results_claims(const KxHeaderField *field, const char *authserv_id)
{
    if (!kx_header_field_is(field, "Authentication-Results"))
        return FALSE;
    g_autofree char *value = kx_header_unfold(field->value, field->value_len, field->value_len);
    g_autofree char *id = read_id(skip_space(value));
    return g_ascii_strcasecmp(id, authserv_id) == 0;
}
