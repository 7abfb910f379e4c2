/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/authenticate.h"

#include <string.h>

#include "filter/arc.h"
#include "filter/dmarc.h"

enum { DNS_SECONDS = 10 /* for each of two questions */, B_SHOWN = 8 };

typedef struct {
    const KxAuthenticate *message;
    KxCheckResult spf, arc;
    char *spf_why;
    const char *arc_why;
    KxMailView *mail;      /* NULL: too many fields to be looked at */
    GPtrArray *signatures; /* of KxDkimSignature */
    KxArcChain *chain;
    KxDmarc dmarc;
    GHashTable *txt;
} Work;

/* ---- asking DNS ---- */

static void take_spf(Work *work, const KxAskName *answer)
{
    g_auto(GStrv) words = g_strsplit(answer->text ? answer->text : "", " ", 2);
    work->spf = answer->code == 250 && words[0] ? kx_check_find(words[0]) : KX_CHECK_TEMPERROR;
    work->spf_why = g_strdup(words[0] ? words[1] : NULL);
}

/* FALSE: DNS does not answer. */
static gboolean ask_spf(Work *work)
{
    KxAskName names[] = {{.name = work->message->sender}, {.name = work->message->helo}};
    g_auto(KxAsk) ask = {.kind = KX_MAIL_SPF,
                         .host = work->message->ip,
                         .seconds = DNS_SECONDS,
                         .names = names,
                         .n_names = G_N_ELEMENTS(names)};
    gboolean asked = work->message->asks && kx_asks_run(work->message->asks, &ask);
    take_spf(work, &names[0]);
    return asked;
}

/* Each once. */
static GPtrArray *names_needed(const Work *work)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < work->signatures->len; i++) {
        const KxDkimSignature *signature = work->signatures->pdata[i];
        if (signature->key_name)
            g_ptr_array_add(all, g_strdup(signature->key_name));
    }
    kx_dmarc_names(&work->dmarc, all);
    kx_arc_key_names(work->chain, all);
    for (guint i = 0; i < all->len; i++)
        if (g_hash_table_add(seen, all->pdata[i]))
            g_ptr_array_add(names, g_strdup(all->pdata[i]));
    return names;
}

static void take_text(GHashTable *table, const KxAskName *answer)
{
    if (answer->code / 100 == 2)
        kx_txt_table_put(table, answer->name, KX_TXT_FOUND, answer->text);
    else if (answer->code / 100 == 5)
        kx_txt_table_put(table, answer->name, KX_TXT_NONE, NULL);
}

static void ask_texts(Work *work)
{
    g_autoptr(GPtrArray) names = names_needed(work);
    g_autofree KxAskName *answers = g_new0(KxAskName, names->len + 1);
    for (guint i = 0; i < names->len; i++)
        answers[i].name = names->pdata[i];
    g_auto(KxAsk) ask = {.kind = KX_MAIL_TEXTS,
                         .host = "",
                         .seconds = DNS_SECONDS,
                         .names = answers,
                         .n_names = names->len};
    if (names->len > 0)
        kx_asks_run(work->message->asks, &ask);
    for (guint i = 0; i < names->len; i++)
        take_text(work->txt, &answers[i]);
}

/* ---- checking ---- */

static const char *spf_domain(const Work *work)
{
    const char *at = strrchr(work->message->sender, '@');
    return at ? at + 1 : work->message->helo;
}

static void check(Work *work)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gboolean answers = ask_spf(work);
    work->mail = kx_mail_view_new(work->message->content, work->message->len);
    if (!work->mail)
        return;
    work->signatures = kx_dkim_signatures(work->mail, now);
    work->chain = kx_arc_new(work->mail, now);
    kx_dmarc_init(&work->dmarc, work->mail);
    if (answers)
        ask_texts(work);
    for (guint i = 0; i < work->signatures->len; i++)
        kx_dkim_verify(work->signatures->pdata[i], work->mail, work->txt);
    work->arc = kx_arc_validate(work->chain, work->mail, work->txt, &work->arc_why);
    kx_dmarc_evaluate(&work->dmarc, work->spf, spf_domain(work), work->signatures, work->txt);
}

/* ---- telling ---- */

static void tell_signature(GString *out, const KxDkimSignature *signature)
{
    g_autofree char *b = signature->tags ? kx_tags_bare(signature->tags, "b") : NULL;
    g_autofree char *start = b ? g_strndup(b, B_SHOWN) : NULL;
    kx_results_add(out, "dkim", signature->result, signature->reason);
    kx_results_property(out, "header.d", signature->domain);
    kx_results_property(out, "header.s", signature->selector);
    if (signature->key_name)
        kx_results_property(out, "header.a", kx_dkim_algorithm_word(signature->algorithm));
    kx_results_property(out, "header.b", start);
}

/* The best of the signatures. */
static KxCheckResult dkim_result(const Work *work)
{
    KxCheckResult result = KX_CHECK_NONE;
    for (guint i = 0; work->signatures && i < work->signatures->len; i++) {
        const KxDkimSignature *signature = work->signatures->pdata[i];
        if (result == KX_CHECK_NONE || signature->result == KX_CHECK_PASS)
            result = signature->result;
    }
    return result;
}

static GString *tell(const Work *work)
{
    GString *out = g_string_new(NULL);
    const char *sender = work->message->sender;
    g_autofree char *policy =
        work->dmarc.policy ? g_strdup_printf("p=%s", work->dmarc.policy) : NULL;
    kx_results_add(out, "spf", work->spf, work->spf_why);
    kx_results_property(out, *sender ? "smtp.mailfrom" : "smtp.helo",
                        *sender ? sender : work->message->helo);
    if (!work->mail)
        return out;
    if (work->signatures->len == 0)
        kx_results_add(out, "dkim", KX_CHECK_NONE, NULL);
    for (guint i = 0; i < work->signatures->len; i++)
        tell_signature(out, work->signatures->pdata[i]);
    kx_results_add(out, "dmarc", work->dmarc.result, policy);
    kx_results_property(out, "header.from", work->dmarc.domain);
    kx_results_add(out, "arc", work->arc, work->arc_why);
    return out;
}

void kx_authenticate(const KxAuthenticate *message, KxAuthenticated *ret_results)
{
    Work work = {.message = message, .txt = kx_txt_table_new()};
    check(&work);
    GString *told = tell(&work);
    *ret_results = (KxAuthenticated){
        .field = kx_results_field(message->authserv_id, told),
        .summary = g_strdup_printf("spf=%s dkim=%s dmarc=%s arc=%s", kx_check_word(work.spf),
                                   kx_check_word(dkim_result(&work)),
                                   kx_check_word(work.dmarc.result), kx_check_word(work.arc)),
        .author = g_strdup(work.dmarc.domain),
        .disowned = work.dmarc.result == KX_CHECK_FAIL ||
                    (work.dmarc.result == KX_CHECK_NONE && work.spf == KX_CHECK_FAIL),
    };
    g_string_free(told, TRUE);
    kx_dmarc_clear(&work.dmarc);
    kx_arc_free(work.chain);
    g_clear_pointer(&work.signatures, g_ptr_array_unref);
    kx_mail_view_free(work.mail);
    g_hash_table_unref(work.txt);
    g_free(work.spf_why);
}

void kx_authenticated_clear(KxAuthenticated *results)
{
    g_clear_pointer(&results->field, g_free);
    g_clear_pointer(&results->summary, g_free);
    g_clear_pointer(&results->author, g_free);
}
