/* SPDX-License-Identifier: Apache-2.0 */
/* Domains (DOM-01, DOM-07, DOM-12, DOM-20, DOM-27). */
#include "base/error.h"
#include "directory/lookalike.h"
#include "directory/names.h"
#include "directory/recoverable.h"
#include "directory/template.h"

static KxDomainEntry *of(KxEntry *entry)
{
    return (KxDomainEntry *)(void *)entry;
}

/* ---- checks ---- */

/* Nobody but `self` may have the name, as domain or as alias. */
static gboolean check_name_free(KxDirectory *directory, const char *name, const KxEntry *self,
                                GError **error)
{
    if (g_hash_table_contains(directory->domains, name))
        return kx_fail(error, KX_ERR_EXISTS, "there is a domain '%s' already", name);
    KxDomainEntry *owner = g_hash_table_lookup(directory->aliases, name);
    if (owner != NULL && &owner->entry != self)
        return kx_fail(error, KX_ERR_EXISTS, "'%s' is already an alias of the domain '%s'", name,
                       owner->domain.name);
    /* An alias that it has already stays. */
    return owner != NULL || kx_lookalike_check_domain(directory, name, self, error);
}

/* One of each kind, so that there is no choice. */
static gboolean check_sources(char *const *ips, GError **error)
{
    guint n[2] = {0, 0};
    for (guint i = 0; ips[i] != NULL; i++)
        if (++n[strchr(ips[i], ':') != NULL] > 1)
            return kx_fail(error, KX_ERR_INVALID,
                           "source-ips: give at most one address of IPv4 and one of IPv6");
    return TRUE;
}

/* Each goes into a question to the directory as a whole. */
static gboolean check_length(char *const *list, const char *field, GError **error)
{
    enum { MOST = 2000 };
    gsize len = 0;
    for (guint i = 0; list[i] != NULL; i++)
        len += strlen(list[i]) + 1;
    return len <= MOST || kx_fail(error, KX_ERR_INVALID,
                                  "%s: all of it together is longer than %d bytes", field, MOST);
}

static gboolean check_passwords(const KxDomain *next, GError **error)
{
    enum { LENGTH_MAX = 200, CLASSES_MAX = 4 };
    if (next->password_length > LENGTH_MAX)
        return kx_fail(error, KX_ERR_INVALID, "password-length: %d at most", LENGTH_MAX);
    return next->password_classes <= CLASSES_MAX ||
           kx_fail(error, KX_ERR_INVALID, "password-classes: there are %d", CLASSES_MAX);
}

static gboolean check_directory(const KxDomain *next, GError **error)
{
    if (next->directory != KX_DIRECTORY_NONE && next->directory_hosts[0] == NULL)
        return kx_fail(error, KX_ERR_INVALID,
                       "directory-hosts: name at least one server of the directory");
    if (next->directory == KX_DIRECTORY_EDIRECTORY && *next->directory_base == '\0')
        return kx_fail(
            error, KX_ERR_INVALID,
            "directory-base: name it, such as o=Company; an edirectory has no usual one");
    return check_length(next->directory_hosts, "directory-hosts", error) &&
           check_length(next->directory_attributes, "directory-attributes", error);
}

KxDomain *kx_domain_with(KxDirectory *directory, const char *name, const KxField *fields, guint n,
                         GError **error)
{
    g_auto(KxFieldValues) values = {0};
    g_autoptr(KxDomain) domain = kx_domain_get(directory, name, error);
    if (domain == NULL || !kx_field_values_parse(KX_OBJECT_DOMAIN, fields, n, &values, error))
        return NULL;
    kx_record_take(&kx_type_domain.record, &domain->record, &values);
    return check_directory(domain, error) ? g_steal_pointer(&domain) : NULL;
}

/* Without either nothing would decide which of the provider's tokens are for this server. */
static gboolean check_provider(const KxDomain *next, GError **error)
{
    gboolean asks = *next->oidc_client_id != '\0' && *next->oidc_client_secret != '\0';
    if (*next->oidc_issuer == '\0' || next->oidc_audience[0] != NULL || asks)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID,
                   "oidc-audience: say whom the provider's tokens must be for, or have it asked "
                   "about each (oidc-client-id and oidc-client-secret)");
}

