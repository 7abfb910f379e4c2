/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/authenticate.h"

#include <string.h>

#include "filter/arc.h"
#include "filter/dmarc.h"

enum { DNS_SECONDS = 20 /* for all that is asked about a message */, B_SHOWN = 8 };

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

/* A name server that is slow, and a stranger may have chosen one, takes away no more than what is
 * asked together; but each question holds up a thread of the courier, so there are few of them: of
 * each author's own domain, */
enum { OF_KIN = KX_DMARC_AUTHORS_MAX, OF_SEALS, QUESTIONS };

/* and the signers' others; strangers are asked about apart from these where there is room. */
static guint question_of(const KxDmarc *dmarc, const char *signer)
{
    g_autofree char *organization = kx_dmarc_organization(signer);
    for (guint i = 0; i < dmarc->n; i++)
        if (g_str_equal(signer, dmarc->authors[i].domain) ||
            g_str_equal(signer, dmarc->authors[i].organization))
            return i;
    for (guint i = 0; i < dmarc->n; i++)
        if (g_str_equal(organization, dmarc->authors[i].organization))
            return OF_KIN;
    return MIN(dmarc->n, OF_KIN);
}

typedef struct {
    GArray *texts[QUESTIONS]; /* of KxAskName */
    GPtrArray *names;         /* that they borrow */
} Names;

/* Those from `first` on, unless they are asked for already. */
static void add_names(Names *names, guint question, guint first)
{
    for (guint i = first; i < names->names->len; i++) {
        KxAskName text = {.name = names->names->pdata[i]};
        gboolean seen = FALSE;
        for (guint j = 0; j < i && !seen; j++)
            seen = g_str_equal(text.name, names->names->pdata[j]);
        if (!seen)
            g_array_append_val(names->texts[question], text);
    }
}

static void names_init(Names *names)
{
    names->names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < QUESTIONS; i++)
        names->texts[i] = g_array_new(FALSE, FALSE, sizeof(KxAskName));
}

static void names_clear(Names *names)
{
    for (guint i = 0; i < QUESTIONS; i++)
        g_array_unref(names->texts[i]);
    g_ptr_array_unref(names->names);
}

static void find_names(const Work *work, Names *names)
{
    for (guint i = 0; i < work->dmarc.n; i++) {
        guint first = names->names->len;
        kx_dmarc_names(&work->dmarc.authors[i], names->names);
        add_names(names, i, first);
    }
    for (guint i = 0; i < work->signatures->len; i++) {
        const KxDkimSignature *signature = work->signatures->pdata[i];
        guint first = names->names->len;
        if (!signature->key_name)
            continue;
        g_ptr_array_add(names->names, g_strdup(signature->key_name));
        add_names(names, question_of(&work->dmarc, signature->domain), first);
    }
    guint first = names->names->len;
    kx_arc_key_names(work->chain, names->names);
    add_names(names, OF_SEALS, first);
}

static void take_text(GHashTable *table, const KxAskName *answer)
{
    if (answer->code / 100 == 2)
        kx_txt_table_put(table, answer->name, KX_TXT_FOUND, answer->text);
    else if (answer->code / 100 == 5)
        kx_txt_table_put(table, answer->name, KX_TXT_NONE, NULL);
}

static void add_question(GArray *questions, KxMailAskKind kind, const char *host, KxAskName *names,
                         guint n)
{
    KxAsk ask = {.kind = kind, .host = host, .seconds = DNS_SECONDS, .names = names, .n_names = n};
    g_array_append_val(questions, ask);
}

static void ask_dns(Work *work)
{
    Names names;
    KxAskName client[] = {{.name = work->message->sender}, {.name = work->message->helo}};
    g_autoptr(GArray) questions = g_array_new(FALSE, TRUE, sizeof(KxAsk));
    g_array_set_clear_func(questions, (GDestroyNotify)kx_ask_clear);
    names_init(&names);
    if (work->mail)
        find_names(work, &names);
    add_question(questions, KX_MAIL_SPF, work->message->ip, client, G_N_ELEMENTS(client));
    for (guint i = 0; i < QUESTIONS; i++)
        if (names.texts[i]->len > 0)
            add_question(questions, KX_MAIL_TEXTS, "", (KxAskName *)(void *)names.texts[i]->data,
                         names.texts[i]->len);
    if (work->message->asks)
        kx_asks_run_all(work->message->asks, (KxAsk *)(void *)questions->data, questions->len);
    take_spf(work, &client[0]);
    for (guint i = 0; i < QUESTIONS; i++)
        for (guint j = 0; j < names.texts[i]->len; j++)
            take_text(work->txt, &g_array_index(names.texts[i], KxAskName, j));
    g_array_set_size(questions, 0); /* what they point to goes */
    names_clear(&names);
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
    work->mail = kx_mail_view_new(work->message->content, work->message->len);
    kx_dmarc_init(&work->dmarc, work->mail);
    if (work->mail) {
        work->signatures = kx_dkim_signatures(work->mail, now);
        work->chain = kx_arc_new(work->mail, now);
    } else {
        work->signatures = g_ptr_array_new();
    }
    ask_dns(work);
    for (guint i = 0; i < work->signatures->len; i++)
        kx_dkim_verify(work->signatures->pdata[i], work->mail, work->txt);
    if (work->mail)
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
    KxCheckResult result = work->mail ? KX_CHECK_NONE : KX_CHECK_PERMERROR;
    for (guint i = 0; i < work->signatures->len; i++) {
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
    const KxDmarc *dmarc = &work->dmarc;
    g_autofree char *policy = dmarc->policy && dmarc->result != KX_CHECK_PERMERROR
                                  ? g_strdup_printf("p=%s", dmarc->policy)
                                  : g_strdup(dmarc->odd);
    kx_results_add(out, "spf", work->spf, work->spf_why);
    kx_results_property(out, *sender ? "smtp.mailfrom" : "smtp.helo",
                        *sender ? sender : work->message->helo);
    if (work->signatures->len == 0)
        kx_results_add(out, "dkim", dkim_result(work), work->mail ? NULL : dmarc->odd);
    for (guint i = 0; i < work->signatures->len; i++)
        tell_signature(out, work->signatures->pdata[i]);
    kx_results_add(out, "dmarc", dmarc->result, policy);
    kx_results_property(out, "header.from", dmarc->domain);
    if (work->mail)
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
        .disowned = work.dmarc.result == KX_CHECK_FAIL || work.dmarc.result == KX_CHECK_PERMERROR ||
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
