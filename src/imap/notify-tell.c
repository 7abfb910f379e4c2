/* SPDX-License-Identifier: Apache-2.0 */
/* The responses of NOTIFY (RFC 5465 section 5): STATUS, LIST, METADATA and FETCH. */
#include "imap/fetch-cursor.h"
#include "imap/metadata.h"
#include "imap/notify.h"
#include "imap/special-use.h"
#include "imap/status.h"

/* Bytes of FETCH responses at once. */
enum { FETCH_MAX = 1024 * 1024 };

static guint wanted(KxImap *imap, KxAccount *account, const char *name)
{
    const KxEventSet *set = imap->notify->set;
    KxEventTarget target = {.name = name,
                            .personal = account == imap->account,
                            .subscribed = kx_folder_is_subscribed(imap->account, name)};
    return set ? kx_event_set_match(set, &target) : 0;
}

static gboolean may_read(KxImap *imap, KxAccount *account, const char *name)
{
    if (account == imap->account)
        return TRUE;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, name, KX_RIGHT_READ, NULL);
    return mailbox != NULL;
}

/* ---- STATUS ---- */

static gboolean is_selected(const KxImap *imap, KxAccount *account, guint32 folder)
{
    return imap->view && imap->selected->account == account &&
           kx_folder_id(kx_view_folder(imap->view)) == folder;
}

static void tell_messages(KxImap *imap, KxAccount *account, const KxWatchEvent *event)
{
    g_autoptr(KxFolderInfo) info = kx_folder_find_id(account, event->folder);
    if (!info || !kx_imap_shows(info, kx_imap_shows_all(imap)) ||
        is_selected(imap, account, info->id))
        return;
    g_autofree char *name = kx_imap_notify_name(imap, account, info->path);
    guint events = name ? wanted(imap, account, name) : 0;
    gboolean flags = (events & KX_EVENT_FLAG_CHANGE) != 0;
    gboolean messages = events & KX_EVENT_MESSAGE_NEW && event->kinds & ~(guint)KX_WATCH_FLAGS;
    if ((!messages && !(flags && event->kinds & KX_WATCH_FLAGS)) || !may_read(imap, account, name))
        return;
    g_autofree char *items =
        g_strconcat("UIDVALIDITY", messages ? " UIDNEXT MESSAGES" : "", flags ? " UNSEEN" : "",
                    imap->enabled & KX_IMAP_CONDSTORE ? " HIGHESTMODSEQ" : "", NULL);
    kx_imap_write_status(imap, name, info, kx_imap_status_items(items));
}

/* ---- METADATA ---- */

static void write_names(KxImap *imap, const KxWatchEvent *event, const char *mailbox)
{
    gboolean private = g_strcmp0(event->user, kx_session_login(imap->session)) == 0;
    gboolean begun = FALSE;
    for (guint i = 0; i < event->entries->len; i++) {
        const char *entry = event->entries->pdata[i];
        if (!private && g_str_has_prefix(entry, "/private/"))
            continue;
        if (!begun) {
            kx_session_puts(imap->session, "* METADATA ");
            if (mailbox[0] != '\0')
                kx_imap_write_mailbox(imap, mailbox);
            else
                kx_session_puts(imap->session, "\"\"");
        }
        begun = TRUE;
        kx_session_puts(imap->session, " ");
        kx_imap_write_entry(imap, entry);
    }
    if (begun)
        kx_session_puts(imap->session, "\r\n");
}

static gboolean wants_server(const KxImap *imap)
{
    const KxEventSet *set = imap->notify->set;
    return imap->enabled & KX_IMAP_METADATA || (set && set->events & KX_EVENT_SERVER_METADATA);
}

static void tell_metadata(KxImap *imap, KxAccount *account, const KxWatchEvent *event)
{
    if (event->folder == 0) {
        if (account == imap->account && wants_server(imap))
            write_names(imap, event, "");
        return;
    }
    g_autoptr(KxFolderInfo) info = kx_folder_find_id(account, event->folder);
    if (!info || !kx_imap_shows(info, kx_imap_shows_all(imap)))
        return;
    g_autofree char *name = kx_imap_notify_name(imap, account, info->path);
    if (name && may_read(imap, account, name) &&
        (imap->enabled & KX_IMAP_METADATA ||
         wanted(imap, account, name) & KX_EVENT_MAILBOX_METADATA))
        write_names(imap, event, name);
}

