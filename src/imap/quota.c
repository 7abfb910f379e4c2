/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/quota.h"

#include "base/error.h"

enum { UNIT = 1024 };

static gboolean is_limited(KxAccount *account)
{
    KxLimits limits = kx_account_limits(account);
    return limits.bytes > 0 || limits.items > 0;
}

char *kx_imap_quota_root(const KxImap *imap, const KxSpace *space)
{
    if (kx_account_kind(space->account) != KX_ACCOUNT_PERSONAL || !is_limited(space->account))
        return NULL;
    return space->account == imap->account
               ? g_strdup("")
               : g_strconcat(KX_SPACE_PREFIX_OTHER, kx_account_name(space->account), NULL);
}

gboolean kx_imap_quota_find(KxImap *imap, const char *root, KxSpace *ret_space, GError **error)
{
    g_autofree char *name = g_strconcat(root, *root ? "/" : "", "INBOX", NULL);
    g_auto(KxSpace) space = {0};
    g_autofree char *found = NULL;
    if (kx_space_find(imap, name, &space, NULL) && kx_space_grants(imap, &space, KX_RIGHT_READ))
        found = kx_imap_quota_root(imap, &space);
    if (!found || strcmp(found, root) != 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "There is no such quota root");
    *ret_space = space;
    space = (KxSpace){0};
    return TRUE;
}

void kx_imap_warn_quota(KxImap *imap)
{
    KxUsage usage = kx_account_usage(imap->account);
    KxLimits limits = kx_account_limits(imap->account);
    if ((limits.bytes > 0 && usage.bytes >= limits.bytes) ||
        (limits.items > 0 && usage.items >= limits.items))
        kx_session_puts(imap->session,
                        "* NO [OVERQUOTA] Your mailbox is full, please remove some messages\r\n");
}

static void append_resource(GString *out, const char *name, guint64 used, guint64 limit)
{
    if (limit > 0)
        g_string_append_printf(out, "%s%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                               out->len > 0 ? " " : "", name, used, limit);
}

/* Used is rounded up and the limit down, so that full never looks like room for more. */
void kx_imap_write_quota(KxImap *imap, const char *root, KxAccount *account)
{
    KxUsage usage = kx_account_usage(account);
    KxLimits limits = kx_account_limits(account);
    g_autoptr(GString) out = g_string_new(NULL);
    append_resource(out, "STORAGE", usage.bytes / UNIT + (usage.bytes % UNIT != 0),
                    limits.bytes > 0 ? MAX(limits.bytes / UNIT, 1) : 0);
    append_resource(out, "MESSAGE", usage.items, limits.items);
    kx_session_puts(imap->session, "* QUOTA ");
    kx_imap_write_mailbox(imap, root);
    kx_session_printf(imap->session, " (%s)\r\n", out->str);
}
