/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told without asking (RFC 9051 section 7.5): EXPUNGE, FETCH, EXISTS, FLAGS; with
 * QRESYNC or UIDONLY VANISHED (RFC 7162 section 3.2.10), with UIDONLY UIDFETCH (RFC 9586).
 */
#include "imap/flags.h"
#include "imap/mailbox.h"
#include "imap/notify.h"
#include "imap/search-context.h"
#include "imap/vanished.h"

/* Changes that were taken over by the view and are being told. Removals and new messages belong to
 * the view's numbers; flags are told as they are when their turn comes. */
struct KxImapNews {
    KxChanges changes;
    guint64 since; /* flag changes up to here were known before */
    gboolean counted;
    gboolean removed;        /* contexts have told of removals */
    guint expunged, changed; /* so many are told */
    guint64 told;            /* the highest modseq among them */
    guint32 first_new;       /* sequence number */
};

static void say_bye(KxImap *imap, const char *text)
{
    kx_session_printf(imap->session, "* BYE %s\r\n", text);
    imap->ending = TRUE;
}

static void tell_permitted(KxImap *imap, const char *const *keywords, gboolean room)
{
    gboolean may_keywords;
    guint32 flags = kx_imap_permitted_flags(imap->selected->rights, &may_keywords);
    if (imap->read_only) {
        kx_session_puts(imap->session, "* OK [PERMANENTFLAGS ()] Read-only\r\n");
        return;
    }
    g_autoptr(GString) permitted = g_string_new(NULL);
    kx_imap_format_flags(permitted, flags, may_keywords ? keywords : NULL);
    if (may_keywords && room)
        g_string_append(permitted, " \\*");
    kx_session_printf(imap->session, "* OK [PERMANENTFLAGS (%s)] Flags permitted\r\n",
                      permitted->str);
}

void kx_imap_tell_flags(KxImap *imap, gboolean news_only)
{
    g_auto(GStrv) keywords = kx_folder_keywords(kx_view_folder(imap->view));
    guint n = g_strv_length(keywords);
    if (news_only && n <= imap->keywords_told)
        return;
    imap->keywords_told = n;
    g_autoptr(GString) all = g_string_new(NULL);
    kx_imap_format_flags(all, KX_FLAG_ALL, (const char *const *)keywords);
    kx_session_printf(imap->session, "* FLAGS (%s)\r\n", all->str);
    tell_permitted(imap, (const char *const *)keywords, n < KX_KEYWORDS_PER_FOLDER);
}

gboolean kx_imap_tells_vanished(const KxImap *imap)
{
    return (imap->enabled & (KX_IMAP_QRESYNC | KX_IMAP_UIDONLY)) != 0;
}

static void tell_changed(KxImap *imap, guint32 uid)
{
    guint32 seq = kx_view_seq(imap->view, uid);
    KxItem item;
    if (seq == 0 || !kx_view_item(imap->view, uid, &item))
        return;
    if (imap->enabled & KX_IMAP_UIDONLY)
        kx_session_printf(imap->session, "* %u UIDFETCH (FLAGS ", uid);
    else
        kx_session_printf(imap->session, "* %u FETCH (UID %u FLAGS ", seq, uid);
    kx_imap_write_flags(imap, &item, kx_view_is_recent(imap->view, uid));
    if (imap->enabled & KX_IMAP_CONDSTORE)
        kx_session_printf(imap->session, " MODSEQ (%" G_GUINT64_FORMAT ")", item.modseq);
    kx_session_puts(imap->session, ")\r\n");
    imap->news->told = MAX(imap->news->told, item.modseq);
}

static void tell_count(KxImap *imap, const struct KxImapNews *news)
{
    if (news->changes.exists) {
        kx_session_printf(imap->session, "* %u EXISTS\r\n", kx_view_count(imap->view));
        if (!(imap->enabled & KX_IMAP_REV2))
            kx_session_printf(imap->session, "* %u RECENT\r\n", kx_view_recent(imap->view));
    }
    if (news->changes.exists || news->changes.changed->len > 0)
        kx_imap_tell_flags(imap, TRUE);
}

