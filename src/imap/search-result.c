/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-result.h"

#include "imap/fetch-format.h"

static guint32 number_at(const GArray *numbers, guint i)
{
    return g_array_index(numbers, guint32, i);
}

/* Whether the i-th of n messages found is among those the options name: MIN, MAX and PARTIAL name
 * a few, unless something needs all (RFC 5182 section 2.1, RFC 9394 section 3.2). */
static gboolean is_returned(const KxSearchProgram *program, guint i, guint n)
{
    enum { FEW = KX_RETURN_MIN | KX_RETURN_MAX | KX_RETURN_PARTIAL };
    guint returns = program->returns, first = 0;
    if (!(returns & FEW) || returns & (KX_RETURN_ALL | KX_RETURN_COUNT))
        return TRUE;
    if ((returns & KX_RETURN_MIN && i == 0) || (returns & KX_RETURN_MAX && i == n - 1))
        return TRUE;
    guint count = returns & KX_RETURN_PARTIAL ? kx_partial_window(&program->partial, n, &first) : 0;
    return i >= first && i - first < count;
}

/* ---- RETURN (SAVE), RFC 5182 ---- */

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

void kx_search_save(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found)
{
    const GArray *uids = found->uids;
    if (!(program->returns & KX_RETURN_SAVE))
        return;
    GArray *saved = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0; i < uids->len; i++) {
        guint32 uid = number_at(uids, i);
        if (is_returned(program, i, uids->len))
            g_array_append_val(saved, uid);
    }
    g_array_sort(saved, compare_numbers); /* they may have been found in another order */
    g_clear_pointer(&imap->saved, g_array_unref);
    imap->saved = saved;
}

/* ---- modseqs, RFC 7162 sections 3.1.5 and 3.1.10 ---- */

/* The highest of the messages that are returned. */
static guint64 highest(const KxSearchProgram *program, const KxSearchFound *found)
{
    guint64 most = 0;
    for (guint i = 0; i < found->modseqs->len; i++)
        if (is_returned(program, i, found->modseqs->len))
            most = MAX(most, g_array_index(found->modseqs, guint64, i));
    return most;
}

/* ---- the two forms ---- */

gboolean kx_search_wants_answer(const KxSearchProgram *program)
{
    return program->returns != KX_RETURN_SAVE;
}

static void append_correlators(KxImap *imap, const KxSearchPlace *place, GString *out)
{
    g_string_append_printf(out, "* ESEARCH (TAG \"%s\"", imap->tag);
    if (place) {
        g_string_append(out, " MAILBOX ");
        kx_imap_append_mailbox(imap, out, place->name);
        g_string_append_printf(out, " UIDVALIDITY %u", place->uid_validity);
    }
    g_string_append(out, ")");
}

void kx_search_append_esearch(KxImap *imap, const KxSearchProgram *program,
                              const KxSearchFound *found, guint returns, const KxSearchPlace *place,
                              GString *out)
{
    gboolean uid = imap->uid || place;
    const GArray *numbers = uid ? found->uids : found->seqs;
    guint n = numbers->len;
    append_correlators(imap, place, out);
    if (uid)
        g_string_append(out, " UID");
    if ((returns & KX_RETURN_MIN) && n > 0)
        g_string_append_printf(out, " MIN %u", number_at(numbers, 0));
    if ((returns & KX_RETURN_MAX) && n > 0)
        g_string_append_printf(out, " MAX %u", number_at(numbers, n - 1));
    if (returns & KX_RETURN_COUNT)
        g_string_append_printf(out, " COUNT %u", n);
    if ((returns & KX_RETURN_ALL) && n > 0) {
        g_string_append(out, " ALL ");
        kx_seqset_format(out, (const guint32 *)(void *)numbers->data, n);
    }
    if (returns & KX_RETURN_PARTIAL) {
        g_string_append_c(out, ' ');
        kx_partial_format(out, &program->partial, (const guint32 *)(void *)numbers->data, n);
    }
    guint64 modseq = program->modseq ? highest(program, found) : 0;
    if (modseq > 0)
        g_string_append_printf(out, " MODSEQ %" G_GUINT64_FORMAT, modseq);
    g_string_append(out, "\r\n");
}

void kx_search_append_list(KxImap *imap, const char *name, const KxSearchProgram *program,
                           const KxSearchFound *found, GString *out)
{
    const GArray *numbers = imap->uid ? found->uids : found->seqs;
    g_string_append_printf(out, "* %s", name);
    for (guint i = 0; i < numbers->len; i++) {
        g_string_append_c(out, ' ');
        kx_fetch_append_uint(out, number_at(numbers, i));
    }
    if (program->modseq && numbers->len > 0)
        g_string_append_printf(out, " (MODSEQ %" G_GUINT64_FORMAT ")", highest(program, found));
    g_string_append(out, "\r\n");
}
