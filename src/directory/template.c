/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates for accounts (USR-62 to USR-67): a new account takes from one what it was not given
 * itself. Afterwards the two have nothing to do with each other.
 */
#include "directory/template.h"

#include "base/error.h"
#include "directory/names.h"

static KxTemplateEntry *of(KxEntry *entry)
{
    return (KxTemplateEntry *)(void *)entry;
}

/* ---- checks ---- */

/* A general template meets the groups of a domain when it is used. */
static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const KxTemplate *next = (const KxTemplate *)(const void *)change->next;
    if (next == NULL || *next->for_domain == '\0')
        return TRUE;
    KxDomainEntry *home = kx_tables_find_domain(directory, next->for_domain, error);
    if (home == NULL) {
        g_prefix_error(error, "domain: ");
        return FALSE;
    }
    return kx_groups_check(home, next->account.groups, error);
}

/* ---- use ---- */

/* Fields of templates beside those of users that they become. */
static const struct {
    KxFieldId from, to;
} PAIRS[] = {
#define KX_ACCOUNT(id, ...) {KX_FIELD_TEMPLATE_##id, KX_FIELD_USER_##id},
#define KX_OWN(...)
#define KX_OWN_SECRET(...)
#include "directory/fields-user.h"
};

gboolean kx_template_apply(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const char *name = change->given.template;
    KxDomainEntry *none;
    KxEntry *entry = kx_entry_find(directory, &kx_type_template, name, &none, error);
    if (entry == NULL)
        return FALSE;
    const KxTemplate *template = &of(entry)->template;
    if (*template->for_domain != '\0' && g_strcmp0(template->for_domain, change->domain) != 0)
        return kx_fail(error, KX_ERR_INVALID, "the template '%s' is for the domain '%s' only", name,
                       template->for_domain);
    for (guint i = 0; i < G_N_ELEMENTS(PAIRS); i++) {
        if (kx_object_is_given(change, PAIRS[i].to))
            continue;
        g_autofree char *value = kx_record_value(&entry->record, PAIRS[i].from);
        if (value != NULL)
            kx_field_values_put(&change->values, PAIRS[i].to, value);
    }
    return TRUE;
}

/* ---- what others mean to them ---- */

const char *kx_template_of_domain(KxDirectory *directory, const char *domain)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->templates);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxTemplateEntry *entry = value;
        if (strcmp(entry->template.for_domain, domain) == 0)
            return entry->template.name;
    }
    return NULL;
}

void kx_templates_regroup(KxDirectory *directory, const char *domain, const char *out,
                          const char *in, GPtrArray *more)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->templates);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxTemplate *template = &((KxTemplateEntry *)value)->template;
        char **groups = template->account.groups;
        if (strcmp(template->for_domain, domain) == 0 &&
            g_strv_contains((const char *const *)groups, out))
            kx_object_follow(more, &kx_type_template, &template->record, KX_FIELD_TEMPLATE_GROUPS,
                             kx_list_replace(groups, out, in));
    }
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->templates;
}

static void derive(KxEntry *entry)
{
    g_free(of(entry)->key);
    of(entry)->key = kx_name_fold(entry->record.name);
}

static void clear(KxEntry *entry)
{
    g_free(of(entry)->key);
}

static void link_template(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->templates, of(entry)->key, entry);
}

static void unlink_template(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED,
                            KxEntry *entry)
{
    g_hash_table_steal(directory->templates, of(entry)->key);
}

const KxObjectType kx_type_template = {
    .record = {KX_OBJECT_TEMPLATE, "templates", FALSE, sizeof(KxTemplate)},
    .entry_size = sizeof(KxTemplateEntry),
    .noun = "a template",
    .logged = "User_template",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_template,
    .unlink = unlink_template,
    .clear = clear,
};
