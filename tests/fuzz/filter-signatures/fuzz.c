/* SPDX-License-Identifier: Apache-2.0 */
/* A message with signatures of DKIM and ARC, the keys of which are found in its body, and a DMARC
 * policy there too. */
#include "filter/arc.h"
#include "filter/dmarc.h"

static void put_all(GHashTable *txt, const GPtrArray *names, const char *text)
{
    for (guint i = 0; i < names->len; i++)
        kx_txt_table_put(txt, names->pdata[i], KX_TXT_FOUND, text);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(KxMailView) mail = kx_mail_view_new((const char *)data, size);
    if (!mail)
        return 0;
    const char *reason;
    g_autofree char *body = g_strndup(mail->body, mail->body_len);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) txt = kx_txt_table_new();
    g_autoptr(GPtrArray) signatures = kx_dkim_signatures(mail, 0);
    g_autoptr(KxArcChain) chain = kx_arc_new(mail, 0);
    g_auto(KxDmarc) dmarc;
    kx_dmarc_init(&dmarc, mail);
    kx_arc_key_names(chain, names);
    for (guint i = 0; i < dmarc.n; i++)
        kx_dmarc_names(&dmarc.authors[i], names);
    for (guint i = 0; i < signatures->len; i++) {
        const KxDkimSignature *signature = signatures->pdata[i];
        if (signature->key_name)
            g_ptr_array_add(names, g_strdup(signature->key_name));
    }
    put_all(txt, names, body);
    for (guint i = 0; i < signatures->len; i++)
        kx_dkim_verify(signatures->pdata[i], mail, txt);
    kx_arc_validate(chain, mail, txt, &reason);
    kx_dmarc_evaluate(&dmarc, KX_CHECK_PASS, "a.test", signatures, txt);
    for (guint i = 0; i < mail->fields->len; i++)
        kx_results_claims(&g_array_index(mail->fields, KxHeaderField, i), "a.test");
    return 0;
}
