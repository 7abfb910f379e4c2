/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aliases (ALIAS-01 to ALIAS-11). An alias may have the name of an account, whose mail then takes
 * the ways of the alias (ALIAS-08, ALIAS-10); further addresses of accounts and groups are theirs
 * alone.
 */
#include "base/error.h"
#include "directory/lookalike.h"
#include "directory/names.h"
#include "directory/object.h"

static KxAliasEntry *of(KxEntry *entry)
{
    return (KxAliasEntry *)(void *)entry;
}

static gboolean check(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change, GError **error)
{
    const KxAlias *next = (const KxAlias *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (next->targets[0] == NULL)
        return kx_fail(error, KX_ERR_INVALID, "the alias '%s' leads nowhere: give it a target",
                       next->name);
    g_autofree char *key = kx_name_fold(next->name);
    KxAddress *address = g_hash_table_lookup(change->home->addresses, key);
    if (address == NULL)
        return change->entry != NULL ||
               kx_lookalike_check_local(change->home, next->name, NULL, error);
    return kx_fail(error, KX_ERR_EXISTS, "the address '%s@%s' belongs to the %s '%s' already",
                   next->name, change->home->domain.name, address->user ? "user" : "group",
                   address->user ? address->user->user.name : address->group->group.name);
}

static GHashTable *table(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home)
{
    return home->aliases;
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

/* "*" alone is for mail that nothing else takes, and found by its name. */
static gboolean is_pattern(const KxAliasEntry *alias)
{
    return strpbrk(alias->key, "*?") != NULL && strcmp(alias->key, "*") != 0;
}

static void link_alias(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home, KxEntry *entry)
{
    g_hash_table_insert(home->aliases, of(entry)->key, entry);
    if (is_pattern(of(entry)))
        g_ptr_array_add(home->patterns, entry);
}

static void unlink_alias(KxDirectory *directory G_GNUC_UNUSED, KxDomainEntry *home, KxEntry *entry)
{
    g_hash_table_steal(home->aliases, of(entry)->key);
    g_ptr_array_remove_fast(home->patterns, entry);
}

const KxObjectType kx_type_alias = {
    .record = {KX_OBJECT_ALIAS, "aliases", TRUE, sizeof(KxAlias)},
    .entry_size = sizeof(KxAliasEntry),
    .noun = "an alias",
    .logged = "Alias",
    .by_domain_admin = TRUE,
    .name = kx_name_alias,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_alias,
    .unlink = unlink_alias,
    .clear = clear,
};
