/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/record.h"

#define MEMBER(record, row, type) (*(type *)(void *)((char *)(record) + (row)->offset))

/* Most texts and lists are empty, and then the same. */
static const char EMPTY_TEXT[] = "";
static char *const EMPTY_LIST[] = {NULL};

/* Each row of the type that is in the structure, and perhaps in the database. */
#define FOR_FIELDS(type, row)                                                                      \
    guint first_, end_;                                                                            \
    kx_field_range((type)->object, &first_, &end_);                                                \
    for (; first_ < end_; first_++)                                                                \
        for (const KxFieldRow *row = stored_row(first_); row != NULL; row = NULL)

static const KxFieldRow *stored_row(guint id)
{
    const KxFieldRow *row = kx_field_row((KxFieldId)id);
    return row->kind->class != KX_CLASS_SECRET ? row : NULL;
}

static void init_member(KxRecord *record, const KxFieldRow *row)
{
    if (row->kind->class == KX_CLASS_TEXT && MEMBER(record, row, char *) == NULL)
        MEMBER(record, row, char *) = (char *)EMPTY_TEXT;
    else if (row->kind->class == KX_CLASS_LIST && MEMBER(record, row, char **) == NULL)
        MEMBER(record, row, char **) = (char **)EMPTY_LIST;
}

void kx_record_free_text(char *text)
{
    if (text != EMPTY_TEXT)
        g_free(text);
}

void kx_record_free_list(char **list)
{
    if (list != EMPTY_LIST)
        g_strfreev(list);
}

static void copy_member(KxRecord *to, const KxRecord *from, const KxFieldRow *row)
{
    switch (row->kind->class) {
    case KX_CLASS_BOOL:
        MEMBER(to, row, gboolean) = MEMBER(from, row, gboolean);
        break;
    case KX_CLASS_CHOICE:
        MEMBER(to, row, guint) = MEMBER(from, row, guint);
        break;
    case KX_CLASS_NUMBER:
        MEMBER(to, row, guint64) = MEMBER(from, row, guint64);
        break;
    case KX_CLASS_TEXT:
        MEMBER(to, row, char *) = MEMBER(from, row, char *) == EMPTY_TEXT
                                      ? (char *)EMPTY_TEXT
                                      : g_strdup(MEMBER(from, row, char *));
        break;
    case KX_CLASS_LIST:
        MEMBER(to, row, char **) = MEMBER(from, row, char **) == EMPTY_LIST
                                       ? (char **)EMPTY_LIST
                                       : g_strdupv(MEMBER(from, row, char **));
        break;
    case KX_CLASS_SECRET:
        break;
    }
}

static void clear_member(KxRecord *record, const KxFieldRow *row)
{
    if (row->kind->class == KX_CLASS_TEXT)
        g_clear_pointer(&MEMBER(record, row, char *), kx_record_free_text);
    else if (row->kind->class == KX_CLASS_LIST)
        g_clear_pointer(&MEMBER(record, row, char **), kx_record_free_list);
}

static void swap_bytes(void *a, void *b, size_t size)
{
    guint8 hold[sizeof(guint64)];
    memcpy(hold, a, size);
    memcpy(a, b, size);
    memcpy(b, hold, size);
}

static size_t member_size(const KxFieldRow *row)
{
    static const size_t sizes[] = {[KX_CLASS_BOOL] = sizeof(gboolean),
                                   [KX_CLASS_CHOICE] = sizeof(guint),
                                   [KX_CLASS_NUMBER] = sizeof(guint64),
                                   [KX_CLASS_TEXT] = sizeof(char *),
                                   [KX_CLASS_LIST] = sizeof(char **)};
    return sizes[row->kind->class];
}

void kx_record_init(const KxRecordType *type, KxRecord *record)
{
    FOR_FIELDS(type, row)
    init_member(record, row);
}

