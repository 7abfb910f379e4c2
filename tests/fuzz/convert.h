/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every converter, whatever it is given: it succeeds or says why not, and what it
 * gives is valid text within the limit. */
#pragma once

#include "convert/content.h"
#include "convert/limits.h"

static inline void check_text(const KxTextOut *out)
{
    g_assert(out->text->len <= KX_CONVERT_TEXT_MAX);
    g_assert(g_utf8_validate(out->text->str, (gssize)out->text->len, NULL));
}

static inline void check_converter(KxConverter convert, const void *data, size_t len)
{
    KxContent content = {data, len, "", ""};
    g_auto(KxTextOut) out;
    g_autoptr(GError) error = NULL;
    kx_text_out_init(&out);
    gboolean ok = convert(&content, &out, &error);
    g_assert(ok == (error == NULL));
    check_text(&out);
}