/* Outside of commands the ticket must say which removals the client was told: all are told at once.
 */
static gboolean tell_expunged(KxImap *imap, struct KxImapNews *news)
{
    gboolean pushed = imap->idling || !imap->command;
    const GArray *expunged = news->changes.expunged;
    if (news->expunged == 0 && expunged->len > 0 && !news->removed)
        kx_contexts_tell_removed(imap, news->changes.vanished, expunged);
    news->removed = TRUE;
    if (kx_imap_tells_vanished(imap) && news->expunged < expunged->len) {
        kx_vanished_write(imap, news->changes.vanished);
        news->expunged = expunged->len;
    }
    while (news->expunged < expunged->len && (pushed || !kx_session_full(imap->session)))
        kx_session_printf(imap->session, "* %u EXPUNGE\r\n",
                          g_array_index(expunged, guint32, news->expunged++));
    return news->expunged == expunged->len;
}

void kx_imap_cap_modseq(KxImap *imap, guint64 told)
{
    KxViewState state;
    if (!(imap->enabled & KX_IMAP_QRESYNC))
        return;
    kx_view_save(imap->view, &state);
    guint64 known = MIN(state.expunge_modseq, state.change_modseq);
    if (told > known)
        kx_session_printf(imap->session, "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Highest\r\n",
                          known);
}

gboolean kx_imap_tell_news(KxImap *imap)
{
    struct KxImapNews *news = imap->news;
    if (!news)
        return TRUE;
    if (!tell_expunged(imap, news))
        return FALSE;
    if (!news->counted)
        tell_count(imap, news);
    news->counted = TRUE;
    const GArray *changed = news->changes.changed;
    while (news->changed < changed->len && !kx_session_full(imap->session))
        tell_changed(imap, g_array_index(changed, guint32, news->changed++));
    if (news->changed < changed->len)
        return FALSE;
    kx_contexts_tell_changed(imap);
    if (news->changes.exists)
        kx_imap_notify_tell_new(imap, news->first_new);
    kx_imap_cap_modseq(imap, news->changes.behind ? G_MAXUINT64 : news->told);
    kx_imap_drop_news(imap);
    return TRUE;
}

void kx_imap_drop_news(KxImap *imap)
{
    if (!imap->news)
        return;
    kx_changes_clear(&imap->news->changes);
    g_clear_pointer(&imap->news, g_free);
}

gboolean kx_imap_sync(KxImap *imap, gboolean allow_expunge)
{
    g_autoptr(GError) error = NULL;
    KxViewState before;
    g_return_val_if_fail(!imap->news, TRUE);
    guint events = kx_imap_selected_events(imap);
    if (!(events & KX_EVENT_MESSAGE_NEW))
        return TRUE;
    guint32 known = kx_view_count(imap->view);
    kx_view_save(imap->view, &before);
    imap->news = g_new0(struct KxImapNews, 1);
    imap->news->since = before.change_modseq;
    KxChanges *changes = &imap->news->changes;
    if (kx_view_sync(imap->view, allow_expunge, !imap->read_only, changes, &error)) {
        imap->news->first_new = known - changes->expunged->len + 1;
        if (!(events & KX_EVENT_FLAG_CHANGE))
            g_array_set_size(changes->changed, 0);
        return kx_imap_tell_news(imap);
    }
    kx_imap_drop_news(imap);
    gboolean gone = g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND);
    say_bye(imap, gone ? "The selected folder was deleted"
                       : "[UNAVAILABLE] The selected folder cannot be read");
    return TRUE;
}

void kx_imap_save_view(KxImap *imap, KxViewState *ret_state)
{
    kx_view_save(imap->view, ret_state);
    if (imap->news)
        ret_state->change_modseq = imap->news->since;
}
