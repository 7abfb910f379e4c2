/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/spf.h"

#include <string.h>

#include "base/ip-range.h"
#include "courier/spf-private.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63, RECORD_MAX = 4096 };
static const char VERSION[] = "v=spf1";

/* ---- the record ---- */

static gboolean is_record(const char *text)
{
    size_t len = strlen(VERSION);
    return g_ascii_strncasecmp(text, VERSION, len) == 0 && (text[len] == '\0' || text[len] == ' ');
}

/* The one of a domain. Else NULL, and the result. */
static char *find_record(KxSpf *spf, const char *domain, const char **ret_result)
{
    g_autoptr(GPtrArray) texts = NULL;
    KxDnsAnswer answer =
        kx_spf_is_late(spf) ? KX_DNS_FAILED : kx_resolver_txt(spf->resolver, domain, &texts);
    const char *found = NULL;
    *ret_result = answer == KX_DNS_FAILED ? "temperror" : "none";
    for (guint i = 0; answer == KX_DNS_FOUND && i < texts->len; i++) {
        if (!is_record(texts->pdata[i]))
            continue;
        if (found) {
            *ret_result = "permerror";
            return NULL;
        }
        found = texts->pdata[i];
    }
    if (found && strlen(found) > RECORD_MAX) {
        *ret_result = "permerror";
        return NULL;
    }
    return found ? g_strdup(found + strlen(VERSION)) : NULL;
}

static gboolean is_domain(const char *domain)
{
    size_t len = strlen(domain), label = 0;
    if (len == 0 || len > NAME_MAX_BYTES || !strchr(domain, '.'))
        return FALSE;
    for (const char *c = domain; *c; c++) {
        label = *c == '.' ? 0 : label + 1;
        if (label > LABEL_MAX_BYTES || (*c == '.' && (c == domain || c[-1] == '.')))
            return FALSE;
    }
    return TRUE;
}

/* ---- its terms ---- */

/* What the record of another domain says becomes a match or none (section 5.2). */
static KxSpfMatch match_include(KxSpf *spf, const KxSpfTerm *term, const char *domain)
{
    if (!kx_spf_count(spf))
        return KX_SPF_PERMERROR;
    g_autofree char *name = kx_spf_expand(spf, term->spec, domain);
    const char *result = kx_spf_check_domain(spf, name);
    if (strcmp(result, "pass") == 0)
        return KX_SPF_YES;
    if (strcmp(result, "temperror") == 0)
        return KX_SPF_TEMPERROR;
    if (strcmp(result, "permerror") == 0 || strcmp(result, "none") == 0)
        return KX_SPF_PERMERROR;
    g_clear_pointer(&spf->why, g_free); /* of what does not count */
    return KX_SPF_NO;
}

static const char *redirect(KxSpf *spf, const KxSpfTerm *term, const char *domain)
{
    if (!kx_spf_count(spf))
        return "permerror";
    g_autofree char *name = kx_spf_expand(spf, term->spec, domain);
    const char *result = kx_spf_check_domain(spf, name);
    return strcmp(result, "none") == 0 ? "permerror" : result;
}

static const char *qualified(char qualifier)
{
    switch (qualifier) {
    case '-':
        return "fail";
    case '~':
        return "softfail";
    case '?':
        return "neutral";
    default:
        return "pass";
    }
}

static void set_why(KxSpf *spf, const char *what, const char *domain)
{
    g_free(spf->why);
    spf->why = g_strdup_printf("%s in %s", what, domain);
}

static const char *evaluate(KxSpf *spf, const GArray *terms, const char *domain)
{
    const KxSpfTerm *last = NULL;
    for (guint i = 0; i < terms->len; i++) {
        const KxSpfTerm *term = &g_array_index(terms, KxSpfTerm, i);
        if (term->kind == KX_SPF_REDIRECT) {
            last = term;
            continue;
        }
        KxSpfMatch match = term->kind == KX_SPF_INCLUDE ? match_include(spf, term, domain)
                                                        : kx_spf_match(spf, term, domain);
        if (match == KX_SPF_NO)
            continue;
        if (match == KX_SPF_YES || !spf->why)
            set_why(spf, term->source, domain);
        return match == KX_SPF_YES         ? qualified(term->qualifier)
               : match == KX_SPF_TEMPERROR ? "temperror"
                                           : "permerror";
    }
    return last ? redirect(spf, last, domain) : "neutral";
}

const char *kx_spf_check_domain(KxSpf *spf, const char *domain)
{
    const char *result = "none";
    g_autofree char *record = is_domain(domain) ? find_record(spf, domain, &result) : NULL;
    if (!record)
        return result;
    g_auto(GStrv) words = g_strsplit(record, " ", -1);
    GArray *terms = kx_spf_parse(words);
    if (!terms)
        set_why(spf, "an error", domain);
    result = terms ? evaluate(spf, terms, domain) : "permerror";
    kx_spf_terms_free(terms);
    return result;
}

/* ---- the client ---- */

static gboolean read_ip(KxSpf *spf, const char *ip)
{
    gboolean four;
    if (!kx_ip_parse(ip, spf->ip, &four))
        return FALSE;
    spf->six = !four;
    if (four)
        memmove(spf->ip, spf->ip + 12, 4);
    return TRUE;
}

const char *kx_spf_check(KxResolver *resolver, gint64 deadline, const char *ip, const char *sender,
                         const char *helo, char **ret_why)
{
    const char *at = strrchr(sender, '@');
    KxSpf spf = {
        .resolver = resolver, .deadline = deadline, .text = g_strdup(ip), .helo = g_strdup(helo)};
    spf.local = at && at > sender ? g_strndup(sender, (gsize)(at - sender))
                                  : g_strdup("postmaster"); /* section 4.3 */
    spf.origin = g_strdup(at ? at + 1 : helo);
    const char *result = read_ip(&spf, ip) ? kx_spf_check_domain(&spf, spf.origin) : "none";
    *ret_why = spf.why;
    g_clear_pointer(&spf.names, g_ptr_array_unref);
    g_free(spf.text);
    g_free(spf.helo);
    g_free(spf.local);
    g_free(spf.origin);
    return result;
}
