/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "filter/arc-private.h"
#include "filter/canon.h"

#include <string.h>

/* ---- reading ---- */

/* "i=1; ..." at the start of an ARC-Authentication-Results; 0: none. */
static guint instance_of_results(const KxHeaderField *field)
{
    g_autofree char *value = kx_header_unfold(field->value, field->value_len, 64);
    g_auto(GStrv) parts = g_strsplit(value, ";", 2);
    g_auto(GStrv) pair = g_strsplit(parts[0] ? parts[0] : "", "=", 2);
    guint64 instance = 0;
    if (g_strv_length(pair) == 2 && g_str_equal(g_strstrip(pair[0]), "i"))
        kx_parse_uint(g_strstrip(pair[1]), G_MAXUINT, &instance);
    return (guint)instance;
}

static guint instance_of_signature(const KxDkimSignature *signature)
{
    guint64 instance = 0;
    const char *text = signature->tags ? kx_tags_get(signature->tags, "i") : NULL;
    if (text)
        kx_parse_uint(text, G_MAXUINT, &instance);
    return (guint)instance;
}

/* NULL: there is no place for it. */
static KxArcSet *set_of(KxArcChain *chain, guint instance)
{
    if (instance == 0 || instance > KX_ARC_MAX) {
        chain->broken = TRUE;
        return NULL;
    }
    chain->n = MAX(chain->n, instance);
    return &chain->sets[instance];
}

static void add_results(KxArcChain *chain, const KxHeaderField *field)
{
    KxArcSet *set = set_of(chain, instance_of_results(field));
    if (set && !set->results)
        set->results = field;
    else
        chain->broken = TRUE;
}

static void add_signature(KxArcChain *chain, const KxHeaderField *field, KxSignatureKind kind,
                          gint64 now)
{
    g_autoptr(KxDkimSignature) signature = kx_dkim_signature_new(field, kind, now);
    KxArcSet *set = set_of(chain, instance_of_signature(signature));
    KxDkimSignature **place = !set ? NULL : kind == KX_SIGNATURE_ARC ? &set->signature : &set->seal;
    if (place && !*place)
        *place = g_steal_pointer(&signature);
    else
        chain->broken = TRUE;
}

KxArcChain *kx_arc_new(const KxMailView *mail, gint64 now)
{
    KxArcChain *chain = g_new0(KxArcChain, 1);
    for (guint i = 0; i < mail->fields->len && !chain->broken; i++) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (kx_header_field_is(field, "ARC-Authentication-Results"))
            add_results(chain, field);
        else if (kx_header_field_is(field, "ARC-Message-Signature"))
            add_signature(chain, field, KX_SIGNATURE_ARC, now);
        else if (kx_header_field_is(field, "ARC-Seal"))
            add_signature(chain, field, KX_SIGNATURE_SEAL, now);
    }
    for (guint i = 1; i <= chain->n; i++)
        chain->broken |=
            !chain->sets[i].results || !chain->sets[i].signature || !chain->sets[i].seal;
    return chain;
}

void kx_arc_free(KxArcChain *chain)
{
    if (!chain)
        return;
    for (guint i = 1; i <= KX_ARC_MAX; i++) {
        kx_dkim_signature_free(chain->sets[i].signature);
        kx_dkim_signature_free(chain->sets[i].seal);
    }
    g_free(chain);
}

void kx_arc_key_names(const KxArcChain *chain, GPtrArray *names)
{
    if (chain->broken || chain->n == 0)
        return;
    const KxDkimSignature *signature = chain->sets[chain->n].signature;
    if (signature->key_name)
        g_ptr_array_add(names, g_strdup(signature->key_name));
    for (guint i = 1; i <= chain->n; i++)
        if (chain->sets[i].seal->key_name)
            g_ptr_array_add(names, g_strdup(chain->sets[i].seal->key_name));
}

/* ---- validating (section 5.2) ---- */

void kx_arc_append_set(GString *out, const KxArcSet *set, gboolean last)
{
    kx_canon_field(out, set->results, TRUE);
    kx_canon_field(out, set->signature->field, TRUE);
    if (!last)
        kx_canon_field(out, set->seal->field, TRUE);
}

/* What the seal of that set says of those before it. */
static gboolean says(const KxArcSet *set, const char *word)
{
    const char *cv = kx_tags_get(set->seal->tags, "cv");
    return cv && g_ascii_strcasecmp(cv, word) == 0;
}

static const char *check_structure(const KxArcChain *chain)
{
    if (chain->broken)
        return "sets are missing, or there twice";
    if (says(&chain->sets[chain->n], "fail"))
        return "it was wrong before";
    for (guint i = 1; i <= chain->n; i++)
        if (!says(&chain->sets[i], i == 1 ? "none" : "pass"))
            return "a seal contradicts its place";
    return NULL;
}

static KxCheckResult verdict(const KxDkimSignature *signature, const char **ret_reason)
{
    *ret_reason = signature->reason;
    return signature->result == KX_CHECK_PASS || signature->result == KX_CHECK_TEMPERROR
               ? signature->result
               : KX_CHECK_FAIL;
}

static KxCheckResult check_seal(const KxArcChain *chain, guint instance, GHashTable *txt,
                                const char **ret_reason)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 1; i <= instance; i++)
        kx_arc_append_set(text, &chain->sets[i], i == instance);
    kx_dkim_verify_text(chain->sets[instance].seal, text, txt);
    return verdict(chain->sets[instance].seal, ret_reason);
}

KxCheckResult kx_arc_validate(KxArcChain *chain, KxMailView *mail, GHashTable *txt,
                              const char **ret_reason)
{
    *ret_reason = NULL;
    if (chain->n == 0 && !chain->broken)
        return KX_CHECK_NONE;
    if ((*ret_reason = check_structure(chain)))
        return KX_CHECK_FAIL;
    KxDkimSignature *newest = chain->sets[chain->n].signature;
    kx_dkim_verify(newest, mail, txt);
    KxCheckResult result = verdict(newest, ret_reason);
    for (guint i = chain->n; i > 0 && result == KX_CHECK_PASS; i--)
        result = check_seal(chain, i, txt, ret_reason);
    return result;
}
