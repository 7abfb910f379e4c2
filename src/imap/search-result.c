/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-result.h"

#include "imap/fetch-format.h"

static guint32 number_at(const GArray *numbers, guint i)
{
    return g_array_index(numbers, guint32, i);
}

/* ---- RETURN (SAVE), RFC 5182 section 2.1: with MIN or MAX and nothing that needs more, just those
 * ---- */

static void save(KxImap *imap, guint returns, const GArray *uids)
{
    guint n = uids->len;
    GArray *saved = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (n > 0 && (returns & (KX_RETURN_MIN | KX_RETURN_MAX)) &&
        !(returns & (KX_RETURN_ALL | KX_RETURN_COUNT))) {
        guint32 least = number_at(uids, 0), most = number_at(uids, n - 1);
        if (returns & KX_RETURN_MIN)
            g_array_append_val(saved, least);
        if ((returns & KX_RETURN_MAX) && (n > 1 || !(returns & KX_RETURN_MIN)))
            g_array_append_val(saved, most);
    } else {
        g_array_append_vals(saved, uids->data, n);
    }
    g_clear_pointer(&imap->saved, g_array_unref);
    imap->saved = saved;
}

/* ---- modseqs, RFC 7162 sections 3.1.5 and 3.1.10 ---- */

/* The highest of the messages that are returned. */
static guint64 highest(const KxSearchFound *found, guint returns)
{
    guint64 most = 0;
    guint n = found->modseqs->len;
    gboolean ends_only = returns != 0 && !(returns & (KX_RETURN_ALL | KX_RETURN_COUNT));
    for (guint i = 0; i < n; i++) {
        if (ends_only && !(i == 0 && (returns & KX_RETURN_MIN)) &&
            !(i == n - 1 && (returns & KX_RETURN_MAX)))
            continue;
        most = MAX(most, g_array_index(found->modseqs, guint64, i));
    }
    return most;
}

/* ---- the two forms ---- */

static void append_esearch(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found,
                           guint returns, GString *out)
{
    const GArray *numbers = imap->uid ? found->uids : found->seqs;
    guint n = numbers->len;
    g_string_append_printf(out, "* ESEARCH (TAG \"%s\")%s", imap->tag, imap->uid ? " UID" : "");
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
    if (program->modseq && n > 0)
        g_string_append_printf(out, " MODSEQ %" G_GUINT64_FORMAT, highest(found, returns));
    g_string_append(out, "\r\n");
}

static void append_search(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found,
                          GString *out)
{
    const GArray *numbers = imap->uid ? found->uids : found->seqs;
    g_string_append(out, "* SEARCH");
    for (guint i = 0; i < numbers->len; i++) {
        g_string_append_c(out, ' ');
        kx_fetch_append_uint(out, number_at(numbers, i));
    }
    if (program->modseq && numbers->len > 0)
        g_string_append_printf(out, " (MODSEQ %" G_GUINT64_FORMAT ")", highest(found, 0));
    g_string_append(out, "\r\n");
}

void kx_search_answer(KxImap *imap, const KxSearchProgram *program, const KxSearchFound *found,
                      GString *out)
{
    guint returns = program->returns;
    if (returns & KX_RETURN_SAVE)
        save(imap, returns, found->uids);
    if (program->extended && returns != KX_RETURN_SAVE)
        append_esearch(imap, program, found, returns, out);
    else if (!program->extended && (imap->enabled & KX_IMAP_REV2))
        append_esearch(imap, program, found, KX_RETURN_ALL, out);
    else if (!program->extended)
        append_search(imap, program, found, out);
}
