/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules (SCHED-01 to SCHED-08). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

static KxScheduleEntry *of(KxEntry *entry)
{
    return (KxScheduleEntry *)(void *)entry;
}

/* The range is there, and is written as it is called. */
static gboolean check_range(KxDirectory *directory, KxSchedule *next, GError **error)
{
    if (*next->range == '\0')
        return TRUE;
    g_autofree char *key = kx_name_fold(next->range);
    const KxTimeRangeEntry *entry =
        key != NULL ? g_hash_table_lookup(directory->time_ranges, key) : NULL;
    if (entry == NULL)
        return kx_fail(error, KX_ERR_INVALID, "range: there is no time range '%s'", next->range);
    kx_record_free_text(next->range);
    next->range = g_strdup(entry->range.name);
    return TRUE;
}

static gboolean check(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    KxSchedule *next = (KxSchedule *)(void *)change->next;
    if (next == NULL)
        return TRUE;
    if ((next->every != 0) == (next->at[0] != NULL))
        return kx_fail(error, KX_ERR_INVALID, "give either every or at");
    if (next->actions[0] == NULL)
        return kx_fail(error, KX_ERR_INVALID, "actions: say what is to be done");
    return check_range(directory, next, error);
}

/* ---- ranges ---- */

static gboolean has_range(const KxScheduleEntry *entry, const char *key)
{
    g_autofree char *range = kx_name_fold(entry->schedule.range);
    return g_strcmp0(range, key) == 0;
}

const char *kx_schedule_of_range(KxDirectory *directory, const char *key)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->schedules);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (has_range(value, key))
            return ((KxScheduleEntry *)value)->schedule.name;
    return NULL;
}

void kx_schedules_rename_range(KxDirectory *directory, const char *key, const char *name,
                               GPtrArray *more)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, directory->schedules);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (has_range(value, key))
            kx_object_follow(more, &kx_type_schedule, &((KxScheduleEntry *)value)->schedule.record,
                             KX_FIELD_SCHEDULE_RANGE, g_strdup(name));
}

/* ---- the tables ---- */

static GHashTable *table(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED)
{
    return directory->schedules;
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
    g_hash_table_insert(directory->schedules, of(entry)->key, entry);
}

static void unlink_entry(KxDirectory *directory, KxDomainEntry *home G_GNUC_UNUSED, KxEntry *entry)
{
    g_hash_table_steal(directory->schedules, of(entry)->key);
}

const KxObjectType kx_type_schedule = {
    .record = {KX_OBJECT_SCHEDULE, "schedules", FALSE, sizeof(KxSchedule)},
    .entry_size = sizeof(KxScheduleEntry),
    .noun = "a schedule",
    .logged = "Schedule",
    .name = kx_name_object,
    .table = table,
    .check = check,
    .derive = derive,
    .link = link_entry,
    .unlink = unlink_entry,
    .clear = clear,
};
