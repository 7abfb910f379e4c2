/* SPDX-License-Identifier: Apache-2.0 */
/* Adding a set: RFC 8617 section 5.1. */
#include "filter/arc-private.h"
#include "filter/canon.h"
#include "filter/dkim-sign.h"

static char *make_seal(const KxDkimKey *key, const char *domain, guint instance, const char *cv,
                       gint64 now, GString *text)
{
    GString *field = g_string_new(NULL);
    g_string_append_printf(field,
                           "ARC-Seal: i=%u; a=%s; t=%" G_GINT64_FORMAT "; cv=%s;\r\n"
                           "\td=%s; s=%s;\r\n\tb=",
                           instance, kx_dkim_algorithm_word(kx_dkim_key_algorithm(key)), now, cv,
                           domain, kx_dkim_key_selector(key));
    return kx_dkim_complete(key, field, text);
}

/* A broken chain is sealed as that, and the seal covers only what is new (section 5.1.2). */
char *kx_arc_seal(const KxArcChain *chain, KxMailView *mail, const KxDkimKey *key,
                  const char *domain, const char *results, KxCheckResult validity, gint64 now)
{
    gboolean good = !chain->broken && (chain->n == 0 || validity == KX_CHECK_PASS);
    const char *cv = !good ? "fail" : chain->n == 0 ? "none" : "pass";
    guint instance = chain->n + 1;
    if (instance > KX_ARC_MAX)
        return NULL;
    g_autofree char *own =
        g_strdup_printf("ARC-Authentication-Results: i=%u; %s\r\n", instance, results);
    g_autofree char *signature = kx_dkim_sign_arc(key, domain, mail, now, instance);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 1; good && i < instance; i++)
        kx_arc_append_set(text, &chain->sets[i], FALSE);
    kx_canon_text(text, own, TRUE);
    if (signature)
        kx_canon_text(text, signature, TRUE);
    g_autofree char *seal = make_seal(key, domain, instance, cv, now, text);
    return signature && seal ? g_strconcat(seal, signature, own, NULL) : NULL;
}
