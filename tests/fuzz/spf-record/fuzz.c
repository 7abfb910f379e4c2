/* SPDX-License-Identifier: Apache-2.0 */
/* An SPF record: its terms, and the names these stand for. */
#include <string.h>

#include "courier/spf-private.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GArray *terms = kx_spf_parse(words);
    KxSpf spf = {.local = (char *)"l-o", .origin = (char *)"o.test", .helo = (char *)"h.test"};
    for (guint i = 0; terms && i < terms->len; i++) {
        const char *spec = g_array_index(terms, KxSpfTerm, i).spec;
        /* %{p} asks DNS. */
        if (spec && !strstr(spec, "%{p") && !strstr(spec, "%{P"))
            g_free(kx_spf_expand(&spf, spec, "d.test"));
    }
    kx_spf_terms_free(terms);
    return 0;
}
