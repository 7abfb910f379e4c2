/* SPDX-License-Identifier: Apache-2.0 */
#include "store/replace-private.h"

#include "base/error.h"

gboolean kx_replaced_prepare(KxReplaced *replaced, GError **error)
{
    KxFolder *folder = replaced->folder;
    kx_replaced_clear(replaced);
    if (folder->gone || !kx_folder_load(folder, error))
        return folder->gone ? kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed")
                            : FALSE;
    KxEntry *entry = kx_items_find(folder, replaced->uid);
    if (!entry)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the message to be replaced is not there any more");
    replaced->entries = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    replaced->items = g_ptr_array_new_with_free_func(kx_op_item_free);
    g_array_append_vals(replaced->entries, entry, 1);
    return kx_remove_prepare(folder, replaced->entries, replaced->items, error);
}

guint64 kx_replaced_bytes(const KxReplaced *replaced)
{
    return g_array_index(replaced->entries, KxEntry, 0).size;
}

gboolean kx_replaced_rows(KxReplaced *replaced, KxTxn *txn, GError **error)
{
    replaced->modseq = ++txn->meta.modseq;
    return kx_remove_rows(txn, replaced->folder, replaced->entries, replaced->modseq, error);
}

void kx_replaced_publish(KxReplaced *replaced)
{
    kx_remove_publish(replaced->folder, replaced->entries, replaced->modseq);
}

void kx_replaced_finish(KxReplaced *replaced)
{
    kx_remove_files(replaced->folder, replaced->entries, replaced->modseq);
}

void kx_replaced_log(KxReplaced *replaced)
{
    kx_watch_signal(replaced->folder, KX_WATCH_EXPUNGE);
    kx_oplog_items(replaced->folder, replaced->actor, NULL, replaced->items);
}

void kx_replaced_clear(KxReplaced *replaced)
{
    g_clear_pointer(&replaced->entries, g_array_unref);
    g_clear_pointer(&replaced->items, g_ptr_array_unref);
}
