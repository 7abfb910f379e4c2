/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/message-limit.h"

static guint32 setting(KxImap *imap, KxSettingId id)
{
    return (guint32)kx_settings_int(kx_session_settings(imap->session), id);
}

guint32 kx_imap_message_limit(KxImap *imap)
{
    return setting(imap, KX_SET_IMAP_MESSAGE_LIMIT);
}

guint32 kx_imap_save_limit(KxImap *imap)
{
    guint32 limit = kx_imap_message_limit(imap);
    return limit > 0 ? limit : setting(imap, KX_SET_IMAP_SAVE_LIMIT);
}

char *kx_imap_limit_code(KxImap *imap, guint32 uid)
{
    guint32 limit = kx_imap_save_limit(imap);
    if (uid == 0)
        return g_strdup_printf("MESSAGELIMIT %u", limit);
    return g_strdup_printf("MESSAGELIMIT %u %u", limit, uid);
}

void kx_imap_limit_ranges(KxImap *imap, GArray **ranges)
{
    guint32 limit = kx_imap_message_limit(imap), n = limit > 0 ? kx_seqset_count(*ranges) : 0;
    if (n <= limit)
        return;
    GArray *kept = kx_seqset_slice(*ranges, n - limit, limit);
    g_array_unref(*ranges);
    *ranges = kept;
    imap->limit_uid = kx_view_uid(imap->view, g_array_index(kept, KxSeqRange, 0).from);
}

void kx_imap_limit_uids(KxImap *imap, GArray *uids)
{
    guint32 limit = kx_imap_message_limit(imap);
    if (limit == 0 || uids->len <= limit)
        return;
    g_array_remove_range(uids, 0, uids->len - limit);
    imap->limit_uid = g_array_index(uids, guint32, 0);
}

static gboolean refuse(KxImap *imap, guint32 uid)
{
    g_autofree char *code = kx_imap_limit_code(imap, uid);
    kx_imap_no(imap, code, "Too many messages for one command, try fewer");
    return FALSE;
}

gboolean kx_imap_admit_saving(KxImap *imap, guint n, const GArray *uids)
{
    guint32 limit = kx_imap_save_limit(imap);
    if (limit == 0 || n <= limit)
        return TRUE;
    return refuse(imap, uids ? g_array_index(uids, guint32, n - limit) : 0);
}

gboolean kx_imap_admit_all(KxImap *imap, guint n)
{
    guint32 limit = kx_imap_message_limit(imap);
    return limit == 0 || n <= limit || refuse(imap, 0);
}

gboolean kx_imap_admit_window(KxImap *imap, const KxPartial *partial)
{
    guint32 limit = kx_imap_message_limit(imap);
    return limit == 0 || partial->to - partial->from < limit || refuse(imap, 0);
}
