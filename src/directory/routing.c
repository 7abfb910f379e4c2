/* SPDX-License-Identifier: Apache-2.0 */
/* Routing rules: which server mail is given to (OVR-52, OVR-53). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static KxRoutingEntry *of(KxEntry *entry)
{
    return (KxRoutingEntry *)(void *)entry;
}

/* ---- what must hold ---- */

static gboolean check(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change, GError **error)
{
    const KxRoutingRule *next = (const KxRoutingRule *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (next->recipients[0] == NULL && next->senders[0] == NULL)
        return kx_fail(error, KX_ERR_INVALID,
                       "give recipients or senders; for all mail there is smtp.relay-host");
    if (*next->host == '\0' && *next->user != '\0')
        return kx_fail(error, KX_ERR_INVALID, "user: name the host to sign in to");
    if (*next->user == '\0' && next->auth == KX_RELAY_AUTH_POP3)
        return kx_fail(error, KX_ERR_INVALID, "auth: pop3 needs a user");
    return TRUE;
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->routing;
}

static char **fold_all(char *const *patterns)
{
    guint n = g_strv_length((char **)patterns);
    char **folded = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++) {
        folded[i] = kx_name_fold(patterns[i]);
        if (folded[i] == NULL) /* matches nothing */
            folded[i] = g_strdup("");
    }
    return folded;
}

static void clear(KxEntry *entry)
{
    g_clear_pointer(&of(entry)->key, g_free);
    g_clear_pointer(&of(entry)->senders, g_strfreev);
    g_clear_pointer(&of(entry)->recipients, g_strfreev);
}

static void derive(KxEntry *entry)
{
    KxRoutingEntry *self = of(entry);
    clear(entry);
    self->key = kx_name_fold(entry->record.name);
    self->senders = fold_all(self->rule.senders);
    self->recipients = fold_all(self->rule.recipients);
}

static void link_entry(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->routing, of(entry)->key, entry);
}

static void unlink_entry(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->routing, of(entry)->key);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const KxRoutingEntry *left = *(const KxRoutingEntry *const *)a;
    const KxRoutingEntry *right = *(const KxRoutingEntry *const *)b;
    if (left->rule.priority != right->rule.priority)
        return left->rule.priority < right->rule.priority ? -1 : 1;
    return strcmp(left->key, right->key);
}

static void settle(KxDirectory *directory)
{
    GHashTableIter iter;
    gpointer value;
    g_ptr_array_set_size(directory->routes, 0);
    g_hash_table_iter_init(&iter, directory->routing);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (!((KxRoutingEntry *)value)->rule.disabled)
            g_ptr_array_add(directory->routes, value);
    g_ptr_array_sort(directory->routes, compare);
}

const KxObjectType kx_type_routing = {
    .record = {KX_OBJECT_ROUTING, "routing_rules", FALSE, sizeof(KxRoutingRule)},
    .entry_size = sizeof(KxRoutingEntry),
    .noun = "a routing rule",
    .logged = "Routing_rule",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_entry,
    .unlink = unlink_entry,
    .clear = clear,
    .settle = settle,
};

/* ---- finding ---- */

/* "name@domain" in the form in which patterns are; NULL: nothing matches it but what is for all. */
static char *fold_address(const char *address)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(address, &local, &given) || given == NULL)
        return NULL;
    g_autofree char *domain = kx_name_domain(given, NULL);
    g_autofree char *whole = domain != NULL ? g_strconcat(local, "@", domain, NULL) : NULL;
    return whole != NULL ? kx_name_fold(whole) : NULL;
}

static gboolean matches_one(const char *pattern, const char *address)
{
    const char *domain = strrchr(address, '@') + 1;
    if (*pattern == '.')
        return g_str_has_suffix(domain, pattern) && strlen(domain) > strlen(pattern);
    return strcmp(pattern, strchr(pattern, '@') != NULL ? address : domain) == 0;
}

/* `address` NULL is one that makes no sense, "" the null sender. */
static gboolean matches(char *const *patterns, const char *address)
{
    if (*patterns == NULL)
        return TRUE;
    for (; address != NULL && *patterns != NULL; patterns++)
        if (*address == '\0' ? strcmp(*patterns, "<>") == 0 : matches_one(*patterns, address))
            return TRUE;
    return FALSE;
}

const KxRoutingRule *kx_routing_find(KxDirectory *directory, const char *sender,
                                     const char *address)
{
    if (directory->routes->len == 0)
        return NULL;
    g_autofree char *from = *sender != '\0' ? fold_address(sender) : g_strdup("");
    g_autofree char *to = fold_address(address);
    for (guint i = 0; i < directory->routes->len; i++) {
        const KxRoutingEntry *entry = directory->routes->pdata[i];
        if (matches(entry->recipients, to) && matches(entry->senders, from))
            return &entry->rule;
    }
    return NULL;
}

const KxRoutingRule *kx_routing_find_named(KxDirectory *directory, const char *address)
{
    g_autofree char *to = directory->routes->len > 0 ? fold_address(address) : NULL;
    for (guint i = 0; to != NULL && i < directory->routes->len; i++) {
        const KxRoutingEntry *entry = directory->routes->pdata[i];
        if (entry->senders[0] == NULL &&
            g_strv_contains((const char *const *)entry->recipients, to))
            return &entry->rule;
    }
    return NULL;
}
