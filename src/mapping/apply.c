/* SPDX-License-Identifier: Apache-2.0 */
/* Records become what the directory says of them. */
#include "base/error.h"
#include "directory/fields.h"
#include "directory/names.h"
#include "directory/record.h"
#include "mapping/mapping-private.h"

enum { BATCH = 500 }; /* changes of one transaction */

const KxAdmin kx_map_admin = {"directory", KX_LEVEL_FULL, NULL, TRUE};

/* Changes to be made together, with what they borrow. */
typedef struct {
    GArray *changes;   /* of KxChange */
    GPtrArray *owned;  /* names and arrays of KxField */
    GPtrArray *people; /* KxMapPerson, whom they are about; NULL: nobody */
} Batch;

static void batch_init(Batch *batch)
{
    batch->changes = g_array_new(FALSE, TRUE, sizeof(KxChange));
    batch->owned = g_ptr_array_new_with_free_func(g_free);
    batch->people = g_ptr_array_new();
}

static void batch_clear(Batch *batch)
{
    g_array_unref(batch->changes);
    g_ptr_array_unref(batch->owned);
    g_ptr_array_unref(batch->people);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static void batch_add(Batch *batch, KxChangeVerb verb, KxObject object, char *name, GArray *fields,
                      gpointer person)
{
    guint n = fields != NULL ? fields->len : 0;
    KxField *kept = fields != NULL ? (KxField *)(void *)g_array_free(fields, FALSE) : NULL;
    KxChange change = {.verb = verb, .object = object, .name = name, .fields = kept, .n_fields = n};
    g_ptr_array_add(batch->owned, name);
    if (kept != NULL)
        g_ptr_array_add(batch->owned, kept);
    g_array_append_val(batch->changes, change);
    g_ptr_array_add(batch->people, person);
}

/* ---- what differs ---- */

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static char *sorted(const char *list)
{
    g_auto(GStrv) entries = g_strsplit(list != NULL ? list : "", ",", -1);
    qsort(entries, g_strv_length(entries), sizeof *entries, compare_texts);
    return g_strjoinv(",", entries);
}

/* As in a new record. */
static gboolean is_usual(const KxFieldRow *row, const char *canonical)
{
    switch (row->kind->class) {
    case KX_CLASS_BOOL:
        return strcmp(canonical, "no") == 0;
    case KX_CLASS_NUMBER:
        return strcmp(canonical, "0") == 0;
    case KX_CLASS_CHOICE:
        return kx_kind_choice(row->kind, canonical) == 0;
    default:
        return *canonical == '\0';
    }
}

/* `value` is one that the field can have, and another than it has. */
static gboolean differs(const KxRecord *record, KxObject object, const char *name,
                        const char *value, GError **error)
{
    KxFieldId id;
    const KxFieldRow *row = kx_field_find(object, name, &id);
    g_autofree char *canonical = *value != '\0' ? kx_kind_parse(row->kind, value, error) : NULL;
    if (*value != '\0' && canonical == NULL)
        return FALSE;
    g_autofree char *now = record != NULL ? kx_record_value(record, id) : NULL;
    if (row->kind->class != KX_CLASS_LIST)
        return g_strcmp0(now, canonical) != 0 && !(now == NULL && is_usual(row, canonical));
    g_autofree char *a = sorted(now), *b = sorted(canonical);
    return strcmp(a, b) != 0;
}

static void say(KxMapping *mapping, const KxDomain *domain, const KxMapPerson *person,
                const char *what)
{
    g_autofree char *name = g_strescape(person->name, "");
    g_autofree char *text = g_strdup_printf("Directory of %s: \"%s\" (%s): %s", domain->name, name,
                                            person->entry->dn, what);
    if (kx_map_is_news(mapping, domain->name, text))
        kx_log(mapping->logger, KX_LOG_WARNING, "%s", text);
}

static GArray *find_changes(KxMapping *mapping, const KxDomain *domain, KxObject object,
                            const KxMapPerson *person, const KxRecord *record)
{
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(KxField));
    for (guint i = 0; i < person->fields->len; i += 2) {
        g_autoptr(GError) error = NULL;
        KxField field = {person->fields->pdata[i], person->fields->pdata[i + 1]};
        if (differs(record, object, field.field, field.value, &error))
            g_array_append_val(fields, field);
        else if (error != NULL)
            say(mapping, domain, person, error->message);
    }
    return fields;
}

KxSource kx_map_source_of(KxObject object, const KxRecord *record)
{
    return object == KX_OBJECT_USER ? ((const KxUser *)(const void *)record)->source
                                    : ((const KxGroup *)(const void *)record)->source;
}

/* Who was taken before, or is chosen now, where not all are (USR-06). */
static gboolean is_active(const KxDomain *domain, KxObject object, const KxMapPerson *person,
                          const KxRecord *record)
{
    if (object != KX_OBJECT_USER || domain->directory_activate == KX_ACTIVATE_ALL || person->chosen)
        return TRUE;
    return record != NULL && kx_map_source_of(object, record) != KX_SOURCE_INACTIVE;
}

