/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the Operations log: items and folders that were removed or moved (LOG-52 to LOG-58). */
#include "log/log-operations.h"
#include "mime/header.h"
#include "store/remove-private.h"

enum { FIELD_MAX = 1000 };

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

/* The first address of a list: display name and address, NULL for what is not there. */
static void take_first_address(Cursor *cursor, char **ret_name, char **ret_address)
{
    take(cursor, " ");
    if (!take(cursor, "(("))
        return;
    *ret_name = take_string(cursor);
    g_free(take_string(cursor)); /* the route */
    g_autofree char *mailbox = take_string(cursor);
    g_autofree char *host = take_string(cursor);
    *ret_address = host && *host ? g_strdup_printf("%s@%s", mailbox ? mailbox : "", host)
                                 : g_strdup(mailbox ? mailbox : "");
}

static void take_origin(KxOpItem *item, const KxItemCache *cache)
{
    Cursor cursor = {cache->envelope, cache->envelope + cache->envelope_len};
    take(&cursor, "(");
    g_free(take_string(&cursor)); /* the date */
    item->subject = take_string(&cursor);
    take_first_address(&cursor, &item->from_name, &item->from_address);
    if (!item->from_address)
        item->from_address = g_strdup("");
}

/* ---- items ---- */

void kx_op_item_free(gpointer data)
{
    KxOpItem *item = data;
    g_free(item->from_name);
    g_free(item->from_address);
    g_free(item->subject);
    g_free(item);
}

static gboolean read_cache(KxFolder *folder, guint32 uid, KxItemCache *cache, GError **error)
{
    g_auto(KxItemFacts) facts = {0};
    if (!kx_index_read_facts(folder->account->db, folder->id, uid, KX_FACT_CACHE, &facts, error))
        return FALSE;
    if (!facts.cache.envelope) {
        g_autoptr(GBytes) content = kx_item_content(folder, uid, NULL);
        gsize len = 0;
        const char *bytes = content ? g_bytes_get_data(content, &len) : NULL;
        kx_item_parse(bytes ? bytes : "", len, &facts);
    }
    *cache = facts.cache;
    facts.cache = (KxItemCache){0};
    return TRUE;
}

static gboolean collect(KxFolder *folder, GArray *entries, GPtrArray *items, GError **error)
{
    for (guint i = 0; i < entries->len; i++) {
        const KxEntry *entry = &g_array_index(entries, KxEntry, i);
        g_auto(KxItemCache) cache = {0};
        if (!read_cache(folder, entry->uid, &cache, error))
            return FALSE;
        KxOpItem *item = g_new0(KxOpItem, 1);
        take_origin(item, &cache);
        item->delivered = folder->type == KX_TYPE_MAIL ? entry->internal_date : 0;
        item->size = entry->size;
        g_ptr_array_add(items, item);
    }
    return TRUE;
}

gboolean kx_oplog_collect(KxFolder *folder, GArray *entries, GPtrArray *items, GError **error)
{
    KxDb *db = folder->account->db;
    g_ptr_array_set_size(items, 0);
    if (!folder->account->store->logger)
        return TRUE;
    /* In one transaction the file is locked once, and not for each item. */
    gboolean ok = kx_db_begin_reading(db, error) && collect(folder, entries, items, error);
    kx_db_rollback(db);
    return ok;
}

/* The server itself acts in the name of the mailbox. */
static KxAuditActor audit_actor(KxAccount *account, const KxActor *actor)
{
    return (KxAuditActor){.protocol = actor && actor->protocol ? actor->protocol : "SYSTEM",
                          .user = actor && actor->user ? actor->user : account->name,
                          .ip = actor ? actor->ip : NULL};
}

void kx_oplog_items(KxFolder *folder, const KxActor *actor, const char *target, GPtrArray *items)
{
    KxAccount *account = folder->account;
    g_autofree char *path = kx_folder_path(folder);
    g_autofree char *where = kx_path_for_log(account, path);
    KxAuditActor who = audit_actor(account, actor);
    for (guint i = 0; i < items->len; i++) {
        const KxOpItem *item = items->pdata[i];
        KxAuditItem audit = {.folder = where,
                             .from_name = item->from_name,
                             .from_address = item->from_address,
                             .subject = item->subject,
                             .delivered = item->delivered,
                             .size = item->size,
                             .target = target};
        if (target)
            kx_log_item_move(account->store->logger, &who, &audit);
        else
            kx_log_item_delete(account->store->logger, &who, &audit);
    }
}

/* ---- folders ---- */

void kx_oplog_delete_folder(KxAccount *account, const char *path)
{
    g_autofree char *where = kx_path_for_log(account, path);
    kx_log_folder_delete(account->store->logger, where);
}

void kx_oplog_move_folder(KxAccount *account, const KxActor *actor, const char *from,
                          const char *to, guint items)
{
    g_autofree char *old = kx_path_for_log(account, from);
    g_autofree char *new = kx_path_for_log(account, to);
    KxAuditActor who = audit_actor(account, actor);
    kx_log_folder_move(account->store->logger, &who, &(KxAuditFolderMove){old, new, items});
}

void kx_oplog_debug(KxAccount *account, const char *path, const char *what)
{
    if (!kx_debug_on(account->store->logger, KX_DEBUG_FOLDER_OPERATIONS))
        return;
    g_autofree char *where = kx_path_for_log(account, path);
    kx_debug_write(account->store->logger, KX_DEBUG_FOLDER_OPERATIONS, "%s %s", where, what);
}
