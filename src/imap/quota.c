/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/quota.h"

enum { UNIT = 1024 };

gboolean kx_imap_has_quota(const KxImap *imap)
{
    KxLimits limits = kx_account_limits(imap->account);
    return limits.bytes > 0 || limits.items > 0;
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
void kx_imap_write_quota(KxImap *imap)
{
    KxUsage usage = kx_account_usage(imap->account);
    KxLimits limits = kx_account_limits(imap->account);
    g_autoptr(GString) out = g_string_new(NULL);
    append_resource(out, "STORAGE", usage.bytes / UNIT + (usage.bytes % UNIT != 0),
                    limits.bytes > 0 ? MAX(limits.bytes / UNIT, 1) : 0);
    append_resource(out, "MESSAGE", usage.items, limits.items);
    kx_session_printf(imap->session, "* QUOTA \"\" (%s)\r\n", out->str);
}
