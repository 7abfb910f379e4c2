/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of NOTIFY, and which mailboxes they cover. */
#include <glib.h>

#include "imap/notify-args.h"

static KxEventSet *parse(const char *text)
{
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    return kx_event_set_parse(&parser);
}

static guint match(const KxEventSet *set, const char *name, gboolean personal, gboolean subscribed)
{
    return kx_event_set_match(set, &(KxEventTarget){name, personal, subscribed});
}

static void test_groups_add_up(void)
{
    g_autoptr(KxEventSet) set =
        parse("SET STATUS (mailboxes INBOX (MessageNew MessageExpunge)) (personal (MailboxName))"
              " (selected-delayed (MessageNew (UID FLAGS) MessageExpunge FlagChange))\r\n");
    const guint both = KX_EVENT_MESSAGE_NEW | KX_EVENT_MESSAGE_EXPUNGE;
    g_assert_nonnull(set);
    g_assert_true(set->status && set->delayed);
    g_assert_cmpuint(set->selected, ==, both | KX_EVENT_FLAG_CHANGE);
    g_assert_cmpuint(set->fetch->attrs->len, ==, 2);
    g_assert_cmpuint(match(set, "INBOX", TRUE, FALSE), ==, both | KX_EVENT_MAILBOX_NAME);
    g_assert_cmpuint(match(set, "Other", TRUE, FALSE), ==, KX_EVENT_MAILBOX_NAME);
    g_assert_cmpuint(match(set, "Other", FALSE, TRUE), ==, 0);
}

static void test_scopes(void)
{
    g_autoptr(KxEventSet) set =
        parse("SET (subtree (A \"B/\") (MailboxName)) (subscribed (SubscriptionChange))"
              " (inboxes (MailboxMetadataChange))\r\n");
    g_assert_nonnull(set);
    g_assert_cmpuint(match(set, "A", TRUE, FALSE), ==, KX_EVENT_MAILBOX_NAME);
    g_assert_cmpuint(match(set, "A/x/y", TRUE, FALSE), ==, KX_EVENT_MAILBOX_NAME);
    g_assert_cmpuint(match(set, "AB", TRUE, FALSE), ==, 0);
    g_assert_cmpuint(match(set, "B/x", FALSE, TRUE), ==,
                     KX_EVENT_MAILBOX_NAME | KX_EVENT_SUBSCRIPTION_CHANGE);
    g_assert_cmpuint(match(set, "INBOX", TRUE, FALSE), ==, KX_EVENT_MAILBOX_METADATA);
    g_assert_cmpuint(match(set, "INBOX/x", TRUE, FALSE), ==, 0);
}

static void test_wildcards_are_names(void)
{
    g_autoptr(KxEventSet) set = parse("SET (mailboxes \"A*\" (MailboxName))\r\n");
    g_assert_nonnull(set);
    g_assert_cmpuint(match(set, "A*", TRUE, FALSE), ==, KX_EVENT_MAILBOX_NAME);
    g_assert_cmpuint(match(set, "AB", TRUE, FALSE), ==, 0);
}

static void test_limits(void)
{
    g_autoptr(GString) text = g_string_new("SET");
    for (int i = 0; i < KX_EVENT_GROUPS; i++)
        g_string_append(text, " (personal NONE)");
    g_autofree char *fits = g_strconcat(text->str, "\r\n", NULL);
    g_autoptr(KxEventSet) set = parse(fits);
    g_assert_nonnull(set);
    g_string_append(text, " (personal NONE)\r\n");
    g_assert_null(parse(text->str));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap/notify/groups-add-up", test_groups_add_up);
    g_test_add_func("/imap/notify/scopes", test_scopes);
    g_test_add_func("/imap/notify/wildcards-are-names", test_wildcards_are_names);
    g_test_add_func("/imap/notify/limits", test_limits);
    return g_test_run();
}
