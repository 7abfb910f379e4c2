/* SPDX-License-Identifier: Apache-2.0 */
/* What a signature says of itself: RFC 6376 section 3.5, and whether that is well formed. */
#include <string.h>

#include "base/text.h"
#include "directory/names.h"
#include "filter/dkim-verify.h"

enum { FIELD_MAX = 16 * 1024, SELECTOR_MAX = 190 };

static void free_txt(gpointer data)
{
    KxTxt *txt = data;
    g_free(txt->text);
    g_free(txt);
}

GHashTable *kx_txt_table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_txt);
}

void kx_txt_table_put(GHashTable *table, const char *name, KxTxtState state, const char *text)
{
    KxTxt *txt = g_new(KxTxt, 1);
    *txt = (KxTxt){state, g_strdup(text)};
    g_hash_table_replace(table, g_strdup(name), txt);
}

void kx_dkim_signature_free(gpointer data)
{
    KxDkimSignature *signature = data;
    if (!signature)
        return;
    kx_tags_free(signature->tags);
    g_free(signature->domain);
    g_free(signature->selector);
    g_free(signature->key_name);
    g_free(signature);
}

static gboolean refuse(KxDkimSignature *signature, KxCheckResult result, const char *reason)
{
    signature->result = result;
    signature->reason = reason;
    return FALSE;
}

static gboolean read_domain(KxDkimSignature *signature)
{
    g_autofree char *domain = kx_tags_bare(signature->tags, "d");
    signature->selector = kx_tags_bare(signature->tags, "s");
    signature->domain = domain ? kx_name_domain(domain, NULL) : NULL;
    const char *selector = signature->selector;
    if (!signature->domain || !selector || !*selector || strlen(selector) > SELECTOR_MAX)
        return refuse(signature, KX_CHECK_PERMERROR, "no domain or selector");
    for (const char *c = selector; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
            return refuse(signature, KX_CHECK_PERMERROR, "odd selector");
    return TRUE;
}

static gboolean read_algorithm(KxDkimSignature *signature)
{
    g_autofree char *word = kx_tags_bare(signature->tags, "a");
    if (word && g_ascii_strcasecmp(word, "rsa-sha1") == 0)
        return refuse(signature, KX_CHECK_POLICY, "SHA-1");
    return (word && strchr(word, '-') && kx_dkim_algorithm_find(word, &signature->algorithm)) ||
           refuse(signature, KX_CHECK_PERMERROR, "unknown algorithm");
}

static gboolean read_form(const char *word, gboolean *ret_relaxed)
{
    *ret_relaxed = g_ascii_strcasecmp(word, "relaxed") == 0;
    return *ret_relaxed || g_ascii_strcasecmp(word, "simple") == 0;
}

/* "relaxed/simple"; the second may be missing, and both (section 3.5). */
static gboolean read_forms(KxDkimSignature *signature)
{
    g_autofree char *text = kx_tags_bare(signature->tags, "c");
    g_auto(GStrv) words = g_strsplit(text ? text : "simple", "/", 3);
    guint n = g_strv_length(words);
    return (n > 0 && n <= 2 && read_form(words[0], &signature->relaxed_header) &&
            read_form(n == 2 ? words[1] : "simple", &signature->relaxed_body)) ||
           refuse(signature, KX_CHECK_PERMERROR, "unknown canonical form");
}

/* The address signed for is in the domain or below. */
static gboolean is_for_domain(const KxDkimSignature *signature)
{
    g_autofree char *identity = kx_tags_bare(signature->tags, "i");
    const char *at = identity ? strrchr(identity, '@') : NULL;
    if (!identity)
        return TRUE;
    g_autofree char *domain = at ? kx_name_domain(at + 1, NULL) : NULL;
    size_t len = domain ? strlen(domain) : 0, own = strlen(signature->domain);
    return len >= own && strcmp(domain + len - own, signature->domain) == 0 &&
           (len == own || domain[len - own - 1] == '.');
}

static gboolean check_times(KxDkimSignature *signature, gint64 now)
{
    const char *text = kx_tags_get(signature->tags, "x");
    guint64 expires;
    if (!text)
        return TRUE;
    if (!kx_parse_uint(text, G_MAXINT64, &expires))
        return refuse(signature, KX_CHECK_PERMERROR, "odd expiry");
    return (gint64)expires >= now || refuse(signature, KX_CHECK_POLICY, "expired");
}

static gboolean check_dkim(KxDkimSignature *signature, gint64 now)
{
    const KxTags *tags = signature->tags;
    if (g_strcmp0(kx_tags_get(tags, "v"), "1") != 0)
        return refuse(signature, KX_CHECK_PERMERROR, "unknown version");
    if (kx_tags_get(tags, "q") && !kx_tags_lists(tags, "q", "dns/txt"))
        return refuse(signature, KX_CHECK_PERMERROR, "unknown query method");
    if (!is_for_domain(signature))
        return refuse(signature, KX_CHECK_PERMERROR, "signed for another domain");
    return check_times(signature, now);
}

static gboolean check(KxDkimSignature *signature, KxSignatureKind kind, gint64 now)
{
    if (!signature->tags)
        return refuse(signature, KX_CHECK_PERMERROR, "no list of tags");
    if (!read_domain(signature) || !read_algorithm(signature))
        return FALSE;
    if (!kx_tags_get(signature->tags, "b"))
        return refuse(signature, KX_CHECK_PERMERROR, "no signature");
    if (kind == KX_SIGNATURE_SEAL)
        return !kx_tags_get(signature->tags, "h") ||
               refuse(signature, KX_CHECK_PERMERROR, "a seal with a list of fields");
    if (!kx_tags_get(signature->tags, "bh") || !kx_tags_get(signature->tags, "h"))
        return refuse(signature, KX_CHECK_PERMERROR, "tags are missing");
    if (!read_forms(signature))
        return FALSE;
    if (kind == KX_SIGNATURE_DKIM && !kx_tags_lists(signature->tags, "h", "From"))
        return refuse(signature, KX_CHECK_PERMERROR, "From is not signed");
    return kind == KX_SIGNATURE_ARC || check_dkim(signature, now);
}

KxDkimSignature *kx_dkim_signature_new(const KxHeaderField *field, KxSignatureKind kind, gint64 now)
{
    KxDkimSignature *signature = g_new0(KxDkimSignature, 1);
    signature->field = field;
    if (field->value_len <= FIELD_MAX)
        signature->tags = kx_tags_parse(field->value, field->value_len);
    if (check(signature, kind, now))
        signature->key_name =
            g_strdup_printf("%s._domainkey.%s", signature->selector, signature->domain);
    return signature;
}

GPtrArray *kx_dkim_signatures(const KxMailView *mail, gint64 now)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(kx_dkim_signature_free);
    for (guint i = 0; i < mail->fields->len && all->len < KX_DKIM_SIGNATURES_MAX; i++) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (kx_header_field_is(field, "DKIM-Signature"))
            g_ptr_array_add(all, kx_dkim_signature_new(field, KX_SIGNATURE_DKIM, now));
    }
    return all;
}
