/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/copy.h"

#include "imap/message-limit.h"
#include "imap/notify.h"
#include "imap/progress.h"
#include "store/content.h"
#include "store/groupware.h"

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

/* A move is a copy, a STORE of \\Deleted and an EXPUNGE (RFC 6851 section 3.3). */
static gboolean may_move(KxImap *imap)
{
    guint rights = KX_RIGHT_DELETE_MESSAGES | KX_RIGHT_EXPUNGE;
    return (imap->selected->rights & rights) == rights;
}

/* Only items of its kind may go into a groupware folder. */
static gboolean fits(KxImap *imap, const GArray *uids, const KxImapMailbox *target, GError **error)
{
    KxFolderType type = target->info->type;
    for (guint i = 0; i < uids->len && type != KX_TYPE_MAIL && type != imap->selected->info->type;
         i++) {
        g_autoptr(GBytes) content =
            kx_item_content(kx_view_folder(imap->view), g_array_index(uids, guint32, i), NULL);
        gsize len = 0;
        const char *data = content ? g_bytes_get_data(content, &len) : NULL;
        if (data && !kx_groupware_accepts(type, data, len))
            return kx_fail(error, KX_ERR_INVALID, "This is not what the folder is for");
    }
    return TRUE;
}

typedef struct {
    KxImap *imap;
    KxProgress progress;
} Telling;

static void tell_progress(gpointer data, guint done, guint all)
{
    Telling *telling = data;
    kx_imap_progress(telling->imap, &telling->progress, done, all);
    kx_session_write_now(telling->imap->session);
}

static gboolean copy(KxImap *imap, const GArray *uids, const char *path, gboolean move,
                     guint *ret_n, char **ret_code)
{
    g_auto(KxCopied) copied = {0};
    g_autoptr(GError) error = NULL;
    KxActor actor = kx_session_actor(imap->session);
    g_autoptr(KxImapMailbox) target = kx_imap_mailbox_open(imap, path, KX_RIGHT_INSERT, &error);
    Telling telling = {imap, {g_get_monotonic_time()}};
    KxCopyMask mask = {.progress = tell_progress, .data = &telling};
    if (target)
        mask.flags = kx_imap_permitted_flags(target->rights, &mask.keywords);
    if (!target || !fits(imap, uids, target, &error) ||
        !kx_folder_copy_masked(kx_view_folder(imap->view), (const guint32 *)(void *)uids->data,
                               uids->len, target->account, target->path, move, &mask, &actor,
                               &copied, &error)) {
        kx_imap_no_target(imap, error);
        return FALSE;
    }
    kx_imap_notify_own(imap, target, (const guint32 *)(void *)copied.to->data, copied.to->len);
    *ret_n = copied.from->len;
    *ret_code = kx_imap_may_know_uids(target) ? copyuid_code(&copied) : NULL;
    return TRUE;
}

gboolean kx_imap_copy(KxImap *imap, KxImapParser *args, gboolean move, guint *ret_n,
                      char **ret_code)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(GArray) uids = NULL;
    const char *path = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_seqset(args, &set) && kx_imap_parse_space(args))
        kx_imap_parse_mailbox(args, &path);
    if (!kx_imap_check(imap, args) || !kx_imap_resolve(imap, &set, &uids))
        return FALSE;
    if (move && !may_move(imap)) {
        kx_imap_no(imap, "NOPERM", "You have no right to take messages out of this folder");
        return FALSE;
    }
    if (!imap->uid && !all_there(imap, uids)) {
        kx_imap_no(imap, "EXPUNGEISSUED", "Some of the messages no longer exist");
        return FALSE;
    }
    if (move)
        kx_imap_limit_uids(imap, uids);
    if (!kx_imap_admit_saving(imap, uids->len, uids))
        return FALSE;
    *ret_n = 0;
    *ret_code = NULL;
    return uids->len == 0 || copy(imap, uids, path, move, ret_n, ret_code);
}
