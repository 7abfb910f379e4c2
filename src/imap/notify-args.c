/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/notify-args.h"

#include "base/text.h"

const char KX_EVENT_SUPPORTED[] = "MessageNew MessageExpunge FlagChange MailboxName"
                                  " SubscriptionChange MailboxMetadataChange ServerMetadataChange";

static const struct {
    const char *name;
    guint event;
} events_by_name[] = {
    {"MessageNew", KX_EVENT_MESSAGE_NEW},
    {"MessageExpunge", KX_EVENT_MESSAGE_EXPUNGE},
    {"FlagChange", KX_EVENT_FLAG_CHANGE},
    {"MailboxName", KX_EVENT_MAILBOX_NAME},
    {"SubscriptionChange", KX_EVENT_SUBSCRIPTION_CHANGE},
    {"MailboxMetadataChange", KX_EVENT_MAILBOX_METADATA},
    {"ServerMetadataChange", KX_EVENT_SERVER_METADATA},
    {"AnnotationChange", KX_EVENT_ANNOTATION_CHANGE},
};

static const char *const scopes[] = {
    [KX_SCOPE_SELECTED] = "SELECTED",     [KX_SCOPE_SELECTED_DELAYED] = "SELECTED-DELAYED",
    [KX_SCOPE_INBOXES] = "INBOXES",       [KX_SCOPE_PERSONAL] = "PERSONAL",
    [KX_SCOPE_SUBSCRIBED] = "SUBSCRIBED", [KX_SCOPE_SUBTREE] = "SUBTREE",
    [KX_SCOPE_MAILBOXES] = "MAILBOXES",
};

static void group_free(gpointer data)
{
    KxEventGroup *group = data;
    g_clear_pointer(&group->names, g_ptr_array_unref);
    g_free(group);
}

void kx_event_set_free(KxEventSet *set)
{
    if (!set)
        return;
    g_ptr_array_unref(set->groups);
    kx_fetch_plan_free(set->fetch);
    g_free(set);
}

static gboolean is_selected(KxImapScope scope)
{
    return scope == KX_SCOPE_SELECTED || scope == KX_SCOPE_SELECTED_DELAYED;
}

/* ---- mailboxes ---- */

static gboolean parse_scope(KxImapParser *args, KxImapScope *ret)
{
    for (guint i = 0; i < G_N_ELEMENTS(scopes); i++) {
        if (kx_imap_accept_atom(args, scopes[i])) {
            *ret = (KxImapScope)i;
            return TRUE;
        }
    }
    return kx_imap_parser_fail(args, "Unknown kind of mailboxes");
}

static gboolean parse_name(KxImapParser *args, guint *names, KxEventGroup *group)
{
    const char *name = NULL;
    if (!kx_imap_parse_mailbox(args, &name))
        return FALSE;
    if (++*names > KX_EVENT_NAMES)
        return kx_imap_parser_fail(args, "Too many mailboxes");
    size_t len = strlen(name);
    g_ptr_array_add(group->names, g_strndup(name, g_str_has_suffix(name, "/") ? len - 1 : len));
    return TRUE;
}

