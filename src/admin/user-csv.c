/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a table of accounts, in both directions. */
#include "admin/user-csv.h"

#include "base/error.h"
#include "directory/fields.h"
#include "directory/foreign-hash.h"
#include "directory/names.h"
#include "directory/record.h"
#include "directory/rights.h"

/* Columns with names of their own; the others are called like the fields. */
static const struct {
    const char *column;
    const char *field; /* NULL: the name of the account */
} COLUMNS[] = {
    {"Name", NULL},       {"Password", "password"},
    {"FullName", "name"}, {"MailAddress", "addresses"},
    {"Groups", "groups"}, {"Description", "description"},
};

/* ---- the header ---- */

/* A field whose column has a name of its own. */
static gboolean is_own_column(const char *field)
{
    for (guint i = 0; i < G_N_ELEMENTS(COLUMNS); i++)
        if (g_strcmp0(COLUMNS[i].field, field) == 0)
            return TRUE;
    return FALSE;
}

static gboolean find_field(const char *name, const char **ret_field)
{
    for (guint i = 0; i < G_N_ELEMENTS(COLUMNS); i++)
        if (g_str_equal(COLUMNS[i].column, name)) {
            *ret_field = COLUMNS[i].field;
            return TRUE;
        }
    guint id, end;
    kx_field_range(KX_OBJECT_USER, &id, &end);
    for (; id < end; id++)
        if (g_str_equal(kx_field_row((KxFieldId)id)->name, name) && !is_own_column(name)) {
            *ret_field = kx_field_row((KxFieldId)id)->name;
            return TRUE;
        }
    return FALSE;
}

static gboolean fail_header(const char *cell, GError **error)
{
    static const char odd[] = "\t|:,; ";
    if (strpbrk(cell, odd) != NULL)
        return kx_fail(error, KX_ERR_INVALID,
                       "the separators are wrong: the header '%.100s' must be divided by commas or "
                       "by semicolons",
                       cell);
    return kx_fail(error, KX_ERR_INVALID,
                   "the header is missing or wrong: there is no column '%.100s'; known are Name, "
                   "Password, FullName, MailAddress, Groups, Description and the fields of keryx "
                   "user set",
                   cell);
}

static gboolean is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

static gboolean take_column(KxUserColumns *columns, const char *cell, GError **error)
{
    const char *field;
    if (!find_field(cell, &field))
        return fail_header(cell, error);
    for (guint i = 0; i < columns->n; i++)
        if (g_strcmp0(columns->fields[i], field) == 0)
            return kx_fail(error, KX_ERR_INVALID,
                           "the header is missing or wrong: the column '%s' is there twice", cell);
    if (field == NULL)
        columns->name = columns->n;
    columns->fields[columns->n++] = field;
    return TRUE;
}

gboolean kx_user_columns(const char *header, KxUserColumns *ret_columns, GError **error)
{
    g_autoptr(GError) inner = NULL;
    *ret_columns = (KxUserColumns){.separator = strchr(header, ';') != NULL ? ';' : ',',
                                   .name = KX_CSV_CELLS_MAX};
    if (is_blank(header))
        return kx_fail(error, KX_ERR_INVALID,
                       "the header is missing or wrong: the first line is empty");
    g_autoptr(GPtrArray) cells = kx_csv_split(header, ret_columns->separator, &inner);
    if (cells == NULL)
        return kx_fail(error, KX_ERR_INVALID, "the file is not CSV: %s in the first line",
                       inner->message);
    for (guint i = 0; i < cells->len; i++)
        if (!take_column(ret_columns, cells->pdata[i], error))
            return FALSE;
    return ret_columns->name < KX_CSV_CELLS_MAX ||
           kx_fail(error, KX_ERR_INVALID,
                   "the header is missing or wrong: there must be a column Name");
}

/* ---- a line ---- */

void kx_user_row_free(KxUserRow *row)
{
    if (row == NULL)
        return;
    for (guint i = 0; row->cells != NULL && i < row->cells->len; i++)
        explicit_bzero(row->cells->pdata[i], strlen(row->cells->pdata[i]));
    g_clear_pointer(&row->cells, g_ptr_array_unref);
    g_ptr_array_unref(row->texts);
    g_array_unref(row->fields);
    g_free(row->login);
    g_free(row);
}

/* A password in clear, or as another server stored it. */
static KxField password_field(const char *cell)
{
    static const char *const CLEAR[] = {"{PLAIN}", "{CLEAR}", "{CLEARTEXT}"};
    for (guint i = 0; i < G_N_ELEMENTS(CLEAR); i++)
        if (g_ascii_strncasecmp(cell, CLEAR[i], strlen(CLEAR[i])) == 0)
            return (KxField){"password", cell + strlen(CLEAR[i])};
    return (KxField){kx_foreign_hash_is(cell) ? "password-hash" : "password", cell};
}

/* The addresses but for the one that the name makes by itself. */
static char *other_addresses(const char *cell, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(cell, ",", -1);
    GString *others = g_string_new(NULL);
    g_autofree char *key = kx_name_fold(name);
    for (guint i = 0; parts[i] != NULL; i++) {
        g_autofree char *other = kx_name_fold(g_strstrip(parts[i]));
        if (*parts[i] != '\0' && g_strcmp0(other, key) != 0)
            g_string_append_printf(others, "%s%s", others->len > 0 ? "," : "", parts[i]);
    }
    return g_string_free(others, FALSE);
}

