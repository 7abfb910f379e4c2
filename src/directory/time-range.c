/* SPDX-License-Identifier: Apache-2.0 */
/* Time ranges by name (TOOL-06 to TOOL-10). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"
#include "directory/time-rule.h"

static KxTimeRangeEntry *of(KxEntry *entry)
{
    return (KxTimeRangeEntry *)(void *)entry;
}

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->time_ranges;
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

static void link_range(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_insert(directory->time_ranges, of(entry)->key, entry);
}

static void unlink_range(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->time_ranges, of(entry)->key);
}

gboolean kx_time_range_holds(const KxTimeRange *range, GDateTime *local)
{
    guint n = g_strv_length(range->entries), good = 0;
    g_autofree KxTimeRule *rules = g_new0(KxTimeRule, n);
    for (guint i = 0; i < n; i++)
        good += (guint)kx_time_rule_parse(range->entries[i], &rules[good], NULL);
    return kx_time_rules_hold(rules, good, local);
}

/* A schedule with a range that is gone would run at any time. */
static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const char *user =
        change->next == NULL ? kx_schedule_of_range(directory, of(change->entry)->key) : NULL;
    return user == NULL ||
           kx_fail(error, KX_ERR_IN_USE,
                   "the time range '%s' is used by the schedule %s; change that first",
                   change->name, user);
}

static void follow(KxDirectory *directory, KxObjectChange *change, gboolean early, GPtrArray *more)
{
    if (early || change->given.verb != KX_CHANGE_RENAME)
        return;
    g_autofree char *key = kx_name_fold(change->name);
    kx_schedules_rename_range(directory, key, of(change->entry)->range.name, more);
}

const KxObjectType kx_type_time_range = {
    .record = {KX_OBJECT_TIME_RANGE, "time_ranges", FALSE, sizeof(KxTimeRange)},
    .entry_size = sizeof(KxTimeRangeEntry),
    .noun = "a time range",
    .logged = "Time_range",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .follow = follow,
    .derive = derive,
    .link = link_range,
    .unlink = unlink_range,
    .clear = clear,
};