/* Those that come from the settings. */
static void tell_server(KxImap *imap)
{
    static const char *const names[] = {"/shared/admin", "/shared/comment"};
    KxImapNotify *notify = imap->notify;
    g_autoptr(GString) now = g_string_new(NULL);
    g_autoptr(GPtrArray) entries = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *value = kx_imap_server_entry(kx_session_settings(imap->session), names[i]);
        g_string_append_printf(now, "%s\n", value ? value : "");
        g_ptr_array_add(entries, (char *)names[i]);
    }
    if (notify->server && !g_str_equal(notify->server, now->str) && wants_server(imap))
        write_names(imap, &(KxWatchEvent){.entries = entries}, "");
    g_free(notify->server);
    notify->server = g_strdup(now->str);
}

/* ---- LIST ---- */

typedef struct {
    KxAccount *account; /* borrowed */
    char *name, *path;
    char *old_name; /* or NULL */
} Line;

typedef struct {
    KxImap *imap;
    GPtrArray *lines;    /* Line, in order */
    GHashTable *by_name; /* each name is told once */
} Lines;

static void line_free(gpointer data)
{
    Line *line = data;
    g_free(line->name);
    g_free(line->path);
    g_free(line->old_name);
    g_free(line);
}

static void lines_init(Lines *lines, KxImap *imap)
{
    *lines = (Lines){imap, g_ptr_array_new_with_free_func(line_free),
                     g_hash_table_new(g_str_hash, g_str_equal)};
}

static void lines_clear(Lines *lines)
{
    g_hash_table_unref(lines->by_name);
    g_ptr_array_unref(lines->lines);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lines, lines_clear)

static void add_line(Lines *lines, KxAccount *account, const char *path, const char *name,
                     const char *old_name)
{
    Line *line = g_hash_table_lookup(lines->by_name, name);
    if (!line) {
        line = g_new0(Line, 1);
        line->account = account;
        line->name = g_strdup(name);
        line->path = g_strdup(path);
        g_ptr_array_add(lines->lines, line);
        g_hash_table_insert(lines->by_name, line->name, line);
    }
    if (old_name && !line->old_name)
        line->old_name = g_strdup(old_name);
}

static void add_if_wanted(Lines *lines, KxAccount *account, const char *path, guint event)
{
    g_autofree char *name = kx_imap_notify_name(lines->imap, account, path);
    if (name && wanted(lines->imap, account, name) & event)
        add_line(lines, account, path, name, NULL);
}

static void add_renamed(Lines *lines, KxAccount *account, const KxWatchEvent *event)
{
    KxImap *imap = lines->imap;
    g_autofree char *name = kx_imap_notify_name(imap, account, event->path);
    g_autofree char *old_name = kx_imap_notify_name(imap, account, event->old_path);
    guint events =
        (name ? wanted(imap, account, name) : 0) | (old_name ? wanted(imap, account, old_name) : 0);
    if (!(events & KX_EVENT_MAILBOX_NAME))
        return;
    if (name)
        add_line(lines, account, event->path, name, old_name);
    else /* to where the client cannot see it */
        add_line(lines, account, event->old_path, old_name, NULL);
}

/* A folder that comes or goes changes what its parent is, too. */
static void add_names(Lines *lines, KxAccount *account, const KxWatchEvent *event)
{
    const char *slash = strrchr(event->path, '/');
    if (event->kinds & KX_WATCH_RENAMED)
        add_renamed(lines, account, event);
    if (event->kinds & (KX_WATCH_CREATED | KX_WATCH_DELETED)) {
        add_if_wanted(lines, account, event->path, KX_EVENT_MAILBOX_NAME);
        g_autofree char *parent =
            slash ? g_strndup(event->path, (gsize)(slash - event->path)) : NULL;
        if (parent)
            add_if_wanted(lines, account, parent, KX_EVENT_MAILBOX_NAME);
    }
    if (!(event->kinds & KX_WATCH_SUBSCRIBED) || account != lines->imap->account)
        return;
    KxEventTarget target = {.name = event->path, .personal = TRUE, .subscribed = TRUE};
    if (kx_event_set_match(lines->imap->notify->set, &target) & KX_EVENT_SUBSCRIPTION_CHANGE)
        add_line(lines, account, event->path, event->path, NULL);
}

