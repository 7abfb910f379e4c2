/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/record.h"

#define MEMBER(record, row, type) (*(type *)(void *)((char *)(record) + (row)->offset))

static const KxFieldRow *stored_row(const KxRecordType *type, guint id)
{
    const KxFieldRow *row = kx_field_row((KxFieldId)id);
    return row->object == type->object && row->kind->class != KX_CLASS_SECRET ? row : NULL;
}

#define FOR_FIELDS(type, row)                                                                      \
    for (guint id_ = 0; id_ < KX_FIELD_COUNT; id_++)                                               \
        for (const KxFieldRow *row = stored_row(type, id_); row != NULL; row = NULL)

static void init_member(KxRecord *record, const KxFieldRow *row)
{
    if (row->kind->class == KX_CLASS_TEXT && MEMBER(record, row, char *) == NULL)
        MEMBER(record, row, char *) = g_strdup("");
    else if (row->kind->class == KX_CLASS_LIST && MEMBER(record, row, char **) == NULL)
        MEMBER(record, row, char **) = g_new0(char *, 1);
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
        MEMBER(to, row, char *) = g_strdup(MEMBER(from, row, char *));
        break;
    case KX_CLASS_LIST:
        MEMBER(to, row, char **) = g_strdupv(MEMBER(from, row, char **));
        break;
    case KX_CLASS_SECRET:
        break;
    }
}

static void clear_member(KxRecord *record, const KxFieldRow *row)
{
    if (row->kind->class == KX_CLASS_TEXT)
        g_clear_pointer(&MEMBER(record, row, char *), g_free);
    else if (row->kind->class == KX_CLASS_LIST)
        g_clear_pointer(&MEMBER(record, row, char **), g_strfreev);
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
    *to = (KxRecord){from->id, from->generation, g_strdup(from->domain), g_strdup(from->name)};
    FOR_FIELDS(type, row)
    copy_member(to, from, row);
}

void kx_record_clear(const KxRecordType *type, KxRecord *record)
{
    FOR_FIELDS(type, row)
    clear_member(record, row);
    g_clear_pointer(&record->name, g_free);
    g_clear_pointer(&record->domain, g_free);
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
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = values->given[id] ? stored_row(type, id) : NULL;
        if (row != NULL)
            take_value(record, row, values->text[id]);
    }
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
