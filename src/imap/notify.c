/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/notify.h"

#include "imap/metadata.h"

static void root_free(gpointer data)
{
    KxNotifyRoot *root = data;
    kx_account_unref(root->account);
    g_free(root->name);
    g_free(root->path);
    g_free(root);
}

static KxImapNotify *get(KxImap *imap)
{
    if (imap->notify)
        return imap->notify;
    KxImapNotify *notify = g_new0(KxImapNotify, 1);
    notify->watches = g_ptr_array_new_with_free_func((GDestroyNotify)kx_account_unwatch);
    notify->roots = g_ptr_array_new_with_free_func(root_free);
    notify->own = g_array_new(FALSE, FALSE, sizeof(guint32));
    return imap->notify = notify;
}

void kx_imap_notify_free(KxImap *imap)
{
    KxImapNotify *notify = g_steal_pointer(&imap->notify);
    if (!notify)
        return;
    g_ptr_array_unref(notify->watches);
    g_ptr_array_unref(notify->roots);
    g_array_unref(notify->own);
    kx_event_set_free(notify->set);
    g_clear_pointer(&notify->text, g_bytes_unref);
    g_free(notify->server);
    g_free(notify);
}

/* ---- watching ---- */

static void poke(gpointer session)
{
    kx_session_poke(session);
}

static guint kinds_of(const KxImap *imap)
{
    static const struct {
        guint events, kinds;
    } table[] = {
        {KX_EVENT_MESSAGE_NEW, KX_WATCH_NEW},
        {KX_EVENT_MESSAGE_EXPUNGE, KX_WATCH_EXPUNGE},
        {KX_EVENT_FLAG_CHANGE, KX_WATCH_FLAGS},
        {KX_EVENT_MAILBOX_NAME, KX_WATCH_CREATED | KX_WATCH_DELETED | KX_WATCH_RENAMED},
        {KX_EVENT_SUBSCRIPTION_CHANGE, KX_WATCH_SUBSCRIBED},
        {KX_EVENT_MAILBOX_METADATA | KX_EVENT_SERVER_METADATA, KX_WATCH_METADATA},
    };
    const KxEventSet *set = imap->notify->set;
    guint kinds = imap->enabled & KX_IMAP_METADATA ? KX_WATCH_METADATA : 0;
    for (guint g = 0; set && g < set->groups->len; g++) {
        const KxEventGroup *group = set->groups->pdata[g];
        if (group->scope == KX_SCOPE_SELECTED || group->scope == KX_SCOPE_SELECTED_DELAYED)
            continue;
        kinds |= group->scope == KX_SCOPE_SUBSCRIBED ? KX_WATCH_SUBSCRIBED : 0;
        for (guint i = 0; i < G_N_ELEMENTS(table); i++)
            kinds |= group->events & table[i].events ? table[i].kinds : 0;
    }
    return kinds;
}

/* A folder of another account, or all of one: "~user@domain", "#public". */
static void add_root(KxImap *imap, const char *name)
{
    g_auto(KxSpace) space = {0};
    const char *slash = strchr(name, '/');
    g_autofree char *any = slash ? NULL : g_strconcat(name, "/", NULL);
    if (!kx_space_is_foreign(name) || !kx_space_find(imap, any ? any : name, &space, NULL) ||
        space.account == imap->account)
        return;
    KxNotifyRoot *root = g_new(KxNotifyRoot, 1);
    *root = (KxNotifyRoot){kx_account_ref(space.account), g_strdup(name),
                           g_strdup(slash ? slash + 1 : "")};
    g_ptr_array_add(imap->notify->roots, root);
}

/* Mailboxes of others are watched as far as they are named, or subscribed. */
static void find_roots(KxImap *imap)
{
    KxImapNotify *notify = imap->notify;
    g_autoptr(GPtrArray) subscribed = NULL;
    g_ptr_array_set_size(notify->roots, 0);
    for (guint g = 0; notify->set && g < notify->set->groups->len; g++) {
        const KxEventGroup *group = notify->set->groups->pdata[g];
        for (guint i = 0; group->names && i < group->names->len; i++)
            add_root(imap, group->names->pdata[i]);
        if (group->scope == KX_SCOPE_SUBSCRIBED && !subscribed)
            subscribed = kx_folder_subscriptions(imap->account, NULL);
    }
    for (guint i = 0; subscribed && i < subscribed->len; i++)
        add_root(imap, subscribed->pdata[i]);
}

static void watch_account(KxImap *imap, KxAccount *account, guint kinds)
{
    GPtrArray *watches = imap->notify->watches;
    for (guint i = 0; i < watches->len; i++)
        if (kx_account_watched(watches->pdata[i]) == account)
            return;
    g_ptr_array_add(watches, kx_account_watch(account, kinds, imap, poke, imap->session));
}

