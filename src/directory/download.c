/* SPDX-License-Identifier: Apache-2.0 */
/* Mailboxes on other servers, and the rules that sort what comes from them (POP3D-01 to POP3D-18).
 */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"
#include "ipc/message.h"

/* ---- mailboxes ---- */

static KxDownloadEntry *of(KxEntry *entry)
{
    return (KxDownloadEntry *)(void *)entry;
}

static gboolean check_download(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change,
                               GError **error)
{
    const KxDownload *next = (const KxDownload *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (*next->host == '\0')
        return kx_fail(error, KX_ERR_INVALID, "host: name the server to download from");
    if (*next->login == '\0')
        return kx_fail(error, KX_ERR_INVALID, "login: give the name to sign in with");
    if (next->sort == (*next->deliver_to != '\0'))
        return kx_fail(error, KX_ERR_INVALID, "give either deliver-to or sort");
    if (next->protocol == KX_FETCH_IMAP && next->auth == KX_FETCH_AUTH_APOP)
        return kx_fail(error, KX_ERR_INVALID, "auth: APOP is of POP3, not of IMAP");
    if (next->protocol != KX_FETCH_IMAP && *next->folder != '\0')
        return kx_fail(error, KX_ERR_INVALID, "folder: POP3 has no folders");
    return TRUE;
}

static GHashTable *download_table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->downloads;
}

static void derive_download(KxEntry *entry)
{
    g_free(of(entry)->key);
    of(entry)->key = kx_name_fold(entry->record.name);
}

static void clear_download(KxEntry *entry)
{
    g_free(of(entry)->key);
}

static void link_download(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->downloads, of(entry)->key, entry);
}

static void unlink_download(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED,
                            KxEntry *entry)
{
    g_hash_table_steal(directory->downloads, of(entry)->key);
}

const KxObjectType kx_type_download = {
    .record = {KX_OBJECT_DOWNLOAD, "downloads", FALSE, sizeof(KxDownload)},
    .entry_size = sizeof(KxDownloadEntry),
    .noun = "a download",
    .logged = "POP3_account",
    .name = kx_name_object,
    .table = download_table,
    .check = check_download,
    .derive = derive_download,
    .link = link_download,
    .unlink = unlink_download,
    .clear = clear_download,
};

/* ---- sorting rules ---- */

static KxSortingEntry *rule_of(KxEntry *entry)
{
    return (KxSortingEntry *)(void *)entry;
}

static gboolean check_sorting(KxDirectory *directory G_GNUC_UNUSED, KxObjectChange *change,
                              GError **error)
{
    const KxSorting *next = (const KxSorting *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (*next->deliver_to == '\0')
        return kx_fail(error, KX_ERR_INVALID, "deliver-to: say who gets the mail");
    if (*next->deliver_to == '*' && !g_str_has_prefix(next->name, "*@"))
        return kx_fail(error, KX_ERR_INVALID,
                       "deliver-to: only a rule for all of a domain (*@domain) may lead to %s",
                       next->deliver_to);
    return TRUE;
}

static GHashTable *sorting_table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->sorting;
}

static void derive_sorting(KxEntry *entry)
{
    g_free(rule_of(entry)->key);
    rule_of(entry)->key = kx_name_fold(entry->record.name);
}

static void clear_sorting(KxEntry *entry)
{
    g_free(rule_of(entry)->key);
}

static void link_sorting(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->sorting, rule_of(entry)->key, entry);
}

static void unlink_sorting(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED,
                           KxEntry *entry)
{
    g_hash_table_steal(directory->sorting, rule_of(entry)->key);
}

const KxObjectType kx_type_sorting = {
    .record = {KX_OBJECT_SORTING, "sorting_rules", FALSE, sizeof(KxSorting)},
    .entry_size = sizeof(KxSortingEntry),
    .noun = "a sorting rule",
    .logged = "POP3_sorting",
    .name = kx_name_sort_address,
    .table = sorting_table,
    .check = check_sorting,
    .derive = derive_sorting,
    .link = link_sorting,
    .unlink = unlink_sorting,
    .clear = clear_sorting,
};

/* ---- sorting ---- */

/* The rule of that name; NULL: there is none, or it is disabled. */
static const KxSorting *find_rule(KxDirectory *directory, const char *name)
{
    g_autofree char *key = kx_name_fold(name);
    const KxSortingEntry *entry = key != NULL ? g_hash_table_lookup(directory->sorting, key) : NULL;
    return entry != NULL && !entry->rule.disabled ? &entry->rule : NULL;
}

static char *apply_rule(const KxSorting *rule, const char *local)
{
    return *rule->deliver_to == '*' ? g_strconcat(local, rule->deliver_to + 1, NULL)
                                    : g_strdup(rule->deliver_to);
}

char *kx_sorting_find(KxDirectory *directory, const char *address)
{
    g_autofree char *local = NULL, *given = NULL;
    if (!kx_name_split(address, &local, &given) || given == NULL)
        return NULL;
    g_autofree char *domain = kx_name_domain(given, NULL);
    if (domain == NULL)
        return NULL;
    g_autofree char *whole = g_strconcat(local, "@", domain, NULL);
    g_autofree char *any = g_strconcat("*@", domain, NULL);
    kx_rw_lock_read(&directory->lock);
    const KxSorting *rule = find_rule(directory, whole);
    if (rule == NULL)
        rule = find_rule(directory, any);
    char *target = rule != NULL ? apply_rule(rule, local) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return target;
}

char *kx_sorting_default(KxDirectory *directory)
{
    kx_rw_lock_read(&directory->lock);
    const KxSorting *rule = find_rule(directory, "*");
    char *target = rule != NULL ? g_strdup(rule->deliver_to) : NULL;
    kx_rw_lock_unlock(&directory->lock);
    return target;
}
