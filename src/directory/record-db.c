/* SPDX-License-Identifier: Apache-2.0 */
/* Records in the database: a row for each object, its scalar fields the columns, and the entries of
 * all lists in one table. SQL texts are made once and kept, as kx_db_prepare() asks. */
#include "base/error.h"
#include "directory/record.h"

enum { FIXED = 4 }; /* columns before the fields: id, generation, name, domain */

/* Each row of the type that is a column. */
#define FOR_COLUMNS(type, row)                                                                     \
    guint first_, end_;                                                                            \
    kx_field_range((type)->object, &first_, &end_);                                                \
    for (; first_ < end_; first_++)                                                                \
        for (const KxFieldRow *row = column_row(first_); row != NULL; row = NULL)

static const KxFieldRow *column_row(guint id)
{
    const KxFieldRow *row = kx_field_row((KxFieldId)id);
    return row->kind->class < KX_CLASS_LIST ? row : NULL;
}

static gboolean is_stored_list(guint id)
{
    const KxFieldRow *row = kx_field_row((KxFieldId)id);
    return row->kind->class == KX_CLASS_LIST && !(row->flags & KX_FIELD_DERIVED);
}

/* For each column its quoted name with a comma before and the suffix behind. */
static void append_columns(GString *sql, const KxRecordType *type, const char *suffix)
{
    FOR_COLUMNS(type, row)
    g_string_append_printf(sql, ", \"%s\"%s", row->column, suffix);
}

/* ---- columns ---- */

static gboolean has_column(KxDb *db, const char *table, const char *column, gboolean *ret_has,
                           GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db, "SELECT 1 FROM pragma_table_info(?) WHERE name = ? COLLATE NOCASE", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, table);
    kx_stmt_bind_text(stmt, 2, column);
    int rc = kx_stmt_step(stmt, error);
    *ret_has = rc == 1;
    kx_stmt_reset(stmt);
    return rc >= 0;
}

static gboolean add_column(KxDb *db, const KxRecordType *type, const KxFieldRow *row,
                           GError **error)
{
    gboolean has;
    if (!has_column(db, type->table, row->column, &has, error))
        return FALSE;
    g_autofree char *sql =
        g_strdup_printf("ALTER TABLE %s ADD COLUMN \"%s\" %s NOT NULL DEFAULT %s", type->table,
                        row->column, row->kind->class == KX_CLASS_TEXT ? "TEXT" : "INTEGER",
                        row->kind->class == KX_CLASS_TEXT ? "''" : "0");
    return has || kx_db_exec(db, sql, error);
}

static gboolean make_table(KxDb *db, const KxRecordType *type, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("CREATE TABLE IF NOT EXISTS %s (id INTEGER PRIMARY KEY, generation INTEGER"
                        " NOT NULL, name TEXT NOT NULL, domain INTEGER NOT NULL)",
                        type->table);
    return kx_db_exec(db, sql, error);
}

gboolean kx_record_upgrade(KxDb *db, const KxRecordType *type, GError **error)
{
    if (!make_table(db, type, error))
        return FALSE;
    FOR_COLUMNS(type, row)
    if (!add_column(db, type, row, error))
        return FALSE;
    return TRUE;
}

/* ---- writing ---- */

static gboolean store_entry(KxDb *db, const KxRecordType *type, gint64 owner, const KxFieldRow *row,
                            guint position, const char *value, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db,
        "INSERT INTO list_values (object, owner, field, position, value) VALUES (?, ?, ?, ?, ?)",
        error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, type->table);
    kx_stmt_bind_int(stmt, 2, owner);
    kx_stmt_bind_text(stmt, 3, row->column);
    kx_stmt_bind_int(stmt, 4, position);
    kx_stmt_bind_text(stmt, 5, value);
    return kx_stmt_run(stmt, error);
}

static gboolean store_lists(KxDb *db, const KxRecordType *type, const KxRecord *record,
                            GError **error)
{
    guint id, end;
    kx_field_range(type->object, &id, &end);
    for (; id < end; id++) {
        if (!is_stored_list(id))
            continue;
        char *const *list = kx_record_list(record, (KxFieldId)id);
        for (guint i = 0; list[i] != NULL; i++)
            if (!store_entry(db, type, record->id, kx_field_row((KxFieldId)id), i, list[i], error))
                return FALSE;
    }
    return TRUE;
}

