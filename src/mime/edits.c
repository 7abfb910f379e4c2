/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/edits.h"

typedef struct {
    size_t start, len;
    GString *text;
} Edit;

struct KxMimeEdits {
    const char *data;
    size_t len;
    GArray *edits; /* of Edit, by start */
};

static void clear_edit(gpointer data)
{
    g_string_free(((Edit *)data)->text, TRUE);
}

KxMimeEdits *kx_mime_edits_new(const char *data, size_t len)
{
    KxMimeEdits *edits = g_new(KxMimeEdits, 1);
    *edits = (KxMimeEdits){data, len, g_array_new(FALSE, FALSE, sizeof(Edit))};
    g_array_set_clear_func(edits->edits, clear_edit);
    return edits;
}

void kx_mime_edits_free(KxMimeEdits *edits)
{
    if (!edits)
        return;
    g_array_unref(edits->edits);
    g_free(edits);
}

void kx_mime_edits_replace(KxMimeEdits *edits, size_t start, size_t len, GString *text)
{
    Edit edit = {start, len, text};
    guint at = edits->edits->len;
    while (at > 0 && g_array_index(edits->edits, Edit, at - 1).start > start)
        at--;
    g_array_insert_val(edits->edits, at, edit);
}

gboolean kx_mime_edits_is_empty(const KxMimeEdits *edits)
{
    return edits->edits->len == 0;
}

gboolean kx_mime_edits_write(const KxMimeEdits *edits, KxMimeSink sink, gpointer user,
                             GError **error)
{
    size_t done = 0;
    for (guint i = 0; i < edits->edits->len; i++) {
        const Edit *edit = &g_array_index(edits->edits, Edit, i);
        if (edit->start > done && !sink(edits->data + done, edit->start - done, user, error))
            return FALSE;
        if (edit->text->len > 0 && !sink(edit->text->str, edit->text->len, user, error))
            return FALSE;
        done = edit->start + edit->len;
    }
    return done == edits->len || sink(edits->data + done, edits->len - done, user, error);
}
