/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/special-use.h"

#include "base/text.h"
#include "store/folder.h"

static const struct {
    const char *name;
    guint use;
} uses[] = {
    {"\\Archive", KX_USE_ARCHIVE},     {"\\Drafts", KX_USE_DRAFTS}, {"\\Junk", KX_USE_JUNK},
    {"\\Sent", KX_USE_SENT},           {"\\Trash", KX_USE_TRASH},   {"\\Flagged", KX_USE_FLAGGED},
    {"\\Important", KX_USE_IMPORTANT},
};

void kx_imap_format_special_use(GString *out, guint special_use)
{
    for (guint i = 0; i < G_N_ELEMENTS(uses); i++) {
        if (special_use & uses[i].use)
            g_string_append_printf(out, " %s", uses[i].name);
    }
}

guint kx_imap_find_special_use(KxSlice name)
{
    for (guint i = 0; i < G_N_ELEMENTS(uses); i++) {
        if (kx_ascii_equal(name.data, name.len, uses[i].name))
            return uses[i].use;
    }
    return 0;
}
