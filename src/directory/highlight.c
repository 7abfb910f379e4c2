/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that color lines of the logs, by name (LOG-09 to LOG-11). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

enum { RULES_MAX = 100, TEXT_MAX = 500 }; /* each line that is shown is compared with each rule */

static KxHighlightEntry *of(KxEntry *entry)
{
    return (KxHighlightEntry *)(void *)entry;
}

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->highlights;
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

static void link_rule(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->highlights, of(entry)->key, entry);
}

static void unlink_rule(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->highlights, of(entry)->key);
}

GRegex *kx_highlight_compile(const KxHighlight *rule, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *literal = rule->regex ? NULL : g_regex_escape_string(rule->text, -1);
    GRegex *regex =
        g_regex_new(literal != NULL ? literal : rule->text, G_REGEX_CASELESS, 0, &cause);
    if (regex == NULL)
        kx_fail(error, KX_ERR_INVALID, "text: %s", cause->message);
    return regex;
}

static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const KxHighlight *next = (const KxHighlight *)(const void *)change->next;
    if (next == NULL)
        return TRUE;
    if (change->entry == NULL && g_hash_table_size(directory->highlights) >= RULES_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are %d highlighting rules already", RULES_MAX);
    if (*next->text == '\0' || strlen(next->text) > TEXT_MAX)
        return kx_fail(error, KX_ERR_INVALID,
                       "text: say what lines are to hold, in at most %d bytes", TEXT_MAX);
    g_autoptr(GRegex) regex = kx_highlight_compile(next, error);
    return regex != NULL;
}

const KxObjectType kx_type_highlight = {
    .record = {KX_OBJECT_HIGHLIGHT, "highlights", FALSE, sizeof(KxHighlight)},
    .entry_size = sizeof(KxHighlightEntry),
    .noun = "a highlighting rule",
    .logged = "Highlighting_rule",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_rule,
    .unlink = unlink_rule,
    .clear = clear,
};
