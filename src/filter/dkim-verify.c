/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/dkim-verify.h"

#include <string.h>

#include "base/text.h"
#include "filter/canon.h"

enum { RSA_BITS_MIN = 1024, NAMES_MAX = 256 };

static gboolean settle(KxDkimSignature *signature, KxCheckResult result, const char *reason)
{
    signature->result = result;
    signature->reason = reason;
    return FALSE;
}

/* ---- the key ---- */

/* What the record says it is good for (section 3.6.1). NULL: it is. */
static const char *why_not_good(const KxDkimSignature *signature, const KxTags *record)
{
    const char *version = kx_tags_get(record, "v"), *kind = kx_tags_get(record, "k");
    const char *word = kx_dkim_key_word(signature->algorithm);
    if (version && strcmp(version, "DKIM1") != 0)
        return "the key is of another version";
    if (g_ascii_strcasecmp(kind ? kind : "rsa", word) != 0)
        return "the key is of another kind";
    if (kx_tags_get(record, "h") && !kx_tags_lists(record, "h", "sha256"))
        return "the key is not for SHA-256";
    if (kx_tags_get(record, "s") && !kx_tags_lists(record, "s", "*") &&
        !kx_tags_lists(record, "s", "email"))
        return "the key is not for mail";
    if (!kx_tags_lists(record, "t", "s"))
        return NULL;
    g_autofree char *identity = kx_tags_bare(signature->tags, "i");
    const char *at = identity ? strrchr(identity, '@') : NULL;
    return at && g_ascii_strcasecmp(at + 1, signature->domain) != 0
               ? "the key is not for domains below"
               : NULL;
}

static KxDkimPublic *read_key(KxDkimSignature *signature, const char *text)
{
    gsize len = 0;
    g_autoptr(KxTags) record = kx_tags_parse(text, strlen(text));
    const char *p = record ? kx_tags_get(record, "p") : NULL;
    const char *why = record ? why_not_good(signature, record) : "the key's record makes no sense";
    if (!why && (!p || !*p))
        why = p ? "the key is revoked" : "the key's record has no key";
    g_autofree guchar *bytes = why ? NULL : kx_tags_bytes(record, "p", &len);
    g_autoptr(KxDkimPublic) key =
        bytes ? kx_dkim_public_new(signature->algorithm, bytes, len) : NULL;
    if (!key) {
        settle(signature, KX_CHECK_PERMERROR, why ? why : "the key makes no sense");
        return NULL;
    }
    if (signature->algorithm == KX_DKIM_RSA && kx_dkim_public_bits(key) < RSA_BITS_MIN) {
        settle(signature, KX_CHECK_POLICY, "the key is too short");
        return NULL;
    }
    return g_steal_pointer(&key);
}

static KxDkimPublic *find_key(KxDkimSignature *signature, GHashTable *table)
{
    const KxTxt *txt = g_hash_table_lookup(table, signature->key_name);
    if (txt && txt->state == KX_TXT_FOUND)
        return read_key(signature, txt->text);
    if (txt && txt->state == KX_TXT_NONE)
        settle(signature, KX_CHECK_PERMERROR, "no key");
    else
        settle(signature, KX_CHECK_TEMPERROR, "the key cannot be had now");
    return NULL;
}

/* ---- what is signed ---- */

/* The value as it was before it was signed: nothing after b= (section 3.7). */
static void append_unsigned(GString *out, const KxDkimSignature *signature)
{
    KxHeaderField field = *signature->field;
    g_autoptr(GString) value = g_string_new(NULL);
    const char *at = field.value, *end = field.value + field.value_len;
    while (at < end) {
        const char *next = memchr(at, ';', (size_t)(end - at));
        const char *stop = next ? next : end, *name = at;
        while (name < stop && g_ascii_isspace(*name))
            name++;
        const char *equals = memchr(name, '=', (size_t)(stop - name)), *last = equals;
        while (last && last > name && g_ascii_isspace(last[-1]))
            last--;
        gboolean b = equals && last - name == 1 && *name == 'b';
        g_string_append_len(value, at, (b ? equals + 1 : stop) - at);
        if (next)
            g_string_append_c(value, ';');
        at = next ? next + 1 : end;
    }
    g_autofree char *start = g_strndup(field.start, (gsize)(field.value - field.start));
    g_autofree char *whole = g_strconcat(start, value->str, NULL);
    kx_canon_text(out, whole, signature->relaxed_header);
    g_string_truncate(out, out->len - strlen("\r\n"));
}

static gboolean body_is_right(KxDkimSignature *signature, KxMailView *mail)
{
    guint64 len, part;
    gsize hash_len = 0;
    const char *limit = kx_tags_get(signature->tags, "l");
    const guint8 *digest = kx_canon_body(mail, signature->relaxed_body, &len);
    g_autofree guchar *hash = kx_tags_bytes(signature->tags, "bh", &hash_len);
    if (limit && !kx_parse_uint(limit, G_MAXINT64, &part))
        return settle(signature, KX_CHECK_PERMERROR, "odd length of the body");
    if (limit && part < len)
        return settle(signature, KX_CHECK_POLICY, "not all of the body is signed");
    return (hash && hash_len == KX_DIGEST && memcmp(hash, digest, KX_DIGEST) == 0) ||
           settle(signature, KX_CHECK_FAIL, "the body was changed");
}

/* ---- the verdict ---- */

static void check(KxDkimSignature *signature, const GString *text, const KxDkimPublic *key)
{
    gsize len = 0;
    g_autofree guchar *bytes = kx_tags_bytes(signature->tags, "b", &len);
    if (!bytes)
        settle(signature, KX_CHECK_PERMERROR, "the signature is no base64");
    else if (kx_dkim_public_check(key, text->str, text->len, bytes, len))
        settle(signature, KX_CHECK_PASS, NULL);
    else
        settle(signature, KX_CHECK_FAIL, "the signature is wrong");
}

void kx_dkim_verify(KxDkimSignature *signature, KxMailView *mail, GHashTable *txt)
{
    if (signature->result != KX_CHECK_NONE)
        return;
    g_autoptr(KxDkimPublic) key = find_key(signature, txt);
    if (!key || !body_is_right(signature, mail))
        return;
    g_autofree char *list = kx_tags_bare(signature->tags, "h");
    g_auto(GStrv) names = g_strsplit(list, ":", NAMES_MAX + 1);
    if (g_strv_length(names) > NAMES_MAX) {
        settle(signature, KX_CHECK_PERMERROR, "too many fields are signed");
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    kx_canon_fields(text, mail, names, signature->relaxed_header);
    append_unsigned(text, signature);
    check(signature, text, key);
}

void kx_dkim_verify_text(KxDkimSignature *signature, GString *text, GHashTable *txt)
{
    if (signature->result != KX_CHECK_NONE)
        return;
    signature->relaxed_header = TRUE;
    g_autoptr(KxDkimPublic) key = find_key(signature, txt);
    if (!key)
        return;
    append_unsigned(text, signature);
    check(signature, text, key);
}