static void watch(KxImap *imap)
{
    KxImapNotify *notify = imap->notify;
    guint kinds = kinds_of(imap);
    g_ptr_array_set_size(notify->watches, 0);
    find_roots(imap);
    if (kinds == 0)
        return;
    watch_account(imap, imap->account, kinds);
    for (guint i = 0; i < notify->roots->len; i++)
        watch_account(imap, ((KxNotifyRoot *)notify->roots->pdata[i])->account, kinds);
}

/* Watches that are there stay, with what is in their queues. */
void kx_imap_notify_follow(KxImap *imap)
{
    KxImapNotify *notify = imap->notify;
    find_roots(imap);
    for (guint i = 0; i < notify->roots->len; i++)
        watch_account(imap, ((KxNotifyRoot *)notify->roots->pdata[i])->account, kinds_of(imap));
}

char *kx_imap_notify_name(KxImap *imap, KxAccount *account, const char *path)
{
    if (account == imap->account)
        return g_strdup(path);
    const KxImapNotify *notify = imap->notify;
    for (guint i = 0; i < notify->roots->len; i++) {
        const KxNotifyRoot *root = notify->roots->pdata[i];
        size_t len = strlen(root->path);
        if (root->account == account && len == 0)
            return g_strconcat(root->name, "/", path, NULL);
        if (root->account == account && strncmp(path, root->path, len) == 0 &&
            (path[len] == '\0' || path[len] == '/'))
            return g_strconcat(root->name, path + len, NULL);
    }
    return NULL;
}

/* ---- what is wanted ---- */

void kx_imap_notify_start(KxImap *imap)
{
    get(imap);
    watch(imap);
}

void kx_imap_notify_set(KxImap *imap, KxEventSet *set, KxSlice text)
{
    KxImapNotify *notify = get(imap);
    g_clear_pointer(&notify->set, kx_event_set_free);
    g_clear_pointer(&notify->text, g_bytes_unref);
    notify->set = set;
    notify->utf8 = kx_imap_is_utf8(imap);
    notify->modseq = kx_account_modseq(imap->account);
    notify->resumed = notify->lost = FALSE;
    if (text.len <= KX_NOTIFY_TEXT_MAX)
        notify->text = g_bytes_new(text.data, text.len);
    watch(imap);
    kx_imap_watch_selected(imap);
}

static void set_nothing(KxImap *imap)
{
    static const char none[] = "NONE\r\n";
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, none, sizeof none - 1, FALSE);
    kx_imap_notify_set(imap, kx_event_set_parse(&parser), (KxSlice){none, sizeof none - 1});
}

void kx_imap_notify_overflow(KxImap *imap)
{
    kx_session_puts(imap->session,
                    "* OK [NOTIFICATIONOVERFLOW] Too much has changed; notifications end here\r\n");
    set_nothing(imap);
}

guint kx_imap_selected_events(const KxImap *imap)
{
    gboolean asked = imap->command && imap->command->flags & KX_IMAP_TELLS;
    return asked || !imap->notify || !imap->notify->set ? KX_EVENT_MESSAGES
                                                        : imap->notify->set->selected;
}

gboolean kx_imap_notify_pushes(const KxImap *imap)
{
    return imap->notify && imap->notify->set && imap->notify->set->selected != 0;
}

void kx_imap_notify_own(KxImap *imap, const KxImapMailbox *mailbox, const guint32 *uids, guint n)
{
    const KxEventSet *set = imap->notify ? imap->notify->set : NULL;
    if (!set || !set->fetch || !imap->view || mailbox->account != imap->selected->account ||
        mailbox->info->id != kx_folder_id(kx_view_folder(imap->view)))
        return;
    g_array_append_vals(imap->notify->own, uids, n);
}

/* ---- the ticket ---- */

KxSlice kx_imap_notify_text(const KxImap *imap)
{
    KxSlice text = {0};
    if (imap->notify && imap->notify->text)
        text.data = g_bytes_get_data(imap->notify->text, &text.len);
    return text;
}

void kx_imap_notify_restore(KxImap *imap, KxSlice text, gboolean utf8, guint64 modseq)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text.data, text.len, utf8);
    KxEventSet *set = text.len > 0 ? kx_event_set_parse(&parser) : NULL;
    if (set)
        kx_imap_notify_set(imap, set, text);
    else
        set_nothing(imap);
    KxImapNotify *notify = imap->notify;
    notify->utf8 = utf8;
    notify->modseq = modseq;
    notify->resumed = TRUE;
    notify->lost = set == NULL;
    kx_session_poke(imap->session);
}
