/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/dmarc.h"

#include <libpsl.h>
#include <string.h>

#include "directory/names.h"
#include "filter/tags.h"
#include "mime/address.h"

enum { ADDRESSES_MAX = 100 /* of a field */ };

/* ---- the authors ---- */

char *kx_dmarc_organization(const char *domain)
{
    const char *found = psl_registrable_domain(psl_builtin(), domain);
    return g_strdup(found ? found : domain);
}

static void add_author(KxDmarc *dmarc, const KxAddress *address)
{
    g_autofree char *domain = kx_name_domain(address->host, NULL);
    for (guint i = 0; domain && i < dmarc->n; i++)
        if (strcmp(dmarc->authors[i].domain, domain) == 0)
            return;
    if (!domain) {
        dmarc->odd = "an author without a domain";
    } else if (dmarc->n == KX_DMARC_AUTHORS_MAX) {
        dmarc->odd = "too many authors";
    } else {
        KxDmarcAuthor *author = &dmarc->authors[dmarc->n++];
        author->organization = kx_dmarc_organization(domain);
        author->domain = g_steal_pointer(&domain);
    }
}

/* Members of groups are authors as others are. */
static void add_authors(KxDmarc *dmarc, const KxHeaderField *from)
{
    g_autoptr(KxAddressList) list = kx_address_parse(from->value, from->value_len, ADDRESSES_MAX);
    if (list->n >= ADDRESSES_MAX)
        dmarc->odd = "too many authors";
    else if (list->n == 0)
        dmarc->odd = "no author";
    for (guint i = 0; i < list->n; i++)
        if (list->items[i].kind == KX_ADDRESS_MAILBOX)
            add_author(dmarc, &list->items[i]);
}

void kx_dmarc_init(KxDmarc *dmarc, const KxMailView *mail)
{
    guint fields = 0;
    *dmarc = (KxDmarc){0};
    for (guint i = 0; mail && i < mail->fields->len; i++) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (kx_header_field_is(field, "From") && fields++ < KX_DMARC_AUTHORS_MAX)
            add_authors(dmarc, field);
    }
    if (fields > 0 && dmarc->n == 0 && !dmarc->odd) /* groups without members */
        dmarc->odd = "no author";
    if (!mail)
        dmarc->odd = "too many fields";
    else if (fields != 1)
        dmarc->odd = fields == 0 ? "no From" : "several fields From";
    dmarc->domain = dmarc->n > 0 ? dmarc->authors[0].domain : NULL;
}

void kx_dmarc_clear(KxDmarc *dmarc)
{
    for (; dmarc->n > 0; dmarc->n--) {
        g_free(dmarc->authors[dmarc->n - 1].domain);
        g_free(dmarc->authors[dmarc->n - 1].organization);
    }
    dmarc->domain = NULL;
}

/* ---- the policy (section 6.6.3) ---- */

static char *name_at(const char *domain)
{
    return g_strconcat("_dmarc.", domain, NULL);
}

void kx_dmarc_names(const KxDmarcAuthor *author, GPtrArray *names)
{
    g_ptr_array_add(names, name_at(author->domain));
    if (strcmp(author->domain, author->organization) != 0)
        g_ptr_array_add(names, name_at(author->organization));
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

static gboolean is_aligned(const KxDmarcAuthor *author, const char *domain, const KxTags *record,
                           const char *tag)
{
    const char *mode = kx_tags_get(record, tag);
    g_autofree char *name = kx_name_domain(domain, NULL);
    if (!name)
        return FALSE;
    if (mode && g_ascii_strcasecmp(mode, "s") == 0)
        return strcmp(name, author->domain) == 0;
    g_autofree char *organization = kx_dmarc_organization(name);
    return strcmp(organization, author->organization) == 0;
}

/* One that passes is enough; else one that may pass later leaves it open. */
static void take(KxCheckResult *result, KxCheckResult one)
{
    if (one == KX_CHECK_PASS || (one == KX_CHECK_TEMPERROR && *result == KX_CHECK_FAIL))
        *result = one;
}

static KxCheckResult judge(const KxDmarcAuthor *author, KxCheckResult spf, const char *spf_domain,
                           const GPtrArray *signatures, const KxTags *record)
{
    KxCheckResult result = KX_CHECK_FAIL;
    if (is_aligned(author, spf_domain, record, "aspf"))
        take(&result, spf);
    for (guint i = 0; i < signatures->len; i++) {
        const KxDkimSignature *signature = signatures->pdata[i];
        if (signature->domain && is_aligned(author, signature->domain, record, "adkim"))
            take(&result, signature->result);
    }
    return result;
}

static void evaluate(KxDmarcAuthor *author, KxCheckResult spf, const char *spf_domain,
                     const GPtrArray *signatures, GHashTable *txt)
{
    g_autoptr(KxTags) record = NULL;
    gboolean below = FALSE, known = find_record(author->domain, txt, &record);
    if (known && !record && strcmp(author->domain, author->organization) != 0) {
        below = TRUE;
        known = find_record(author->organization, txt, &record);
    }
    author->policy = record ? policy_of(record, below) : NULL;
    if (!known)
        author->result = KX_CHECK_TEMPERROR;
    else if (author->policy)
        author->result = judge(author, spf, spf_domain, signatures, record);
}

/* ---- all of them ---- */

static guint strictness(const KxDmarcAuthor *author)
{
    static const guint results[KX_CHECK_RESULTS] = {
        [KX_CHECK_PASS] = 1, [KX_CHECK_NONE] = 2, [KX_CHECK_TEMPERROR] = 3, [KX_CHECK_FAIL] = 4};
    guint policy = g_strcmp0(author->policy, "reject") == 0       ? 2
                   : g_strcmp0(author->policy, "quarantine") == 0 ? 1
                                                                  : 0;
    return results[author->result] * 3 + policy;
}

void kx_dmarc_evaluate(KxDmarc *dmarc, KxCheckResult spf, const char *spf_domain,
                       const GPtrArray *signatures, GHashTable *txt)
{
    const KxDmarcAuthor *worst = NULL;
    for (guint i = 0; i < dmarc->n; i++) {
        KxDmarcAuthor *author = &dmarc->authors[i];
        evaluate(author, spf, spf_domain, signatures, txt);
        if (!worst || strictness(author) > strictness(worst))
            worst = author;
    }
    dmarc->result = worst ? worst->result : KX_CHECK_NONE;
    dmarc->policy = worst ? worst->policy : NULL;
    dmarc->domain = worst ? worst->domain : NULL;
    if (dmarc->odd && dmarc->result != KX_CHECK_FAIL)
        dmarc->result = KX_CHECK_PERMERROR;
}