static gboolean check_next(KxDirectory *directory, const KxObjectChange *change, GError **error)
{
    const KxDomain *next = (const KxDomain *)(const void *)change->next;
    for (guint i = 0; next->aliases[i] != NULL; i++) {
        if (strcmp(next->aliases[i], next->name) == 0)
            return kx_fail(error, KX_ERR_INVALID, "aliases: '%s' is the domain itself", next->name);
        if (!check_name_free(directory, next->aliases[i], change->entry, error))
            return FALSE;
    }
    if (!check_sources(next->source_ips, error) || !check_directory(next, error) ||
        !check_passwords(next, error) || !check_provider(next, error))
        return FALSE;
    if (*next->etrn_group != '\0' && kx_ip_group_find(directory, next->etrn_group) == NULL)
        return kx_fail(error, KX_ERR_INVALID, "etrn-group: there is no IP address group '%s'",
                       next->etrn_group);
    KxDomainEntry *owner = g_hash_table_lookup(directory->bound, next->bound_ip);
    if (owner != NULL && &owner->entry != change->entry)
        return kx_fail(error, KX_ERR_EXISTS, "bound-ip: %s is already bound to the domain '%s'",
                       next->bound_ip, owner->domain.name);
    return TRUE;
}

static gboolean check_new(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    KxDomain *next = (KxDomain *)(void *)change->next;
    if (!check_name_free(directory, change->name, NULL, error))
        return FALSE;
    if (directory->primary != NULL || next->primary)
        return TRUE;
    /* Never none (DOM-07): the first domain is it, and the Config line says so. */
    kx_field_values_put(&change->values, KX_FIELD_DOMAIN_PRIMARY, "yes");
    next->primary = TRUE;
    return TRUE;
}

static gboolean fail_not_empty(const KxDomainEntry *entry, GHashTable *table, const char *what,
                               const char *plural, GError **error)
{
    guint n = g_hash_table_size(table);
    return kx_fail(error, KX_ERR_IN_USE, "the domain '%s' has %u %s%s; remove them first",
                   entry->domain.name, n, what, n == 1 ? "" : plural);
}

static gboolean check_removal(KxDirectory *directory, const KxDomainEntry *entry, GError **error)
{
    if (entry == directory->primary)
        return kx_fail(error, KX_ERR_IN_USE,
                       "'%s' is the primary domain; make another domain primary first",
                       entry->domain.name);
    if (g_hash_table_size(entry->users) > 0)
        return fail_not_empty(entry, entry->users, "user", "s", error);
    if (g_hash_table_size(entry->groups) > 0)
        return fail_not_empty(entry, entry->groups, "group", "s", error);
    if (g_hash_table_size(entry->aliases) > 0)
        return fail_not_empty(entry, entry->aliases, "alias", "es", error);
    const char *template = kx_template_of_domain(directory, entry->domain.name);
    if (template != NULL)
        return kx_fail(error, KX_ERR_IN_USE,
                       "the template '%s' is for the domain '%s'; remove it first", template,
                       entry->domain.name);
    if (entry->domain.aliases[0] != NULL)
        return kx_fail(error, KX_ERR_IN_USE,
                       "the domain '%s' has aliases (%s, ...); remove them first",
                       entry->domain.name, entry->domain.aliases[0]);
    return TRUE;
}

static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    if (change->next == NULL)
        return check_removal(directory, of(change->entry), error);
    if (change->entry == NULL && !check_new(directory, change, error))
        return FALSE;
    if (change->entry != NULL && of(change->entry) == directory->primary &&
        !((KxDomain *)(void *)change->next)->primary)
        return kx_fail(error, KX_ERR_INVALID,
                       "primary: there must be one; make another domain primary instead");
    return check_next(directory, change, error);
}

/* Whose mail an IP address group may ask for; of those, one or all. */
static gboolean has_group(const KxDomainEntry *domain, const char *key)
{
    g_autofree char *group = kx_name_fold(domain->domain.etrn_group);
    return g_strcmp0(group, key) == 0;
}

const char *kx_domain_of_group(KxDirectory *directory, const char *key)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (has_group(value, key))
            return ((KxDomainEntry *)value)->domain.name;
    return NULL;
}