static void write_line(KxImap *imap, const Line *line)
{
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, line->name, 0, NULL);
    g_autoptr(GString) attributes = g_string_new(mailbox ? "" : " \\NonExistent");
    if (kx_folder_is_subscribed(imap->account, line->name))
        g_string_append(attributes, " \\Subscribed");
    if (mailbox) {
        g_string_append(attributes,
                        mailbox->info->has_children ? " \\HasChildren" : " \\HasNoChildren");
        kx_imap_format_special_use(attributes, mailbox->info->special_use);
    }
    kx_session_printf(imap->session, "* LIST (%s) \"/\" ",
                      attributes->len > 0 ? attributes->str + 1 : "");
    kx_imap_write_mailbox(imap, line->name);
    if (line->old_name) {
        kx_session_puts(imap->session, " (\"OLDNAME\" (");
        kx_imap_write_mailbox(imap, line->old_name);
        kx_session_puts(imap->session, "))");
    }
    kx_session_puts(imap->session, "\r\n");
}

/* ---- all of them ---- */

/* Names first: a STATUS of a mailbox nobody has heard of would be strange. */
static void tell_events(KxImap *imap, KxAccount *account, const GPtrArray *events)
{
    const guint other = KX_WATCH_MESSAGES | KX_WATCH_METADATA;
    guint kinds = 0;
    g_auto(Lines) lines;
    lines_init(&lines, imap);
    for (guint i = 0; imap->notify->set && i < events->len; i++)
        if (!(((KxWatchEvent *)events->pdata[i])->kinds & other))
            add_names(&lines, account, events->pdata[i]);
    for (guint i = 0; i < lines.lines->len; i++)
        write_line(imap, lines.lines->pdata[i]);
    for (guint i = 0; i < events->len; i++) {
        const KxWatchEvent *event = events->pdata[i];
        kinds |= event->kinds;
        if (event->kinds & KX_WATCH_MESSAGES)
            tell_messages(imap, account, event);
        else if (event->kinds & KX_WATCH_METADATA)
            tell_metadata(imap, account, event);
    }
    if (kinds & KX_WATCH_SUBSCRIBED && account == imap->account)
        kx_imap_notify_follow(imap);
}

/* After a restart: what changed without us is known of messages alone. */
static gboolean catch_up(KxImap *imap)
{
    KxImapNotify *notify = imap->notify;
    guint64 since = notify->modseq;
    notify->resumed = FALSE;
    if (notify->lost)
        return FALSE;
    if (kx_account_modseq(imap->account) == since && notify->roots->len == 0)
        return TRUE;
    if (notify->set->events & ~(guint)KX_EVENT_MESSAGES || notify->roots->len > 0)
        return FALSE;
    g_autoptr(GPtrArray) folders = kx_folder_list(imap->account, TRUE, NULL);
    for (guint i = 0; folders && i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        KxWatchEvent event = {.kinds = KX_WATCH_MESSAGES, .folder = info->id};
        if (info->highest_modseq > since)
            tell_messages(imap, imap->account, &event);
    }
    return TRUE;
}

static gboolean tell_all(KxImap *imap)
{
    KxImapNotify *notify = imap->notify;
    guint64 modseq = kx_account_modseq(imap->account);
    if (notify->resumed && !catch_up(imap))
        return FALSE;
    for (guint i = 0; i < notify->watches->len; i++) {
        KxAccountWatch *watch = notify->watches->pdata[i];
        gboolean overflow;
        g_autoptr(GPtrArray) events = kx_account_watch_take(watch, &overflow);
        if (overflow)
            return FALSE;
        if (events)
            tell_events(imap, kx_account_watched(watch), events);
    }
    notify->modseq = modseq;
    return TRUE;
}

void kx_imap_notify_tell(KxImap *imap)
{
    if (!imap->notify)
        return;
    tell_server(imap);
    if (!tell_all(imap) && imap->notify->set)
        kx_imap_notify_overflow(imap);
}

/* ---- new messages in the selected folder ---- */

