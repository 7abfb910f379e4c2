/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the Operations log: items and folders that were removed or moved (LOG-52 to LOG-58). */
#include "base/text.h"
#include "mime/header.h"
#include "store/remove-private.h"

enum { FIELD_MAX = 1000 };

static const char *const TAGS[] = {[KX_OP_DELETE] = "DELETE", [KX_OP_MOVE] = "MOVE"};

/* ---- the parts of a cached envelope ---- */

typedef struct {
    const char *at, *end;
} Cursor;

static gboolean take(Cursor *cursor, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < len || strncmp(cursor->at, text, len) != 0)
        return FALSE;
    cursor->at += len;
    return TRUE;
}

static void take_quoted(Cursor *cursor, GString *out)
{
    while (cursor->at < cursor->end && *cursor->at != '"') {
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
            cursor->at++;
        g_string_append_c(out, *cursor->at++);
    }
    take(cursor, "\"");
}

static void take_literal(Cursor *cursor, GString *out)
{
    size_t len = 0;
    while (cursor->at < cursor->end && g_ascii_isdigit(*cursor->at) && len < G_MAXINT32)
        len = len * 10 + (size_t)g_ascii_digit_value(*cursor->at++);
    if (!take(cursor, "}\r\n"))
        return;
    len = MIN(len, (size_t)(cursor->end - cursor->at));
    g_string_append_len(out, cursor->at, (gssize)len);
    cursor->at += len;
}

/* An nstring, as kx_imap_append_nstring() writes it; encoded words decoded. NULL for NIL. */
static char *take_string(Cursor *cursor)
{
    take(cursor, " ");
    if (take(cursor, "NIL"))
        return NULL;
    GString *raw = g_string_new(NULL);
    if (take(cursor, "\""))
        take_quoted(cursor, raw);
    else if (take(cursor, "{"))
        take_literal(cursor, raw);
    char *text = kx_header_decode(raw->str, raw->len, FIELD_MAX);
    g_string_free(raw, TRUE);
    return text;
}

static char *take_first_address(Cursor *cursor)
{
    take(cursor, " ");
    if (!take(cursor, "(("))
        return g_strdup("");
    g_autofree char *name = take_string(cursor);
    g_autofree char *route = take_string(cursor);
    g_autofree char *mailbox = take_string(cursor);
    g_autofree char *host = take_string(cursor);
    g_autofree char *address = host && *host
                                   ? g_strdup_printf("%s@%s", mailbox ? mailbox : "", host)
                                   : g_strdup(mailbox ? mailbox : "");
    return name && *name ? g_strdup_printf("\"%s\" <%s>", name, address)
                         : g_strdup_printf("<%s>", address);
}

static void append_origin(GString *line, const KxItemCache *cache)
{
    Cursor cursor = {cache->envelope, cache->envelope + cache->envelope_len};
    take(&cursor, "(");
    g_autofree char *date = take_string(&cursor);
    g_autofree char *subject = take_string(&cursor);
    g_autofree char *from = take_first_address(&cursor);
    g_string_append_printf(line, "From: %s, Subject: \"%s\"", from, subject ? subject : "");
}

/* ---- items ---- */

gboolean kx_oplog_collect(KxFolder *folder, GArray *entries, GPtrArray *lines, GError **error)
{
    KxAccount *account = folder->account;
    g_ptr_array_set_size(lines, 0);
    for (guint i = 0; account->store->logger && i < entries->len; i++) {
        const KxEntry *entry = &g_array_index(entries, KxEntry, i);
        g_auto(KxItemCache) cache = {0};
        if (!kx_index_read_cache(account->db, folder->id, entry->uid, &cache, error))
            return FALSE;
        if (!cache.envelope) {
            g_autoptr(GBytes) content = kx_item_content(folder, entry->uid, NULL);
            gsize len = 0;
            const char *bytes = content ? g_bytes_get_data(content, &len) : NULL;
            kx_item_parse(bytes ? bytes : "", len, &cache);
        }
        GString *line = g_string_new(NULL);
        append_origin(line, &cache);
        if (folder->type == KX_TYPE_MAIL) {
            char stamp[21];
            kx_format_log_time(entry->internal_date, stamp);
            g_string_append_printf(line, ", Delivered: %s", stamp);
        }
        g_string_append_printf(line, ", Size: %" G_GUINT64_FORMAT, entry->size);
        g_ptr_array_add(lines, g_string_free(line, FALSE));
    }
    return TRUE;
}

/* "Protocol: IMAP, User: a@b.c, IP: 1.2.3.4, " as far as it is known. */
static char *describe_actor(const KxActor *actor)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "Protocol: %s, ",
                           actor && actor->protocol ? actor->protocol : "SYSTEM");
    if (actor && actor->user)
        g_string_append_printf(text, "User: %s, ", actor->user);
    if (actor && actor->ip)
        g_string_append_printf(text, "IP: %s, ", actor->ip);
    return g_string_free(text, FALSE);
}

void kx_oplog_items(KxFolder *folder, KxOperation operation, const KxActor *actor, GPtrArray *lines)
{
    KxAccount *account = folder->account;
    g_autofree char *who = describe_actor(actor);
    g_autofree char *path = kx_folder_path(folder);
    g_autofree char *where = kx_path_for_log(account, path);
    for (guint i = 0; i < lines->len; i++)
        kx_log(account->store->logger, KX_LOG_OPERATIONS, "{%s} %sFolder: %s, %s", TAGS[operation],
               who, where, (const char *)lines->pdata[i]);
}

/* ---- folders ---- */

void kx_oplog_delete_folder(KxAccount *account, const KxActor *actor, const char *path)
{
    g_autofree char *who = describe_actor(actor);
    g_autofree char *where = kx_path_for_log(account, path);
    kx_log(account->store->logger, KX_LOG_OPERATIONS, "{DELETE_FOLDER} %sFolder: %s", who, where);
}

void kx_oplog_move_folder(KxAccount *account, const KxActor *actor, const char *from,
                          const char *to, guint items)
{
    g_autofree char *who = describe_actor(actor);
    g_autofree char *old = kx_path_for_log(account, from);
    g_autofree char *new = kx_path_for_log(account, to);
    kx_log(account->store->logger, KX_LOG_OPERATIONS,
           "{MOVE_FOLDER} %sOld location: %s, New location: %s, Items count: %u", who, old, new,
           items);
}