static gboolean delete_lists(KxDb *db, const KxRecordType *type, gint64 owner, GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db, "DELETE FROM list_values WHERE object = ? AND owner = ?", error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, type->table);
    kx_stmt_bind_int(stmt, 2, owner);
    return kx_stmt_run(stmt, error);
}

/* Binds from parameter `at` on, and returns the next. */
static int bind_fields(KxStmt *stmt, const KxRecordType *type, const KxRecord *record, int at)
{
    FOR_COLUMNS(type, row)
    {
        const char *member = (const char *)record + row->offset;
        switch (row->kind->class) {
        case KX_CLASS_NUMBER:
            kx_stmt_bind_int(stmt, at++, (gint64) * (const guint64 *)(const void *)member);
            break;
        case KX_CLASS_TEXT:
            kx_stmt_bind_text(stmt, at++, *(char *const *)(const void *)member);
            break;
        default:
            kx_stmt_bind_int(stmt, at++, *(const guint *)(const void *)member);
        }
    }
    return at;
}

static KxStmt *prepare_kept(KxDb *db, GString *sql, GError **error)
{
    const char *kept = g_intern_string(sql->str);
    return kx_db_prepare(db, kept, error);
}

static KxStmt *prepare_insert(KxDb *db, const KxRecordType *type, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "INSERT INTO %s (id, generation, name, domain", type->table);
    append_columns(sql, type, "");
    /* Generations are never used twice, so neither are ids: a session knows its account by it. The
     * first id belongs to what a new database comes with. */
    g_string_append(sql, ") VALUES (?1 + 1, ?1, ?, ?");
    FOR_COLUMNS(type, row)
    g_string_append(sql, ", ?");
    g_string_append(sql, ")");
    return prepare_kept(db, sql, error);
}

gboolean kx_record_insert(KxDb *db, const KxRecordType *type, KxRecord *record, gint64 domain,
                          GError **error)
{
    KxStmt *stmt = prepare_insert(db, type, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, record->generation);
    kx_stmt_bind_text(stmt, 2, record->name);
    kx_stmt_bind_int(stmt, 3, domain);
    bind_fields(stmt, type, record, FIXED);
    if (!kx_stmt_run(stmt, error))
        return FALSE;
    record->id = kx_db_last_insert_id(db);
    return store_lists(db, type, record, error);
}

gboolean kx_record_update(KxDb *db, const KxRecordType *type, const KxRecord *record,
                          GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "UPDATE %s SET generation = ?, name = ?", type->table);
    append_columns(sql, type, " = ?");
    g_string_append(sql, " WHERE id = ?");
    KxStmt *stmt = prepare_kept(db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, record->generation);
    kx_stmt_bind_text(stmt, 2, record->name);
    int at = bind_fields(stmt, type, record, 3);
    kx_stmt_bind_int(stmt, at, record->id);
    return kx_stmt_run(stmt, error) && delete_lists(db, type, record->id, error) &&
           store_lists(db, type, record, error);
}

gboolean kx_record_delete(KxDb *db, const KxRecordType *type, gint64 id, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "DELETE FROM %s WHERE id = ?", type->table);
    KxStmt *stmt = prepare_kept(db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, id);
    return kx_stmt_run(stmt, error) && delete_lists(db, type, id, error);
}

/* ---- loading ---- */

/* The entries of all lists of a type, read beside its rows: both are sorted by the owner. */
typedef struct {
    KxStmt *stmt;
    const KxRecordType *type;
    gboolean has;     /* the statement stands on an entry not yet taken */
    GPtrArray *found; /* entries of one list, on their way */
} Lists;

static gboolean next_entry(Lists *lists, GError **error)
{
    int rc = kx_stmt_step(lists->stmt, error);
    lists->has = rc == 1;
    return rc >= 0;
}

