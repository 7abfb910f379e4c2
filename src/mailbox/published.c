/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/published.h"

#include <string.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "flow/notice-text.h"
#include "store/change.h"
#include "store/incoming.h"
#include "store/view.h"

enum {
    LINE_MAX_BYTES = 75, /* of a vCard, without its end (RFC 6350 section 3.2) */
    STATE_MAX = 64 * 1024 * 1024,
    BATCH = 256, /* items read, or written in one commit */
};

static const char FOLDER[] = "Contacts", KEYWORD[] = "$Published", STATE[] = "#published";

/* ---- what is to be there ---- */

/* RFC 6350 section 3.4: what means something in a value is escaped. */
static char *escape(const char *text)
{
    GString *out = g_string_new(NULL);
    for (; *text; text++) {
        if (*text == '\n')
            g_string_append(out, "\\n");
        else if (strchr("\\,;", *text))
            g_string_append_printf(out, "\\%c", *text);
        else if ((guchar)*text >= ' ')
            g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

/* A line, folded between characters. */
static void append_line(GString *out, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s:%s", name, value);
    size_t used = 0;
    for (const char *at = line; *at; at = g_utf8_next_char(at)) {
        size_t len = (size_t)(g_utf8_next_char(at) - at);
        if (used + len > LINE_MAX_BYTES) {
            g_string_append(out, "\r\n ");
            used = 1;
        }
        g_string_append_len(out, at, (gssize)len);
        used += len;
    }
    g_string_append(out, "\r\n");
}

static void append_mail(GString *out, const char *local, const char *domain)
{
    g_autofree char *address = g_strdup_printf("%s@%s", local, domain);
    g_autofree char *escaped = escape(address);
    append_line(out, "EMAIL", escaped);
}

/* `first`: the name of an account is an address too; NULL of a group. */
static char *message_of(const KxRecord *record, const char *full_name, const char *first,
                        char *const *addresses)
{
    g_autofree char *subject = kx_subject_field(full_name);
    GString *out = g_string_new(subject);
    g_autofree char *login = g_strdup_printf("%s@%s", record->name, record->domain);
    g_autofree char *name = escape(full_name), *uid = escape(login);
    g_string_append(out, "MIME-Version: 1.0\r\n"
                         "Content-Type: text/vcard; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: 8bit\r\n"
                         "Content-Disposition: attachment; filename=\"contact.vcf\"\r\n\r\n"
                         "BEGIN:VCARD\r\nVERSION:4.0\r\n");
    append_line(out, "KIND", first ? "individual" : "group");
    append_line(out, "UID", uid);
    append_line(out, "FN", name);
    if (first)
        append_mail(out, first, record->domain);
    for (; *addresses; addresses++)
        append_mail(out, *addresses, record->domain);
    g_string_append(out, "END:VCARD\r\n");
    return g_string_free(out, FALSE);
}

static void want(GHashTable *wanted, char *message)
{
    g_hash_table_insert(wanted, g_compute_checksum_for_string(G_CHECKSUM_SHA256, message, -1),
                        message);
}

static void want_users(KxDirectory *directory, const char *domain, GHashTable *wanted)
{
    g_autoptr(GPtrArray) users = kx_user_list(directory, domain, NULL);
    for (guint i = 0; users && i < users->len; i++) {
        const KxUser *user = users->pdata[i];
        if (user->publish && user->full_name && *user->full_name)
            want(wanted, message_of(&user->record, user->full_name, user->name, user->addresses));
    }
}

/* A group without an address is nobody's to write to. */
static void want_groups(KxDirectory *directory, const char *domain, GHashTable *wanted)
{
    KxQuery query = {.domain = domain};
    g_autoptr(GPtrArray) groups = kx_object_list(directory, KX_OBJECT_GROUP, &query, NULL, NULL);
    for (guint i = 0; groups && i < groups->len; i++) {
        const KxGroup *group = groups->pdata[i];
        if (group->publish && group->addresses[0])
            want(wanted, message_of(&group->record, group->name, NULL, group->addresses));
    }
}

/* Hash -> message. */
static GHashTable *find_wanted(KxDirectory *directory, const char *domain)
{
    GHashTable *wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    want_users(directory, domain, wanted);
    want_groups(directory, domain, wanted);
    return wanted;
}

/* ---- what is there ---- */

static gboolean has_keyword(const KxItem *item)
{
    return item->keywords && g_strv_contains(item->keywords, KEYWORD);
}

/* UIDs of the items that we wrote. */
static GHashTable *find_items(KxFolder *folder)
{
    GHashTable *uids = g_hash_table_new(NULL, NULL);
    g_autoptr(KxView) view = kx_view_new(folder, FALSE);
    g_autofree KxItem *items = g_new(KxItem, BATCH);
    g_autofree guint32 *seqs = g_new(guint32, BATCH);
    guint32 from = 1;
    for (guint n; (n = kx_view_items(view, from, kx_view_count(view), items, seqs, BATCH)) > 0;) {
        for (guint i = 0; i < n; i++)
            if (has_keyword(&items[i]))
                g_hash_table_add(uids, GUINT_TO_POINTER(items[i].uid));
        from = seqs[n - 1] + 1;
    }
    return uids;
}

/* Keeps what is right: takes it out of `wanted`, and out of `uids`, of which the rest is to go. */
static void keep(const char *state, GHashTable *wanted, GHashTable *uids, GString *next)
{
    g_auto(GStrv) lines = g_strsplit(state, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *hash = strchr(lines[i], ' ');
        guint64 uid = 0;
        if (!hash)
            continue;
        *hash++ = '\0';
        if (!kx_parse_uint(lines[i], G_MAXUINT32, &uid) ||
            !g_hash_table_contains(uids, GUINT_TO_POINTER((guint)uid)) ||
            !g_hash_table_remove(wanted, hash))
            continue;
        g_hash_table_remove(uids, GUINT_TO_POINTER((guint)uid));
        g_string_append_printf(next, "%s %s\n", lines[i], hash);
    }
}

/* ---- from one to the other ---- */

static gint by_uid(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return (left > right) - (left < right);
}

static gboolean drop(KxFolder *folder, GHashTable *uids, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(guint32));
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, uids);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        guint32 uid = GPOINTER_TO_UINT(key);
        g_array_append_val(list, uid);
    }
    g_array_sort(list, by_uid);
    return list->len == 0 || kx_folder_expunge(folder, (const guint32 *)(void *)list->data,
                                               list->len, TRUE, NULL, NULL, error);
}

