/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/state.h"

#include "core/ticket.h"
#include "imap/mailbox.h"
#include "imap/notify.h"
#include "imap/search-context.h"

enum { STATE_VERSION = 3, PREFIX_MAX = 600 };
enum {
    STATE_READ_ONLY = 1,
    STATE_COMPRESSED = 2,
    STATE_SELECTED = 4,
    STATE_NOTIFY = 8, /* the arguments of NOTIFY follow, unless they were too long */
    STATE_NOTIFY_UTF8 = 16,
    STATE_EXAMINED = 32,
};

typedef struct {
    guint32 version;
    guint32 enabled;
    guint32 flags;
    guint32 keywords_told;
    guint32 collation; /* KxCollation */
    KxViewState view;
    guint64 notify_modseq;
    /* So many bytes follow: the prefix of the selected folder's namespace, the tags of contexts;
     * and then the arguments of NOTIFY. */
    guint32 prefix_len, tags_len;
} State;

static void save_notify(const KxImap *imap, State *state)
{
    const KxImapNotify *notify = imap->notify;
    if (!notify || !notify->set)
        return;
    state->flags |= STATE_NOTIFY | (notify->utf8 ? STATE_NOTIFY_UTF8 : 0);
    state->notify_modseq = notify->modseq;
}

/* What is of variable length follows the state; arguments of NOTIFY that do not fit are left out.
 */
static void seal(KxImap *imap, State *state)
{
    char all[KX_TICKET_STATE_MAX];
    size_t len = sizeof *state;
    const char *prefix = imap->selected ? imap->selected->space.prefix : "";
    state->prefix_len = (guint32)MIN(strlen(prefix), PREFIX_MAX);
    memcpy(all + len, prefix, state->prefix_len);
    len += state->prefix_len;
    state->tags_len = (guint32)kx_contexts_save(imap, all + len, sizeof all - len);
    len += state->tags_len;
    memcpy(all, state, sizeof *state);
    KxSlice text = kx_imap_notify_text(imap);
    if (text.len > 0 && text.len <= sizeof all - len) {
        memcpy(all + len, text.data, text.len);
        len += text.len;
    }
    kx_session_set_state(imap->session, all, len);
}

void kx_imap_save_state(KxImap *imap)
{
    State state;
    memset(&state, 0, sizeof state); /* padding too: states are compared as bytes */
    state.version = STATE_VERSION;
    state.enabled = imap->enabled;
    state.flags = (imap->read_only ? STATE_READ_ONLY : 0) | (imap->examined ? STATE_EXAMINED : 0) |
                  (imap->compressed ? STATE_COMPRESSED : 0) | (imap->view ? STATE_SELECTED : 0);
    state.keywords_told = imap->keywords_told;
    if (imap->view)
        kx_imap_save_view(imap, &state.view);
    state.collation = imap->collation;
    save_notify(imap, &state);
    seal(imap, &state);
}

/* ---- back again ---- */

/* Rights that have gone meanwhile are noticed at the next command. */
static gboolean resume_view(KxImap *imap, const KxViewState *state, const char *prefix)
{
    g_auto(KxSpace) space = {0};
    g_autofree char *any = g_strconcat(prefix, "INBOX", NULL);
    if (!kx_space_find(imap, any, &space, NULL))
        return FALSE;
    imap->view = kx_view_resume(space.account, state, NULL);
    if (!imap->view)
        return FALSE;
    g_autofree char *path = kx_folder_path(kx_view_folder(imap->view));
    g_autofree char *name = g_strconcat(prefix, path, NULL);
    imap->selected = kx_imap_mailbox_at(imap, name, NULL);
    return imap->selected && imap->selected->info;
}

gboolean kx_imap_restore_state(KxImap *imap, const void *bytes, size_t len)
{
    State state;
    if (len < sizeof state)
        return FALSE;
    memcpy(&state, bytes, sizeof state);
    len -= sizeof state;
    if (state.version != STATE_VERSION || state.collation > KX_COLLATION_OCTET ||
        state.prefix_len > MIN(len, PREFIX_MAX) || state.tags_len > len - state.prefix_len)
        return FALSE;
    imap->enabled = state.enabled;
    imap->read_only = (state.flags & STATE_READ_ONLY) != 0;
    imap->examined = (state.flags & STATE_EXAMINED) != 0;
    imap->compressed = (state.flags & STATE_COMPRESSED) != 0;
    imap->keywords_told = state.keywords_told;
    imap->collation = (KxCollation)state.collation;
    const char *rest = (const char *)bytes + sizeof state, *tags = rest + state.prefix_len;
    g_autofree char *prefix = g_strndup(rest, state.prefix_len);
    kx_contexts_restore(imap, tags, state.tags_len);
    if (state.flags & STATE_SELECTED && !resume_view(imap, &state.view, prefix))
        return FALSE;
    KxSlice text = {tags + state.tags_len, len - state.prefix_len - state.tags_len};
    if (imap->enabled & KX_IMAP_METADATA)
        kx_imap_notify_start(imap);
    if (state.flags & STATE_NOTIFY)
        kx_imap_notify_restore(imap, text, (state.flags & STATE_NOTIFY_UTF8) != 0,
                               state.notify_modseq);
    return TRUE;
}