static gboolean begin_lists(Lists *lists, KxDb *db, GError **error)
{
    lists->stmt = kx_db_prepare(db,
                                "SELECT owner, field, value FROM list_values WHERE object = ?"
                                " ORDER BY owner, field, position",
                                error);
    if (lists->stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(lists->stmt, 1, lists->type->table);
    return next_entry(lists, error);
}

/* The list of that column; NULL: of a newer version, and left alone. */
static const KxFieldRow *find_list(const KxRecordType *type, const char *column)
{
    guint id, end;
    kx_field_range(type->object, &id, &end);
    for (; id < end; id++)
        if (is_stored_list(id) && strcmp(kx_field_row((KxFieldId)id)->column, column) == 0)
            return kx_field_row((KxFieldId)id);
    return NULL;
}

/* The entries of one list, on whose first the statement stands. */
static gboolean take_list(Lists *lists, KxRecord *record, GError **error)
{
    const KxFieldRow *row = find_list(lists->type, kx_stmt_text(lists->stmt, 1));
    gboolean ok = TRUE;
    if (row == NULL)
        return next_entry(lists, error);
    g_ptr_array_set_size(lists->found, 0);
    while (ok && lists->has && kx_stmt_int(lists->stmt, 0) == record->id &&
           strcmp(kx_stmt_text(lists->stmt, 1), row->column) == 0) {
        g_ptr_array_add(lists->found, g_strdup(kx_stmt_text(lists->stmt, 2)));
        ok = next_entry(lists, error);
    }
    g_ptr_array_add(lists->found, NULL);
    *(char ***)(void *)((char *)record + row->offset) =
        g_memdup2(lists->found->pdata, lists->found->len * sizeof(char *));
    return ok;
}

static gboolean take_lists(Lists *lists, KxRecord *record, GError **error)
{
    gboolean ok = TRUE;
    while (ok && lists->has && kx_stmt_int(lists->stmt, 0) <= record->id)
        ok = kx_stmt_int(lists->stmt, 0) == record->id ? take_list(lists, record, error)
                                                       : next_entry(lists, error);
    return ok;
}

static void take_columns(KxStmt *stmt, const KxRecordType *type, KxRecord *record)
{
    int column = FIXED;
    FOR_COLUMNS(type, row)
    {
        char *member = (char *)record + row->offset;
        if (row->kind->class == KX_CLASS_NUMBER)
            *(guint64 *)(void *)member = (guint64)kx_stmt_int(stmt, column);
        else if (row->kind->class != KX_CLASS_TEXT)
            *(guint *)(void *)member = (guint)kx_stmt_int(stmt, column);
        else if (*kx_stmt_text(stmt, column) != '\0')
            *(char **)(void *)member = g_strdup(kx_stmt_text(stmt, column));
        column++;
    }
}

static KxRecord *read_row(Lists *lists, KxStmt *stmt, size_t size, GError **error)
{
    KxRecord *record = g_malloc0(size);
    record->id = kx_stmt_int(stmt, 0);
    record->generation = (guint)kx_stmt_int(stmt, 1);
    record->name = g_strdup(kx_stmt_text(stmt, 2));
    take_columns(stmt, lists->type, record);
    gboolean ok = take_lists(lists, record, error);
    kx_record_init(lists->type, record);
    if (ok)
        return record;
    kx_record_clear(lists->type, record);
    g_free(record);
    return NULL;
}

gboolean kx_record_load(KxDb *db, const KxRecordType *type, size_t size, KxRecordTake take,
                        gpointer data, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    Lists lists = {.type = type, .found = found};
    g_autoptr(GString) sql = g_string_new("SELECT id, generation, name, domain");
    append_columns(sql, type, "");
    g_string_append_printf(sql, " FROM %s ORDER BY id", type->table);
    KxStmt *stmt = begin_lists(&lists, db, error) ? prepare_kept(db, sql, error) : NULL;
    int rc = stmt != NULL ? 1 : -1;
    while (rc == 1 && (rc = kx_stmt_step(stmt, error)) == 1) {
        KxRecord *record = read_row(&lists, stmt, size, error);
        if (record != NULL)
            take(data, record, kx_stmt_int(stmt, 3));
        else
            rc = -1;
    }
    kx_stmt_reset(lists.stmt);
    return rc == 0;
}