void kx_domains_rename_group(KxDirectory *directory, const char *key, const char *name,
                             GPtrArray *more)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (has_group(value, key))
            kx_object_follow(more, &kx_type_domain, &((KxDomainEntry *)value)->domain.record,
                             KX_FIELD_DOMAIN_ETRN_GROUP, g_strdup(name));
}

/* There is one primary domain at any moment: the old one steps back first. */
static void follow(KxDirectory *directory, KxObjectChange *change, gboolean early, GPtrArray *more)
{
    const KxDomain *next = (const KxDomain *)(const void *)change->next;
    if (early && next != NULL && next->primary && directory->primary != NULL &&
        &directory->primary->entry != change->entry)
        kx_object_follow(more, &kx_type_domain, &directory->primary->domain.record,
                         KX_FIELD_DOMAIN_PRIMARY, g_strdup("no"));
}

/* ---- storing ---- */

static gboolean store(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const KxDomain *next = (const KxDomain *)(const void *)change->next;
    return next == NULL || next->recoverable || change->entry == NULL ||
           !kx_object_is_given(change, KX_FIELD_DOMAIN_RECOVERABLE) ||
           kx_recoverable_store_forget(directory, next->id, error);
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->domains;
}

static void free_user(gpointer entry)
{
    kx_entry_free(&kx_type_user, entry);
}

static void free_group(gpointer entry)
{
    kx_entry_free(&kx_type_group, entry);
}

static void free_alias(gpointer entry)
{
    kx_entry_free(&kx_type_alias, entry);
}

static void init(KxEntry *entry)
{
    KxDomainEntry *domain = of(entry);
    domain->users = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_user);
    domain->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_group);
    domain->aliases = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_alias);
    domain->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    domain->patterns = g_ptr_array_new();
}

static void clear(KxEntry *entry)
{
    KxDomainEntry *domain = of(entry);
    g_ptr_array_unref(domain->patterns);
    g_clear_pointer(&domain->lookalikes, g_hash_table_unref);
    g_hash_table_unref(domain->addresses);
    g_hash_table_unref(domain->aliases);
    g_hash_table_unref(domain->users);
    g_hash_table_unref(domain->groups);
}

static void link_domain(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    KxDomainEntry *domain = of(entry);
    g_hash_table_insert(directory->domains, domain->domain.name, domain);
    for (guint i = 0; domain->domain.aliases[i] != NULL; i++)
        g_hash_table_insert(directory->aliases, g_strdup(domain->domain.aliases[i]), domain);
    if (*domain->domain.bound_ip != '\0')
        g_hash_table_insert(directory->bound, g_strdup(domain->domain.bound_ip), domain);
    if (domain->domain.primary)
        directory->primary = domain;
    directory->mapped += domain->domain.directory != KX_DIRECTORY_NONE;
    directory->realms += *domain->domain.kerberos_realm != '\0';
    directory->nt_domains += *domain->domain.nt_domain != '\0';
    directory->providers += *domain->domain.oidc_issuer != '\0';
}

static void unlink_domain(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    KxDomainEntry *domain = of(entry);
    g_hash_table_steal(directory->domains, domain->domain.name);
    for (guint i = 0; domain->domain.aliases[i] != NULL; i++)
        g_hash_table_remove(directory->aliases, domain->domain.aliases[i]);
    g_hash_table_remove(directory->bound, domain->domain.bound_ip);
    directory->mapped -= domain->domain.directory != KX_DIRECTORY_NONE;
    directory->realms -= *domain->domain.kerberos_realm != '\0';
    directory->nt_domains -= *domain->domain.nt_domain != '\0';
    directory->providers -= *domain->domain.oidc_issuer != '\0';
    if (directory->primary == domain)
        directory->primary = NULL;
}

const KxObjectType kx_type_domain = {
    .record = {KX_OBJECT_DOMAIN, "domains", FALSE, sizeof(KxDomain)},
    .entry_size = sizeof(KxDomainEntry),
    .noun = "a domain",
    .logged = "Domain",
    .name = kx_name_domain,
    .table = table,
    .check = check,
    .store = store,
    .follow = follow,
    .init = init,
    .link = link_domain,
    .unlink = unlink_domain,
    .settle = kx_recoverable_settle,
    .clear = clear,
};
