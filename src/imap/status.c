/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/status.h"

#include "base/text.h"
#include "imap/mailbox.h"
#include "imap/object-id.h"

enum {
    MESSAGES = 1 << 0,
    RECENT = 1 << 1,
    UIDNEXT = 1 << 2,
    UIDVALIDITY = 1 << 3,
    UNSEEN = 1 << 4,
    DELETED = 1 << 5,
    SIZE = 1 << 6,
    HIGHESTMODSEQ = 1 << 7,
    MAILBOXID = 1 << 8, /* RFC 8474 */
    APPENDLIMIT = 1 << 9,
    DELETED_STORAGE = 1 << 10,
};

static const struct {
    const char *name;
    guint item;
} items_by_name[] = {
    {"MESSAGES", MESSAGES},
    {"RECENT", RECENT},
    {"UIDNEXT", UIDNEXT},
    {"UIDVALIDITY", UIDVALIDITY},
    {"UNSEEN", UNSEEN},
    {"DELETED", DELETED},
    {"SIZE", SIZE},
    {"HIGHESTMODSEQ", HIGHESTMODSEQ},
    {"MAILBOXID", MAILBOXID},
    {"APPENDLIMIT", APPENDLIMIT},
    {"DELETED-STORAGE", DELETED_STORAGE},
};

static gboolean parse_item(KxImapParser *args, guint *items)
{
    KxSlice name = {0};
    if (!kx_imap_parse_atom(args, &name))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(items_by_name); i++) {
        if (kx_ascii_equal(name.data, name.len, items_by_name[i].name)) {
            *items |= items_by_name[i].item;
            return TRUE;
        }
    }
    return kx_imap_parser_fail(args, "Unknown STATUS item %.*s", (int)MIN(name.len, 40), name.data);
}

gboolean kx_imap_parse_status_items(KxImapParser *args, guint *ret_items)
{
    guint items = 0;
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        if (!parse_item(args, &items))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    if (!kx_imap_parse_char(args, ')'))
        return FALSE;
    *ret_items = items;
    return TRUE;
}

guint kx_imap_status_items(const char *names)
{
    g_auto(GStrv) words = g_strsplit(names, " ", -1);
    guint items = 0;
    for (guint i = 0; i < G_N_ELEMENTS(items_by_name); i++)
        if (g_strv_contains((const char *const *)words, items_by_name[i].name))
            items |= items_by_name[i].item;
    return items;
}

void kx_imap_note_status_items(KxImap *imap, guint items)
{
    if (items & HIGHESTMODSEQ)
        kx_imap_use_condstore(imap);
}

/* 0: no limit, which RFC 7889 section 3.2 calls NIL. */
static guint64 append_limit(KxImap *imap)
{
    gint64 limit = kx_settings_int(kx_session_settings(imap->session), KX_SET_IMAP_MAX_APPEND);
    return (guint64)MIN(limit, G_MAXUINT32);
}

/* 0 if the index cannot be read: an estimate may be wrong (RFC 9208 section 4.1.4). */
static guint64 deleted_bytes(KxImap *imap, const char *name, const KxFolderInfo *info)
{
    guint64 bytes = 0;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, name, KX_RIGHT_READ, NULL);
    if (mailbox)
        kx_folder_deleted_bytes(mailbox->account, info, &bytes, NULL);
    return bytes;
}

static guint64 value_of(KxImap *imap, const char *name, const KxFolderInfo *info, guint item)
{
    switch (item) {
    case MESSAGES:
        return info->messages;
    case RECENT:
        return info->recent;
    case UIDNEXT:
        return info->uid_next;
    case UIDVALIDITY:
        return info->uid_validity;
    case UNSEEN:
        return info->unseen;
    case DELETED:
        return info->deleted;
    case SIZE:
        return info->size;
    case APPENDLIMIT:
        return append_limit(imap);
    case DELETED_STORAGE:
        return deleted_bytes(imap, name, info);
    default:
        return info->highest_modseq;
    }
}

static void append_value(KxImap *imap, GString *out, const char *name, const KxFolderInfo *info,
                         guint item)
{
    char id[KX_OBJECT_ID_TEXT];
    if (item == MAILBOXID) {
        kx_mailbox_id_format(info, id);
        g_string_append_printf(out, "(%s)", id);
    } else if (item == APPENDLIMIT && append_limit(imap) == 0) {
        g_string_append(out, "NIL");
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value_of(imap, name, info, item));
    }
}

void kx_imap_write_status(KxImap *imap, const char *name, const KxFolderInfo *info, guint items)
{
    g_autoptr(GString) out = g_string_new(" (");
    for (guint i = 0; i < G_N_ELEMENTS(items_by_name); i++) {
        if (!(items & items_by_name[i].item))
            continue;
        g_string_append_printf(out, "%s%s ", out->len > 2 ? " " : "", items_by_name[i].name);
        append_value(imap, out, name, info, items_by_name[i].item);
    }
    g_string_append(out, ")\r\n");
    kx_session_puts(imap->session, "* STATUS ");
    kx_imap_write_mailbox(imap, name);
    kx_session_write(imap->session, out->str, out->len);
}
