/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords of a folder. An item refers to a set of keywords by the set's number in the folder's
 * table; equal sets have one number. In the index a set is the sorted numbers of its keywords, 16
 * bits each, low byte first. Names and sets are only ever added while the folder is in memory, so
 * pointers to them stay good.
 */
#include "base/error.h"
#include "store/store-private.h"

typedef struct {
    GBytes *bytes;      /* as in the index */
    const char **names; /* NULL-terminated */
} KeywordSet;

static void free_set(gpointer data)
{
    KeywordSet *set = data;
    if (!set)
        return;
    g_bytes_unref(set->bytes);
    g_free(set->names);
    g_free(set);
}

void kx_keywords_init(KxKeywordTable *table)
{
    table->names = g_ptr_array_new_with_free_func(g_free);
    table->sets = g_ptr_array_new_with_free_func(free_set);
    table->by_members = g_hash_table_new(g_bytes_hash, g_bytes_equal);
    table->n_saved = 0;
    g_ptr_array_add(table->sets, NULL);
}

void kx_keywords_clear(KxKeywordTable *table)
{
    g_clear_pointer(&table->by_members, g_hash_table_unref);
    g_clear_pointer(&table->sets, g_ptr_array_unref);
    g_clear_pointer(&table->names, g_ptr_array_unref);
    table->loaded = FALSE;
}

/* An atom (RFC 9051 section 9) that is not a system flag. */
gboolean kx_keyword_is_valid(const char *keyword)
{
    size_t len = strlen(keyword);
    if (len == 0 || len > KX_KEYWORD_MAX_LEN)
        return FALSE;
    for (size_t i = 0; i < len; i++)
        if (keyword[i] <= 0x20 || keyword[i] >= 0x7f || strchr("(){%*\"\\]", keyword[i]))
            return FALSE;
    return TRUE;
}

static int find_number(KxKeywordTable *table, const char *name)
{
    for (guint i = 0; i < table->names->len; i++)
        if (g_ascii_strcasecmp(table->names->pdata[i], name) == 0)
            return (int)i;
    return -1;
}

int kx_keywords_number(KxKeywordTable *table, const char *name)
{
    int number = find_number(table, name);
    if (number >= 0)
        return number;
    if (table->names->len >= KX_KEYWORDS_PER_FOLDER)
        return -1;
    g_ptr_array_add(table->names, g_strdup(name));
    return (int)table->names->len - 1;
}

static int add_set(KxKeywordTable *table, GBytes *bytes, const guint16 *members, guint n)
{
    KeywordSet *set = g_new0(KeywordSet, 1);
    set->bytes = g_bytes_ref(bytes);
    set->names = g_new0(const char *, n + 1);
    for (guint i = 0; i < n; i++)
        set->names[i] = table->names->pdata[members[i]];
    g_ptr_array_add(table->sets, set);
    int number = (int)table->sets->len - 1;
    g_hash_table_insert(table->by_members, set->bytes, GINT_TO_POINTER(number));
    return number;
}

int kx_keywords_set(KxKeywordTable *table, const guint16 *members, guint n, gboolean limited)
{
    if (n == 0)
        return 0;
    g_autofree guint8 *raw = g_malloc((gsize)n * 2);
    for (guint i = 0; i < n; i++) {
        raw[2 * i] = (guint8)(members[i] & 0xff);
        raw[2 * i + 1] = (guint8)(members[i] >> 8);
    }
    g_autoptr(GBytes) bytes = g_bytes_new_static(raw, (gsize)n * 2);
    int number = GPOINTER_TO_INT(g_hash_table_lookup(table->by_members, bytes));
    if (number > 0)
        return number;
    if (limited && table->sets->len >= KX_KEYWORD_SETS)
        return -1;
    g_autoptr(GBytes) own = g_bytes_new(raw, (gsize)n * 2);
    return add_set(table, own, members, n);
}

int kx_keywords_set_from_bytes(KxKeywordTable *table, const void *bytes, size_t len)
{
    if (len == 0)
        return 0;
    const guint8 *raw = bytes;
    guint16 members[KX_KEYWORDS_PER_ITEM];
    guint n = (guint)(len / 2);
    if (len % 2 != 0 || len / 2 > KX_KEYWORDS_PER_ITEM)
        return -1;
    for (guint i = 0; i < n; i++) {
        members[i] = (guint16)(raw[2 * i] | raw[2 * i + 1] << 8);
        if (members[i] >= table->names->len || (i > 0 && members[i] <= members[i - 1]))
            return -1;
    }
    return kx_keywords_set(table, members, n, FALSE);
}

static KeywordSet *get_set(KxKeywordTable *table, guint set)
{
    return set > 0 && set < table->sets->len ? table->sets->pdata[set] : NULL;
}

KxKeywords kx_keywords_names(KxKeywordTable *table, guint set)
{
    KeywordSet *found = get_set(table, set);
    return found ? found->names : NULL;
}

GBytes *kx_keywords_bytes(KxKeywordTable *table, guint set)
{
    KeywordSet *found = get_set(table, set);
    return found ? found->bytes : NULL;
}

static guint read_members(KxKeywordTable *table, guint set, guint16 *members)
{
    gsize len = 0;
    GBytes *bytes = kx_keywords_bytes(table, set);
    const guint8 *raw = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    for (gsize i = 0; i < len / 2; i++)
        members[i] = (guint16)(raw[2 * i] | raw[2 * i + 1] << 8);
    return (guint)(len / 2);
}

/* Adds or removes one member, keeping the order; FALSE if there is no room. */
static gboolean toggle(guint16 *members, guint *n, guint16 member, gboolean on)
{
    guint at = 0;
    while (at < *n && members[at] < member)
        at++;
    gboolean there = at < *n && members[at] == member;
    if (there == on)
        return TRUE;
    if (on && *n >= KX_KEYWORDS_PER_ITEM)
        return FALSE;
    size_t tail = (*n - at - (there ? 1 : 0)) * sizeof members[0];
    memmove(members + at + (on ? 1 : 0), members + at + (there ? 1 : 0), tail);
    if (on)
        members[at] = member;
    *n = on ? *n + 1 : *n - 1;
    return TRUE;
}

int kx_keywords_apply(KxKeywordTable *table, int set, KxFlagsOp op, const char *const *names)
{
    guint16 members[KX_KEYWORDS_PER_ITEM];
    guint n = op == KX_FLAGS_REPLACE ? 0 : read_members(table, (guint)set, members);
    for (guint i = 0; names && names[i]; i++) {
        int number = op == KX_FLAGS_REMOVE ? find_number(table, names[i])
                                           : kx_keywords_number(table, names[i]);
        if (number < 0 && op == KX_FLAGS_REMOVE)
            continue;
        if (number < 0 || !toggle(members, &n, (guint16)number, op != KX_FLAGS_REMOVE))
            return -1;
    }
    return kx_keywords_set(table, members, n, TRUE);
}

gboolean kx_keywords_save(KxDb *db, KxFolder *folder, GError **error)
{
    KxKeywordTable *table = &folder->keywords;
    for (guint i = table->n_saved; table->loaded && i < table->names->len; i++)
        if (!kx_index_add_keyword(db, folder->id, i, table->names->pdata[i], error))
            return FALSE;
    return TRUE;
}