static void take_cell(KxUserRow *row, const char *field, const char *cell, const char *name)
{
    KxField taken = {field, cell};
    if (field == NULL || *cell == '\0')
        return;
    if (g_str_equal(field, "password"))
        taken = password_field(cell);
    if (g_str_equal(field, "addresses")) {
        g_autofree char *bare = g_strndup(name, strcspn(name, "@"));
        taken.value = other_addresses(cell, bare);
        g_ptr_array_add(row->texts, (char *)taken.value);
    }
    g_array_append_val(row->fields, taken);
}

KxUserRow *kx_user_row(const KxUserColumns *columns, const char *line, const char *domain,
                       GError **error)
{
    g_autoptr(KxUserRow) row = g_new0(KxUserRow, 1);
    row->texts = g_ptr_array_new_with_free_func(g_free);
    row->fields = g_array_new(FALSE, FALSE, sizeof(KxField));
    row->cells = kx_csv_split(line, columns->separator, error);
    if (row->cells == NULL)
        return NULL;
    if (row->cells->len != columns->n) {
        kx_fail(error, KX_ERR_INVALID,
                "the line has %u cells and the header %u (cells with a '%c' "
                "in them stand in quotes)",
                row->cells->len, columns->n, columns->separator);
        return NULL;
    }
    const char *name = row->cells->pdata[columns->name];
    if (*name == '\0') {
        kx_fail(error, KX_ERR_INVALID, "the name is missing");
        return NULL;
    }
    row->login =
        strchr(name, '@') != NULL ? g_strdup(name) : g_strdup_printf("%s@%s", name, domain);
    for (guint i = 0; i < columns->n; i++)
        take_cell(row, columns->fields[i], row->cells->pdata[i], name);
    return g_steal_pointer(&row);
}

/* ---- export ---- */

/* Ids of the fields in the order of the columns; only those that some account has. What is hidden
 * goes where the hashes go. */
static GArray *export_fields(const GPtrArray *users, gboolean hashes)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint));
    guint first, end;
    kx_field_range(KX_OBJECT_USER, &first, &end);
    for (guint i = 0; i < G_N_ELEMENTS(COLUMNS); i++)
        for (guint id = first; id < end; id++)
            if (g_strcmp0(COLUMNS[i].field, kx_field_row((KxFieldId)id)->name) == 0 &&
                kx_field_row((KxFieldId)id)->kind->class != KX_CLASS_SECRET)
                g_array_append_val(ids, id);
    for (guint id = first; id < end; id++) {
        gboolean used = FALSE;
        if (!hashes && kx_field_is_secret(kx_field_row((KxFieldId)id)))
            continue;
        for (guint i = 0; i < users->len && !used; i++) {
            g_autofree char *value = kx_record_value(users->pdata[i], (KxFieldId)id);
            used = value != NULL;
        }
        if (used && !is_own_column(kx_field_row((KxFieldId)id)->name))
            g_array_append_val(ids, id);
    }
    return ids;
}

static void append_header(GString *text, const GArray *ids, gboolean hashes)
{
    g_string_append(text, hashes ? "Name,Password" : "Name");
    for (guint i = 0; i < ids->len; i++) {
        const char *name = kx_field_row((KxFieldId)g_array_index(ids, guint, i))->name;
        for (guint c = 0; c < G_N_ELEMENTS(COLUMNS); c++)
            if (g_strcmp0(COLUMNS[c].field, name) == 0)
                name = COLUMNS[c].column;
        kx_csv_append(text, name, FALSE);
    }
    g_string_append(text, "\r\n");
}

static void append_user(GString *text, KxDirectory *directory, const KxRecord *user,
                        const GArray *ids, gboolean full_name, gboolean hashes)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    kx_csv_append(text, full_name ? login : user->name, TRUE);
    if (hashes) {
        g_autofree char *stored = kx_user_stored_password(directory, login);
        kx_csv_append(text, stored != NULL ? stored : "", FALSE);
    }
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *value = kx_record_value(user, (KxFieldId)g_array_index(ids, guint, i));
        kx_csv_append(text, value != NULL ? value : "", FALSE);
    }
    g_string_append(text, "\r\n");
}

json_t *kx_user_run_export(const KxCall *call, GError **error)
{
    KxDirectory *directory = call->context->core->directory;
    const char *domain = call->n_args > 0 ? call->args[0] : NULL;
    gboolean hashes = kx_call_flag(call, "with-hashes");
    if (hashes && !kx_rights_check(&call->context->admin, KX_ACTION_CHANGE, NULL, error))
        return NULL;
    g_autoptr(GPtrArray) users = kx_user_list(directory, domain, error);
    if (users == NULL)
        return NULL;
    g_autoptr(GArray) ids = export_fields(users, hashes);
    g_autoptr(GString) text = g_string_new(NULL);
    append_header(text, ids, hashes);
    for (guint i = 0; i < users->len; i++)
        append_user(text, directory, users->pdata[i], ids, domain == NULL, hashes);
    return json_stringn(text->str, text->len);
}