static KxIncoming *content_of(KxStore *store, const char *message, GError **error)
{
    g_autoptr(KxIncoming) incoming = kx_incoming_new(store, error);
    gboolean good = incoming && kx_incoming_write(incoming, message, strlen(message), error);
    return good ? g_steal_pointer(&incoming) : NULL;
}

/* All of these in one commit, or none. */
static gboolean add_some(KxAccount *account, GPtrArray *contents, GPtrArray *hashes, GString *next,
                         GError **error)
{
    static const char *const keywords[] = {KEYWORD, NULL};
    g_autofree KxDelivery *targets = g_new(KxDelivery, contents->len);
    for (guint i = 0; i < contents->len; i++)
        targets[i] = (KxDelivery){.account = account,
                                  .folder = FOLDER,
                                  .flags = KX_FLAG_SEEN,
                                  .keywords = keywords,
                                  .internal_date = g_get_real_time() / G_USEC_PER_SEC,
                                  .beyond_quota = TRUE};
    if (!kx_incoming_deliver_all((KxIncoming **)contents->pdata, targets, contents->len, error))
        return FALSE;
    for (guint i = 0; i < contents->len; i++)
        g_string_append_printf(next, "%u %s\n", targets[i].ret_uid, (char *)hashes->pdata[i]);
    g_ptr_array_set_size(contents, 0);
    g_ptr_array_set_size(hashes, 0);
    return TRUE;
}

static gboolean add_all(KxStore *store, KxAccount *account, GHashTable *wanted, GString *next,
                        GError **error)
{
    g_autoptr(GPtrArray) contents =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new();
    GHashTableIter iter;
    gpointer hash, message;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &hash, &message)) {
        KxIncoming *content = content_of(store, message, error);
        if (!content)
            return FALSE;
        g_ptr_array_add(contents, content);
        g_ptr_array_add(hashes, hash);
        if (contents->len == BATCH && !add_some(account, contents, hashes, next, error))
            return FALSE;
    }
    return contents->len == 0 || add_some(account, contents, hashes, next, error);
}

static KxFolder *open_folder(KxAccount *account, gboolean make, GError **error)
{
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, FOLDER, NULL);
    if (!info && (!make || !kx_folder_create(account, FOLDER, KX_TYPE_CONTACTS, 0, error)))
        return NULL;
    if (info && info->type != KX_TYPE_CONTACTS) {
        if (make)
            kx_fail(error, KX_ERR_EXISTS, "the public folder %s is not for contacts", FOLDER);
        return NULL;
    }
    return kx_folder_open(account, FOLDER, error);
}

static gboolean update(KxStore *store, KxAccount *account, GHashTable *wanted, GError **error)
{
    gboolean make = g_hash_table_size(wanted) > 0;
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxFolder) folder = open_folder(account, make, &inner);
    if (!folder) {
        if (inner)
            g_propagate_error(error, g_steal_pointer(&inner));
        return inner == NULL;
    }
    g_autofree char *path = kx_account_file(account, STATE), *state = NULL;
    g_autoptr(GHashTable) uids = find_items(folder);
    g_autoptr(GString) next = g_string_new(NULL);
    size_t len;
    keep(kx_read_file(path, STATE_MAX, &state, &len, NULL) ? state : "", wanted, uids, next);
    if (g_hash_table_size(uids) == 0 && g_hash_table_size(wanted) == 0)
        return TRUE;
    /* The new before the old goes, so that nobody is missing meanwhile. What is not noted in the
     * end goes the next time. */
    return add_all(store, account, wanted, next, error) &&
           kx_write_file_durable(path, next->str, next->len, 0600, error) &&
           drop(folder, uids, error);
}

gboolean kx_published_is_shared(const KxSettings *settings)
{
    return strcmp(kx_settings_text(settings, KX_SET_PUBLIC_FOLDERS_SCOPE), "server") == 0;
}

gboolean kx_published_update(KxStore *store, KxDirectory *directory, const char *domain,
                             GError **error)
{
    g_autoptr(GHashTable) wanted = find_wanted(directory, domain);
    g_autofree char *name = domain ? g_strdup_printf("#public@%s", domain) : g_strdup("#public");
    gboolean make = g_hash_table_size(wanted) > 0;
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxAccount) account = make ? kx_store_public(store, domain, &inner)
                                        : kx_store_existing_account(store, name, &inner);
    if (account)
        return update(store, account, wanted, error);
    if (!make && g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}
