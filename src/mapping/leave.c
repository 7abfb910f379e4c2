/* SPDX-License-Identifier: Apache-2.0 */
/* Who is no longer in a directory: accounts are disabled, and groups go. */
#include "base/error.h"
#include "directory/names.h"
#include "mapping/mapping-private.h"

static GHashTable *names_of(const GPtrArray *people)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < people->len; i++) {
        char *key = kx_name_fold(((const KxMapPerson *)people->pdata[i])->name);
        if (key != NULL)
            g_hash_table_add(names, key);
    }
    return names;
}

static void remove_record(KxMapping *mapping, KxObject object, const KxRecord *record,
                          KxMappingReport *report)
{
    static const KxField gone[] = {{"source", "gone"}, {"disabled", "yes"}};
    static const KxField barred[] = {{"source", "gone-disabled"}, {"disabled", "yes"}};
    g_autofree char *name = g_strdup_printf("%s@%s", record->name, record->domain);
    g_autoptr(GError) error = NULL;
    gboolean is_user = object == KX_OBJECT_USER;
    gboolean was_disabled = is_user && ((const KxUser *)(const void *)record)->disabled;
    KxChange change = {.verb = is_user ? KX_CHANGE_SET : KX_CHANGE_REMOVE,
                       .object = object,
                       .name = name,
                       .fields = !is_user       ? NULL
                                 : was_disabled ? barred
                                                : gone,
                       .n_fields = is_user ? G_N_ELEMENTS(gone) : 0};
    if (kx_object_change(mapping->directory, &kx_map_admin, &change, 1, NULL, &error)) {
        report->gone++;
        kx_log(mapping->logger, KX_LOG_WARNING,
               is_user ? "%s is no longer in the directory: the account is disabled, its mail stays"
                       : "the group %s is no longer in the directory",
               name);
    } else {
        g_autofree char *text = g_strdup_printf("%s is no longer in the directory, but stays: %s",
                                                name, error->message);
        if (kx_map_is_news(mapping, record->domain, text))
            kx_log(mapping->logger, KX_LOG_WARNING, "%s", text);
    }
}

void kx_map_remove(KxMapping *mapping, const KxDomain *domain, KxObject object,
                   const GPtrArray *people, KxMappingReport *report)
{
    KxQuery query = {.domain = domain->name};
    g_autoptr(GHashTable) there = names_of(people);
    g_autoptr(GPtrArray) all = kx_object_list(mapping->directory, object, &query, NULL, NULL);
    gboolean changed = kx_map_has_changed(mapping, domain);
    for (guint i = 0; all != NULL && !changed && i < all->len; i++) {
        const KxRecord *record = all->pdata[i];
        g_autofree char *key = kx_name_fold(record->name);
        if (kx_map_source_of(object, record) != KX_SOURCE_LDAP || g_hash_table_contains(there, key))
            continue;
        if (people->len > 0) {
            remove_record(mapping, object, record, report);
            continue;
        }
        g_autofree char *text =
            g_strdup_printf("The directory of %s shows no %s at all: those it had stay",
                            domain->name, object == KX_OBJECT_USER ? "users" : "groups");
        if (kx_map_is_news(mapping, domain->name, text))
            kx_log(mapping->logger, KX_LOG_WARNING, "%s", text);
        return;
    }
}
