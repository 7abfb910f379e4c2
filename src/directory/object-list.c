/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of objects, page by page: only what is on the page is copied. */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

/* What is looked for, folded. */
typedef struct {
    char *text;
    size_t len;
    gboolean ascii;
} Wanted;

static void wanted_clear(Wanted *wanted)
{
    g_clear_pointer(&wanted->text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wanted, wanted_clear)

static Wanted wanted_new(const char *search)
{
    Wanted wanted = {.text = search != NULL && *search != '\0' ? kx_name_fold(search) : NULL};
    wanted.len = wanted.text != NULL ? strlen(wanted.text) : 0;
    wanted.ascii = wanted.text != NULL && g_str_is_ascii(wanted.text);
    return wanted;
}

/* Most texts are ASCII, and are compared where they are. */
static gboolean text_contains(const char *text, const Wanted *wanted)
{
    if (text == NULL || *text == '\0')
        return FALSE;
    if (!g_str_is_ascii(text)) {
        g_autofree char *key = kx_name_fold(text);
        return key != NULL && strstr(key, wanted->text) != NULL;
    }
    return wanted->ascii && strcasestr(text, wanted->text) != NULL;
}

static gboolean list_contains(char *const *list, const Wanted *wanted)
{
    for (; list != NULL && *list != NULL; list++)
        if (text_contains(*list, wanted))
            return TRUE;
    return FALSE;
}

static gboolean matches(const KxObjectType *type, const KxRecord *record, const Wanted *wanted)
{
    guint id, end;
    gboolean found = text_contains(record->name, wanted);
    kx_field_range(type->record.object, &id, &end);
    for (; !found && id < end; id++)
        found = !kx_field_is_secret(kx_field_row((KxFieldId)id)) &&
                (text_contains(kx_record_peek(record, (KxFieldId)id), wanted) ||
                 list_contains(kx_record_list(record, (KxFieldId)id), wanted));
    return found;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    const KxEntry *left = *(const KxEntry *const *)a, *right = *(const KxEntry *const *)b;
    return strcmp(left->record.name, right->record.name);
}

/* Those of one table that the query is about, at the end of the list; by name if one of them is on
 * the page. */
static void collect(const KxObjectType *type, GHashTable *table, const KxQuery *query,
                    const Wanted *wanted, GPtrArray *list)
{
    g_autoptr(GPtrArray) part = g_ptr_array_new();
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        if (wanted->text == NULL || matches(type, &((KxEntry *)entry)->record, wanted))
            g_ptr_array_add(part, entry);
    guint end = list->len + part->len;
    if (end > query->offset && (query->limit == 0 || list->len - query->offset < query->limit ||
                                list->len <= query->offset))
        g_ptr_array_sort(part, compare_names);
    g_ptr_array_extend(list, part, NULL, NULL);
}

static void collect_all(KxDirectory *directory, const KxObjectType *type, const KxQuery *query,
                        const Wanted *wanted, GPtrArray *list)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    collect(&kx_type_domain, directory->domains, &(KxQuery){0}, &(Wanted){0}, domains);
    for (guint i = 0; i < domains->len; i++)
        collect(type, type->table(directory, domains->pdata[i]), query, wanted, list);
}

static gboolean collect_query(KxDirectory *directory, const KxObjectType *type,
                              const KxQuery *query, GPtrArray *list, GError **error)
{
    g_auto(Wanted) wanted = wanted_new(query->search);
    if (!type->record.in_domain) {
        collect(type, type->table(directory, NULL), query, &wanted, list);
        return TRUE;
    }
    if (query->domain == NULL) {
        collect_all(directory, type, query, &wanted, list);
        return TRUE;
    }
    KxDomainEntry *home = kx_tables_find_domain(directory, query->domain, error);
    if (home != NULL)
        collect(type, type->table(directory, home), query, &wanted, list);
    return home != NULL;
}

static void free_any(gpointer record, KxObject object)
{
    kx_object_free(object, record);
}

/* g_ptr_array_unref() has no room for the kind of object. */
#define FREE_FUNC(name, object)                                                                    \
    static void name(gpointer record)                                                              \
    {                                                                                              \
        free_any(record, object);                                                                  \
    }
FREE_FUNC(free_domain, KX_OBJECT_DOMAIN)
FREE_FUNC(free_user, KX_OBJECT_USER)
FREE_FUNC(free_group, KX_OBJECT_GROUP)
FREE_FUNC(free_alias, KX_OBJECT_ALIAS)
FREE_FUNC(free_ip_group, KX_OBJECT_IP_GROUP)
FREE_FUNC(free_template, KX_OBJECT_TEMPLATE)
FREE_FUNC(free_time_range, KX_OBJECT_TIME_RANGE)
FREE_FUNC(free_etrn, KX_OBJECT_ETRN)
FREE_FUNC(free_schedule, KX_OBJECT_SCHEDULE)
FREE_FUNC(free_download, KX_OBJECT_DOWNLOAD)
FREE_FUNC(free_sorting, KX_OBJECT_SORTING)
FREE_FUNC(free_routing, KX_OBJECT_ROUTING)
FREE_FUNC(free_highlight, KX_OBJECT_HIGHLIGHT)

static GDestroyNotify free_func(KxObject object)
{
    static const GDestroyNotify funcs[KX_OBJECT_COUNT] = {
        free_domain,   free_user,       free_group,     free_alias,    free_ip_group,
        free_template, free_time_range, free_etrn,      free_schedule, free_download,
        free_sorting,  free_routing,    free_highlight,
    };
    return funcs[object];
}

GPtrArray *kx_object_list(KxDirectory *directory, KxObject object, const KxQuery *query,
                          guint *ret_total, GError **error)
{
    const KxObjectType *type = kx_object_type(object);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(free_func(object));
    kx_rw_lock_read(&directory->lock);
    gboolean good = collect_query(directory, type, query, found, error);
    guint end = query->limit != 0 && query->limit < found->len - MIN(query->offset, found->len)
                    ? query->offset + query->limit
                    : found->len;
    for (guint i = query->offset; i < end; i++)
        g_ptr_array_add(page, kx_entry_copy(type, found->pdata[i]));
    kx_rw_lock_unlock(&directory->lock);
    if (ret_total != NULL)
        *ret_total = found->len;
    return good ? g_steal_pointer(&page) : NULL;
}

GPtrArray *kx_domain_list(KxDirectory *directory)
{
    return kx_object_list(directory, KX_OBJECT_DOMAIN, &(KxQuery){0}, NULL, NULL);
}

GPtrArray *kx_user_list(KxDirectory *directory, const char *domain, GError **error)
{
    return kx_object_list(directory, KX_OBJECT_USER, &(KxQuery){.domain = domain}, NULL, error);
}