void kx_record_copy(const KxRecordType *type, KxRecord *to, const KxRecord *from)
{
    char *domain = from->domain != NULL ? g_ref_string_acquire(from->domain) : NULL;
    *to = (KxRecord){from->id, from->generation, domain, g_strdup(from->name)};
    FOR_FIELDS(type, row)
    copy_member(to, from, row);
}

void kx_record_clear(const KxRecordType *type, KxRecord *record)
{
    FOR_FIELDS(type, row)
    clear_member(record, row);
    g_clear_pointer(&record->name, g_free);
    g_clear_pointer(&record->domain, g_ref_string_release);
}

void kx_record_swap_fields(const KxRecordType *type, KxRecord *a, KxRecord *b)
{
    swap_bytes(&a->generation, &b->generation, sizeof a->generation);
    FOR_FIELDS(type, row)
    swap_bytes((char *)a + row->offset, (char *)b + row->offset, member_size(row));
}

static void take_value(KxRecord *record, const KxFieldRow *row, const char *text)
{
    clear_member(record, row);
    switch (row->kind->class) {
    case KX_CLASS_BOOL:
        MEMBER(record, row, gboolean) = g_strcmp0(text, "yes") == 0;
        break;
    case KX_CLASS_CHOICE:
        MEMBER(record, row, guint) = kx_kind_choice(row->kind, text);
        break;
    case KX_CLASS_NUMBER:
        MEMBER(record, row, guint64) = text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
        break;
    case KX_CLASS_TEXT:
        MEMBER(record, row, char *) = g_strdup(text);
        break;
    case KX_CLASS_LIST:
        MEMBER(record, row, char **) = text != NULL ? g_strsplit(text, ",", -1) : NULL;
        break;
    case KX_CLASS_SECRET:
        break;
    }
    init_member(record, row);
}

void kx_record_take(const KxRecordType *type, KxRecord *record, const KxFieldValues *values)
{
    FOR_FIELDS(type, row)
    if (values->given[first_])
        take_value(record, row, values->text[first_]);
}

char *kx_record_text(const KxRecord *record, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    switch (row->kind->class) {
    case KX_CLASS_BOOL:
        return g_strdup(MEMBER(record, row, gboolean) ? "yes" : "no");
    case KX_CLASS_CHOICE:
        return g_strdup(row->kind->choices[MEMBER(record, row, guint)]);
    case KX_CLASS_NUMBER:
        return g_strdup_printf("%" G_GUINT64_FORMAT, MEMBER(record, row, guint64));
    case KX_CLASS_TEXT:
        return g_strdup(MEMBER(record, row, char *));
    default:
        return NULL;
    }
}

const char *kx_record_peek(const KxRecord *record, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    return row->kind->class == KX_CLASS_TEXT ? MEMBER(record, row, char *) : NULL;
}

char *const *kx_record_list(const KxRecord *record, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    return row->kind->class == KX_CLASS_LIST ? MEMBER(record, row, char **) : NULL;
}

static gboolean is_new(const KxRecord *record, const KxFieldRow *row)
{
    switch (row->kind->class) {
    case KX_CLASS_BOOL:
        return !MEMBER(record, row, gboolean);
    case KX_CLASS_CHOICE:
        return MEMBER(record, row, guint) == 0;
    case KX_CLASS_NUMBER:
        return MEMBER(record, row, guint64) == 0;
    case KX_CLASS_TEXT:
        return *MEMBER(record, row, char *) == '\0';
    case KX_CLASS_LIST:
        return *MEMBER(record, row, char **) == NULL;
    default:
        return TRUE;
    }
}

char *kx_record_value(const KxRecord *record, KxFieldId id)
{
    const KxFieldRow *row = kx_field_row(id);
    if (is_new(record, row))
        return NULL;
    return row->kind->class == KX_CLASS_LIST ? g_strjoinv(",", MEMBER(record, row, char **))
                                             : kx_record_text(record, id);
}
