/* SPDX-License-Identifier: Apache-2.0 */
/* What a client is told without asking (RFC 9051 section 7.5): EXPUNGE, FETCH, EXISTS, FLAGS. */
#include "imap/flags.h"
#include "imap/imap.h"

/* More changes at once than this are cheaper to learn by selecting the folder anew. */
enum { SYNC_MAX = 100000 };

static void say_bye(KxImap *imap, const char *text)
{
    kx_session_printf(imap->session, "* BYE %s\r\n", text);
    imap->ending = TRUE;
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
    if (imap->read_only)
        kx_session_puts(imap->session, "* OK [PERMANENTFLAGS ()] Read-only\r\n");
    else
        kx_session_printf(imap->session, "* OK [PERMANENTFLAGS (%s%s)] Flags permitted\r\n",
                          all->str, n < KX_KEYWORDS_PER_FOLDER ? " \\*" : "");
}

static void tell_changed(KxImap *imap, const KxItem *item)
{
    guint32 seq = kx_view_seq(imap->view, item->uid);
    if (seq == 0)
        return;
    kx_session_printf(imap->session, "* %u FETCH (UID %u FLAGS ", seq, item->uid);
    kx_imap_write_flags(imap, item, kx_view_is_recent(imap->view, item->uid));
    if (imap->enabled & KX_IMAP_CONDSTORE)
        kx_session_printf(imap->session, " MODSEQ (%" G_GUINT64_FORMAT ")", item->modseq);
    kx_session_puts(imap->session, ")\r\n");
}

static void tell(KxImap *imap, const KxChanges *changes)
{
    for (guint i = 0; changes->expunged && i < changes->expunged->len; i++)
        kx_session_printf(imap->session, "* %u EXPUNGE\r\n",
                          g_array_index(changes->expunged, guint32, i));
    if (changes->exists) {
        kx_session_printf(imap->session, "* %u EXISTS\r\n", kx_view_count(imap->view));
        if (!(imap->enabled & KX_IMAP_REV2))
            kx_session_printf(imap->session, "* %u RECENT\r\n", kx_view_recent(imap->view));
    }
    guint n = changes->changed ? changes->changed->len : 0;
    if (changes->exists || n > 0)
        kx_imap_tell_flags(imap, TRUE);
    for (guint i = 0; i < n; i++)
        tell_changed(imap, &g_array_index(changes->changed, KxItem, i));
}

void kx_imap_sync(KxImap *imap, gboolean allow_expunge)
{
    g_auto(KxChanges) changes = {0};
    g_autoptr(GError) error = NULL;
    if (!kx_view_sync(imap->view, allow_expunge, !imap->read_only, &changes, &error)) {
        gboolean gone = g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND);
        say_bye(imap, gone ? "The selected folder was deleted"
                           : "[UNAVAILABLE] The selected folder cannot be read");
        return;
    }
    guint n = (changes.expunged ? changes.expunged->len : 0) +
              (changes.changed ? changes.changed->len : 0);
    if (n > SYNC_MAX)
        say_bye(imap, "[UNAVAILABLE] Too many changes at once, please select the folder again");
    else
        tell(imap, &changes);
}
