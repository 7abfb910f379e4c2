/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/dmarc.h"

#include <libpsl.h>
#include <string.h>

#include "directory/names.h"
#include "filter/tags.h"
#include "mime/address.h"

enum { AUTHORS = 2 /* more are not needed to see that there is more than one */ };

/* ---- the author ---- */

static char *organization_of(const char *domain)
{
    const char *found = psl_registrable_domain(psl_builtin(), domain);
    return g_strdup(found ? found : domain);
}

/* The only From field of the message; NULL: there is none, or there are several. */
static const KxHeaderField *only_from(const KxMailView *mail)
{
    const KxHeaderField *found = NULL;
    for (guint i = 0; i < mail->fields->len; i++) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (!kx_header_field_is(field, "From"))
            continue;
        if (found)
            return NULL;
        found = field;
    }
    return found;
}

void kx_dmarc_init(KxDmarc *dmarc, const KxMailView *mail)
{
    *dmarc = (KxDmarc){0};
    const KxHeaderField *from = only_from(mail);
    if (!from)
        return;
    g_autoptr(KxAddressList) list = kx_address_parse(from->value, from->value_len, AUTHORS);
    if (list->n == 1 && list->items[0].kind == KX_ADDRESS_MAILBOX)
        dmarc->domain = kx_name_domain(list->items[0].host, NULL);
    dmarc->organization = dmarc->domain ? organization_of(dmarc->domain) : NULL;
}

void kx_dmarc_clear(KxDmarc *dmarc)
{
    g_clear_pointer(&dmarc->domain, g_free);
    g_clear_pointer(&dmarc->organization, g_free);
}

/* ---- the policy (section 6.6.3) ---- */

static char *name_at(const char *domain)
{
    return g_strconcat("_dmarc.", domain, NULL);
}

void kx_dmarc_names(const KxDmarc *dmarc, GPtrArray *names)
{
    if (!dmarc->domain)
        return;
    g_ptr_array_add(names, name_at(dmarc->domain));
    if (strcmp(dmarc->domain, dmarc->organization) != 0)
        g_ptr_array_add(names, name_at(dmarc->organization));
}

/* FALSE: nobody can say now whether there is one. */
static gboolean find_record(const char *domain, GHashTable *txt, KxTags **ret_record)
{
    g_autofree char *name = name_at(domain);
    const KxTxt *found = g_hash_table_lookup(txt, name);
    *ret_record = NULL;
    if (!found || found->state == KX_TXT_FAILED)
        return FALSE;
    if (found->state == KX_TXT_FOUND && g_str_has_prefix(found->text, "v=DMARC1"))
        *ret_record = kx_tags_parse(found->text, strlen(found->text));
    return TRUE;
}

static const char *policy_word(const char *text)
{
    static const char *const words[] = {"none", "quarantine", "reject"};
    for (guint i = 0; text && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return words[i];
    return NULL;
}

static const char *policy_of(const KxTags *record, gboolean below)
{
    const char *policy = policy_word(kx_tags_get(record, "p"));
    const char *sub = below ? policy_word(kx_tags_get(record, "sp")) : NULL;
    return sub ? sub : policy;
}

/* ---- alignment (section 3.1) ---- */

static gboolean is_aligned(const KxDmarc *dmarc, const char *domain, const KxTags *record,
                           const char *tag)
{
    const char *mode = kx_tags_get(record, tag);
    g_autofree char *name = kx_name_domain(domain, NULL);
    if (!name)
        return FALSE;
    if (mode && g_ascii_strcasecmp(mode, "s") == 0)
        return strcmp(name, dmarc->domain) == 0;
    g_autofree char *organization = organization_of(name);
    return strcmp(organization, dmarc->organization) == 0;
}

/* One that passes is enough; else one that may pass later leaves it open. */
static void take(KxCheckResult *result, KxCheckResult one)
{
    if (one == KX_CHECK_PASS || (one == KX_CHECK_TEMPERROR && *result == KX_CHECK_FAIL))
        *result = one;
}

static KxCheckResult judge(const KxDmarc *dmarc, KxCheckResult spf, const char *spf_domain,
                           const GPtrArray *signatures, const KxTags *record)
{
    KxCheckResult result = KX_CHECK_FAIL;
    if (is_aligned(dmarc, spf_domain, record, "aspf"))
        take(&result, spf);
    for (guint i = 0; i < signatures->len; i++) {
        const KxDkimSignature *signature = signatures->pdata[i];
        if (signature->domain && is_aligned(dmarc, signature->domain, record, "adkim"))
            take(&result, signature->result);
    }
    return result;
}

void kx_dmarc_evaluate(KxDmarc *dmarc, KxCheckResult spf, const char *spf_domain,
                       const GPtrArray *signatures, GHashTable *txt)
{
    g_autoptr(KxTags) record = NULL;
    dmarc->result = KX_CHECK_NONE;
    if (!dmarc->domain)
        return;
    gboolean below = FALSE, known = find_record(dmarc->domain, txt, &record);
    if (known && !record && strcmp(dmarc->domain, dmarc->organization) != 0) {
        below = TRUE;
        known = find_record(dmarc->organization, txt, &record);
    }
    dmarc->policy = record ? policy_of(record, below) : NULL;
    if (!known)
        dmarc->result = KX_CHECK_TEMPERROR;
    else if (dmarc->policy)
        dmarc->result = judge(dmarc, spf, spf_domain, signatures, record);
}
