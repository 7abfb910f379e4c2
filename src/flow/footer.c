/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/footer.h"

#include "mime/footer.h"

static gboolean leaves(const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++)
        if (!((const KxEnvelopeRcpt *)envelope->recipients->pdata[i])->account)
            return TRUE;
    return FALSE;
}

/* What goes under this message, or NULL. */
static KxMimeFooter *footer_for(KxDirectory *directory, const KxSender *sender,
                                const KxEnvelope *envelope)
{
    if (!sender->domain || !sender->address_domain)
        return NULL;
    g_autoptr(KxDomain) domain = kx_domain_get(directory, sender->address_domain, NULL);
    if (!domain || (domain->footer_external && !leaves(envelope)))
        return NULL;
    return kx_mime_footer_new(domain->footer, domain->footer_html);
}

gboolean kx_footer_apply(KxDirectory *directory, KxStore *store, const KxSender *sender,
                         const KxEnvelope *envelope, KxIncoming **incoming, GError **error)
{
    g_autoptr(KxMimeFooter) footer = footer_for(directory, sender, envelope);
    const char *data;
    size_t len;
    if (!footer)
        return TRUE;
    if (!kx_incoming_map(*incoming, &data, &len, error))
        return FALSE;
    g_autoptr(KxMimeEdits) edits = kx_mime_footer_edits(footer, data, len);
    return !edits || kx_incoming_edit(store, incoming, edits, error);
}