static gboolean parse_names(KxImapParser *args, guint *names, KxEventGroup *group)
{
    group->names = g_ptr_array_new_with_free_func(g_free);
    if (!kx_imap_accept(args, '('))
        return parse_name(args, names, group);
    do {
        if (!parse_name(args, names, group))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

/* ---- events ---- */

static guint find_event(KxSlice name)
{
    for (guint i = 0; i < G_N_ELEMENTS(events_by_name); i++)
        if (kx_ascii_equal(name.data, name.len, events_by_name[i].name))
            return events_by_name[i].event;
    return KX_EVENT_UNKNOWN;
}

static gboolean attributes_follow(const KxImapParser *args)
{
    return kx_imap_peek(args, ' ') && args->end - args->at > 1 && args->at[1] == '(';
}

static gboolean parse_attributes(KxImapParser *args, KxEventSet *set, const KxEventGroup *group)
{
    if (!is_selected(group->scope))
        return kx_imap_parser_fail(args, "Data items go with the selected mailbox only");
    if (set->fetch)
        return kx_imap_parser_fail(args, "MessageNew twice");
    if (!kx_imap_parse_space(args))
        return FALSE;
    set->fetch = kx_fetch_plan_parse_list(args);
    return set->fetch != NULL;
}

static gboolean parse_event(KxImapParser *args, KxEventSet *set, KxEventGroup *group)
{
    KxSlice name = {0};
    if (!kx_imap_parse_atom(args, &name))
        return FALSE;
    guint event = find_event(name);
    group->events |= event;
    return event != KX_EVENT_MESSAGE_NEW || !attributes_follow(args) ||
           parse_attributes(args, set, group);
}

/* Message sequence numbers only make sense to who knows both of arrivals and removals. */
static gboolean check_events(KxImapParser *args, const KxEventGroup *group)
{
    const guint both = KX_EVENT_MESSAGE_NEW | KX_EVENT_MESSAGE_EXPUNGE;
    const guint messages = KX_EVENT_MESSAGES | KX_EVENT_ANNOTATION_CHANGE;
    if (is_selected(group->scope) && group->events & ~(messages | KX_EVENT_UNKNOWN))
        return kx_imap_parser_fail(args, "Only events of messages go with the selected mailbox");
    if (group->events & messages && (group->events & both) != both)
        return kx_imap_parser_fail(args, "MessageNew and MessageExpunge go together");
    return TRUE;
}

static gboolean parse_events(KxImapParser *args, KxEventSet *set, KxEventGroup *group)
{
    if (kx_imap_accept_atom(args, "NONE"))
        return TRUE;
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        if (!parse_event(args, set, group))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')') && check_events(args, group);
}

/* ---- groups ---- */

static gboolean parse_group(KxImapParser *args, guint *names, gboolean *selected, KxEventSet *set)
{
    KxEventGroup *group = g_new0(KxEventGroup, 1);
    if (set->groups->len == KX_EVENT_GROUPS)
        kx_imap_parser_fail(args, "Too many groups of events");
    g_ptr_array_add(set->groups, group);
    if (!kx_imap_parse_char(args, '(') || !parse_scope(args, &group->scope) ||
        !kx_imap_parse_space(args))
        return FALSE;
    gboolean named = group->scope == KX_SCOPE_SUBTREE || group->scope == KX_SCOPE_MAILBOXES;
    if (named && (!parse_names(args, names, group) || !kx_imap_parse_space(args)))
        return FALSE;
    if (!parse_events(args, set, group))
        return FALSE;
    set->events |= group->events;
    if (is_selected(group->scope)) {
        if (*selected)
            return kx_imap_parser_fail(args, "The selected mailbox is named twice");
        *selected = TRUE;
        set->selected = group->events & KX_EVENT_MESSAGES;
        set->delayed = group->scope == KX_SCOPE_SELECTED_DELAYED;
    }
    return kx_imap_parse_char(args, ')');
}

static gboolean parse_set(KxImapParser *args, KxEventSet *set)
{
    guint names = 0;
    gboolean selected = FALSE;
    if (!kx_imap_parse_space(args))
        return FALSE;
    set->status = kx_imap_accept_atom(args, "STATUS");
    if (set->status && !kx_imap_parse_space(args))
        return FALSE;
    do {
        if (!parse_group(args, &names, &selected, set))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return TRUE;
}

KxEventSet *kx_event_set_parse(KxImapParser *args)
{
    g_autoptr(KxEventSet) set = g_new0(KxEventSet, 1);
    set->groups = g_ptr_array_new_with_free_func(group_free);
    if (!kx_imap_accept_atom(args, "NONE")) {
        if (!kx_imap_accept_atom(args, "SET")) {
            kx_imap_parser_fail(args, "Expected SET or NONE");
            return NULL;
        }
        if (!parse_set(args, set))
            return NULL;
    }
    return kx_imap_parse_end(args) ? g_steal_pointer(&set) : NULL;
}

/* ---- matching ---- */

static gboolean is_in_tree(const char *name, const char *top)
{
    size_t len = strlen(top);
    return strncmp(name, top, len) == 0 && (name[len] == '\0' || name[len] == '/');
}

static gboolean is_named(const KxEventGroup *group, const char *name)
{
    for (guint i = 0; i < group->names->len; i++) {
        const char *each = group->names->pdata[i];
        if (group->scope == KX_SCOPE_SUBTREE ? is_in_tree(name, each) : g_str_equal(name, each))
            return TRUE;
    }
    return FALSE;
}

static gboolean covers(const KxEventGroup *group, const KxEventTarget *target)
{
    switch (group->scope) {
    case KX_SCOPE_SELECTED:
    case KX_SCOPE_SELECTED_DELAYED:
        return FALSE;
    case KX_SCOPE_INBOXES: /* where mail is delivered (RFC 5465 section 6.3): flow/deliver.c */
        return target->personal && g_str_equal(target->name, "INBOX");
    case KX_SCOPE_PERSONAL:
        return target->personal;
    case KX_SCOPE_SUBSCRIBED:
        return target->subscribed;
    case KX_SCOPE_SUBTREE:
    case KX_SCOPE_MAILBOXES:
        return is_named(group, target->name);
    }
    return FALSE;
}

guint kx_event_set_match(const KxEventSet *set, const KxEventTarget *target)
{
    guint events = 0;
    for (guint i = 0; i < set->groups->len; i++) {
        const KxEventGroup *group = set->groups->pdata[i];
        if (covers(group, target))
            events |= group->events;
    }
    return events;
}