static int compare_uids(gconstpointer a, gconstpointer b)
{
    const guint32 *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static gboolean is_own(const GArray *own, guint32 uid)
{
    return own->len > 0 && bsearch(&uid, own->data, own->len, sizeof uid, compare_uids);
}

void kx_imap_notify_tell_new(KxImap *imap, guint32 from)
{
    KxImapNotify *notify = imap->notify;
    if (!notify || !notify->set || !notify->set->fetch)
        return;
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    guint32 count = kx_view_count(imap->view);
    if (notify->own->len == 0 && from <= count) {
        KxSeqRange all = {from, count};
        g_array_append_val(ranges, all);
    }
    for (guint32 seq = from; notify->own->len > 0 && seq <= count; seq++) {
        KxSeqRange range = {seq, seq};
        if (!is_own(notify->own, kx_view_uid(imap->view, seq)))
            g_array_append_val(ranges, range);
    }
    g_array_set_size(notify->own, 0);
    size_t room = MIN(kx_session_push_room(imap->session), (size_t)FETCH_MAX);
    if (ranges->len > 0 && !kx_fetch_tell(imap, notify->set->fetch, ranges, room))
        kx_imap_notify_overflow(imap);
}

/* ---- how things stand ---- */

typedef struct {
    KxImap *imap;
    GPtrArray *accounts; /* references */
    guint account;       /* the next one */
    GPtrArray *folders;  /* KxFolderInfo, of the last */
    guint next;
} Cursor;

static void cursor_free(gpointer data)
{
    Cursor *cursor = data;
    g_ptr_array_unref(cursor->accounts);
    g_clear_pointer(&cursor->folders, g_ptr_array_unref);
    g_free(cursor);
}

static void write_now(KxImap *imap, KxAccount *account, KxFolderInfo *info)
{
    if (!kx_imap_shows(info, kx_imap_shows_all(imap)) || is_selected(imap, account, info->id))
        return;
    g_autofree char *name = kx_imap_notify_name(imap, account, info->path);
    guint events = name ? wanted(imap, account, name) : 0;
    if (!(events & KX_EVENT_MESSAGES) || !may_read(imap, account, name))
        return;
    const char *items = events & KX_EVENT_FLAG_CHANGE
                            ? "MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ"
                            : "MESSAGES UIDNEXT UIDVALIDITY";
    kx_imap_write_status(imap, name, info, kx_imap_status_items(items));
}

static gboolean load(Cursor *cursor)
{
    if (cursor->account == cursor->accounts->len)
        return FALSE;
    g_clear_pointer(&cursor->folders, g_ptr_array_unref);
    cursor->folders = kx_folder_list(cursor->accounts->pdata[cursor->account++], TRUE, NULL);
    cursor->next = 0;
    return TRUE;
}

static KxStep step(KxSession *session, gpointer data)
{
    Cursor *cursor = data;
    while (!kx_session_full(session)) {
        if (cursor->folders && cursor->next < cursor->folders->len) {
            write_now(cursor->imap, cursor->accounts->pdata[cursor->account - 1],
                      cursor->folders->pdata[cursor->next++]);
        } else if (!load(cursor)) {
            kx_imap_ok(cursor->imap, NULL, "NOTIFY completed");
            return KX_STEP_DONE;
        }
    }
    return KX_STEP_MORE;
}

/* Named mailboxes the client may know of but not read (section 3.1). */
static void tell_no_access(KxImap *imap)
{
    const KxImapNotify *notify = imap->notify;
    for (guint i = 0; i < notify->roots->len; i++) {
        const KxNotifyRoot *root = notify->roots->pdata[i];
        g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, root->name, 0, NULL);
        if (!mailbox || mailbox->rights & KX_RIGHT_READ)
            continue;
        kx_session_puts(imap->session, "* LIST (\\NoAccess) \"/\" ");
        kx_imap_write_mailbox(imap, root->name);
        kx_session_puts(imap->session, "\r\n");
    }
}

void kx_imap_notify_begin(KxImap *imap)
{
    Cursor *cursor = g_new0(Cursor, 1);
    cursor->imap = imap;
    cursor->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)kx_account_unref);
    tell_no_access(imap);
    for (guint i = 0; imap->notify->set->status && i < imap->notify->watches->len; i++)
        g_ptr_array_add(cursor->accounts,
                        kx_account_ref(kx_account_watched(imap->notify->watches->pdata[i])));
    kx_session_set_cursor(imap->session, step, cursor, cursor_free);
}
