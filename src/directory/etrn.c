/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that hold mail for domains here (ETRN-01, ETRN-02). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static KxEtrnEntry *of(KxEntry *entry)
{
    return (KxEtrnEntry *)(void *)entry;
}

static gboolean check(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change, GError **error)
{
    const KxEtrnServer *next = (const KxEtrnServer *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (*next->host == '\0')
        return kx_fail(error, KX_ERR_INVALID, "host: name the server that holds the mail");
    if (next->domains[0] == NULL)
        return kx_fail(error, KX_ERR_INVALID, "domains: say whose mail is to be asked for");
    return TRUE;
}

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->etrn;
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

static void link_entry(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->etrn, of(entry)->key, entry);
}

static void unlink_entry(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->etrn, of(entry)->key);
}

const KxObjectType kx_type_etrn = {
    .record = {KX_OBJECT_ETRN, "etrn_servers", FALSE, sizeof(KxEtrnServer)},
    .entry_size = sizeof(KxEtrnEntry),
    .noun = "an ETRN server",
    .logged = "ETRN_server",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_entry,
    .unlink = unlink_entry,
    .clear = clear,
};