static gboolean is_let_in_again(KxObject object, const KxRecord *record)
{
    KxSource source = kx_map_source_of(object, record);
    return source == KX_SOURCE_GONE || source == KX_SOURCE_INACTIVE;
}

/* Somebody who is there again is let in again, if he was let in before; who is new is published,
 * for others to find (DIR-08). */
static void add_person(KxMapping *mapping, const KxDomain *domain, KxObject object,
                       KxMapPerson *person, Batch *batch)
{
    static const KxField enabled = {"disabled", "no"}, published = {"publish", "yes"};
    g_autofree char *name = g_strdup_printf("%s@%s", person->name, domain->name);
    KxRecord *record = kx_object_get(mapping->directory, object, name, NULL);
    if (record != NULL && kx_map_source_of(object, record) == KX_SOURCE_INTERNAL) {
        person->problem = g_strdup_printf("there is %s of that name here already, which counts",
                                          object == KX_OBJECT_USER ? "an account" : "a group");
    } else if (is_active(domain, object, person, record)) {
        GArray *fields = find_changes(mapping, domain, object, person, record);
        if (record != NULL && is_let_in_again(object, record))
            g_array_append_val(fields, enabled);
        if (record == NULL && object == KX_OBJECT_USER)
            g_array_append_val(fields, published);
        if (record == NULL || fields->len > 0)
            batch_add(batch, record != NULL ? KX_CHANGE_SET : KX_CHANGE_ADD, object,
                      g_steal_pointer(&name), fields, person);
        else
            g_array_unref(fields);
    }
    kx_object_free(object, record);
}

/* ---- making them ---- */

static void count(const KxChange *change, KxMappingReport *report)
{
    if (change->verb == KX_CHANGE_ADD)
        report->added++;
    else
        report->changed++;
}

/* An address that somebody else has costs the addresses, not the account. */
static gboolean make_without_addresses(KxMapping *mapping, const KxChange *change,
                                       gboolean *ret_any, GError **error)
{
    g_autofree KxField *fields = g_new(KxField, change->n_fields);
    KxChange less = *change;
    less.fields = fields;
    less.n_fields = 0;
    for (guint i = 0; i < change->n_fields; i++)
        if (strcmp(change->fields[i].field, "addresses") != 0)
            fields[less.n_fields++] = change->fields[i];
    if (less.n_fields == change->n_fields)
        return FALSE;
    *ret_any = less.n_fields > 0 || change->verb == KX_CHANGE_ADD;
    return !*ret_any || kx_object_change(mapping->directory, &kx_map_admin, &less, 1, NULL, error);
}

static void judge(KxMapping *mapping, const KxDomain *domain, const KxChange *change,
                  KxMapPerson *person, GError *problem, KxMappingReport *report)
{
    g_autoptr(GError) error = NULL;
    gboolean any = FALSE;
    if (problem == NULL) {
        count(change, report);
        return;
    }
    say(mapping, domain, person, problem->message);
    if (!g_error_matches(problem, KX_ERROR, KX_ERR_EXISTS) ||
        !make_without_addresses(mapping, change, &any, &error))
        report->left_out++;
    else if (any)
        count(change, report);
}

static void make(KxMapping *mapping, const KxDomain *domain, Batch *batch, KxMappingReport *report)
{
    guint n = batch->changes->len;
    const KxChange *changes = (const KxChange *)(const void *)batch->changes->data;
    g_autofree GError **errors = g_new0(GError *, MAX(n, 1));
    g_autoptr(GError) error = NULL;
    if (n == 0)
        return;
    if (!kx_object_change_many(mapping->directory, &kx_map_admin, changes, n, KX_CHANGE_EACH,
                               errors, NULL, &error))
        kx_log(mapping->logger, KX_LOG_ERROR, "Directory of %s: %s", domain->name,
               error != NULL ? error->message : "what it says could not be stored");
    else
        for (guint i = 0; i < n; i++)
            judge(mapping, domain, &changes[i], batch->people->pdata[i], errors[i], report);
    for (guint i = 0; i < n; i++)
        g_clear_error(&errors[i]);
}

gboolean kx_map_has_changed(KxMapping *mapping, const KxDomain *domain)
{
    g_autoptr(KxDomain) now = kx_domain_get(mapping->directory, domain->name, NULL);
    return now == NULL || now->generation != domain->generation;
}

void kx_map_apply(KxMapping *mapping, const KxDomain *domain, KxObject object,
                  const GPtrArray *people, KxMappingReport *report)
{
    for (guint at = 0; at < people->len && !kx_map_has_changed(mapping, domain);) {
        g_auto(Batch) batch = {0};
        batch_init(&batch);
        for (; at < people->len && batch.changes->len < BATCH; at++) {
            KxMapPerson *person = people->pdata[at];
            if (person->problem == NULL)
                add_person(mapping, domain, object, person, &batch);
            if (person->problem == NULL)
                continue;
            say(mapping, domain, person, person->problem);
            report->left_out++;
        }
        make(mapping, domain, &batch, report);
    }
}
