/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of NOTIFY. What is taken keeps the rules on combinations. */
#include "imap/notify-args.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_group(const KxEventGroup *group)
{
    const guint both = KX_EVENT_MESSAGE_NEW | KX_EVENT_MESSAGE_EXPUNGE;
    gboolean named = group->scope == KX_SCOPE_SUBTREE || group->scope == KX_SCOPE_MAILBOXES;
    g_assert((group->names != NULL) == named);
    g_assert(!(group->events & KX_EVENT_MESSAGES) || (group->events & both) == both);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, (const char *)data, size, size % 2 == 0);
    g_autoptr(KxEventSet) set = kx_event_set_parse(&parser);
    g_assert((set != NULL) == kx_imap_parser_ok(&parser));
    if (!set)
        return 0;
    g_assert(set->groups->len <= KX_EVENT_GROUPS);
    for (guint i = 0; i < set->groups->len; i++)
        check_group(set->groups->pdata[i]);
    KxEventTarget target = {.name = "INBOX", .personal = TRUE, .subscribed = TRUE};
    g_assert((kx_event_set_match(set, &target) & ~set->events) == 0);
    return 0;
}
