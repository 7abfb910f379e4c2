/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/copy.h"

#include "imap/message-limit.h"
#include "imap/notify.h"

/* A sequence number may belong to a message somebody else has expunged: then nothing is copied at
 * all. A UID that is gone is just not there. */
static gboolean all_there(KxImap *imap, const GArray *uids)
{
    KxItem item;
    for (guint i = 0; i < uids->len; i++)
        if (!kx_view_item(imap->view, g_array_index(uids, guint32, i), &item))
            return FALSE;
    return TRUE;
}

static char *copyuid_code(const KxCopied *copied)
{
    if (copied->from->len == 0)
        return NULL;
    GString *code = g_string_new(NULL);
    g_string_append_printf(code, "COPYUID %u ", copied->uid_validity);
    kx_seqset_format(code, (const guint32 *)(void *)copied->from->data, copied->from->len);
    g_string_append_c(code, ' ');
    kx_seqset_format(code, (const guint32 *)(void *)copied->to->data, copied->to->len);
    return g_string_free(code, FALSE);
}

static gboolean copy(KxImap *imap, const GArray *uids, const char *path, gboolean move,
                     char **ret_code)
{
    g_auto(KxCopied) copied = {0};
    g_autoptr(GError) error = NULL;
    KxActor actor = kx_session_actor(imap->session);
    g_autoptr(KxImapMailbox) target = kx_imap_mailbox_open(imap, path, KX_RIGHT_INSERT, &error);
    if (!target ||
        !kx_folder_copy(kx_view_folder(imap->view), (const guint32 *)(void *)uids->data, uids->len,
                        target->account, target->path, move, &actor, &copied, &error)) {
        kx_imap_no_target(imap, error);
        return FALSE;
    }
    kx_imap_notify_own(imap, target, (const guint32 *)(void *)copied.to->data, copied.to->len);
    *ret_code = copyuid_code(&copied);
    return TRUE;
}

gboolean kx_imap_copy(KxImap *imap, KxImapParser *args, gboolean move, char **ret_code)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(GArray) uids = NULL;
    const char *path = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_seqset(args, &set) && kx_imap_parse_space(args))
        kx_imap_parse_mailbox(args, &path);
    if (!kx_imap_check(imap, args) || !kx_imap_resolve(imap, &set, &uids))
        return FALSE;
    if (!imap->uid && !all_there(imap, uids)) {
        kx_imap_no(imap, "EXPUNGEISSUED", "Some of the messages no longer exist");
        return FALSE;
    }
    if (move)
        kx_imap_limit_uids(imap, uids);
    if (!kx_imap_admit_saving(imap, uids->len, uids))
        return FALSE;
    *ret_code = NULL;
    return uids->len == 0 || copy(imap, uids, path, move, ret_code);
}
