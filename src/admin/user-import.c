/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keryx user import: the server adds the accounts of one piece of a table as one transaction, in
 * which a bad line does not keep the others from being added. The command line cuts a file of any
 * size into such pieces.
 */
#include "admin/user-csv.h"

#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "directory/names.h"

enum {
    FILE_MAX = 256 * 1024 * 1024, /* bytes */
    PIECE_LINES = 500,            /* so that lookups wait for milliseconds only */
    PIECE_MAX = KX_FILE_MAX / 2,  /* bytes: escaped as JSON they still fit into a request */
    ROW_MAX = PIECE_MAX / 2,
};

/* ---- the server ---- */

typedef struct {
    GPtrArray *rows;   /* KxUserRow, of the good lines */
    GArray *changes;   /* KxChange, of the good ones */
    GArray *lines;     /* guint: where each of the changes stands */
    GHashTable *names; /* folded, each with its line */
    json_t *failed;
} Piece;

static void piece_clear(Piece *piece)
{
    g_clear_pointer(&piece->rows, g_ptr_array_unref);
    g_clear_pointer(&piece->changes, g_array_unref);
    g_clear_pointer(&piece->lines, g_array_unref);
    g_clear_pointer(&piece->names, g_hash_table_unref);
    g_clear_pointer(&piece->failed, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Piece, piece_clear)

static void add_failed(json_t *failed, guint line, const char *text)
{
    json_array_append_new(failed, json_pack("{s:i, s:s}", "line", (int)line, "error", text));
}

static int by_line(const void *a, const void *b)
{
    json_int_t left = json_integer_value(json_object_get(*(json_t *const *)a, "line"));
    json_int_t right = json_integer_value(json_object_get(*(json_t *const *)b, "line"));
    return (left > right) - (left < right);
}

/* In the order of the file. */
static void sort_failed(json_t *failed)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (size_t i = 0; i < json_array_size(failed); i++)
        g_ptr_array_add(all, json_incref(json_array_get(failed, i)));
    g_ptr_array_sort(all, by_line);
    json_array_clear(failed);
    for (guint i = 0; i < all->len; i++)
        json_array_append_new(failed, all->pdata[i]);
}

static GHashTable *names_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* FALSE: the name stands on a line before. Those that are only tried do not see each other. */
static gboolean check_repeated(GHashTable *names, const KxUserRow *row, guint number,
                               json_t *failed)
{
    char *key = kx_name_fold(row->login);
    guint before = key != NULL ? GPOINTER_TO_UINT(g_hash_table_lookup(names, key)) : 0;
    if (before == 0) {
        if (key != NULL)
            g_hash_table_insert(names, key, GUINT_TO_POINTER(number));
        return TRUE;
    }
    g_free(key);
    g_autofree char *text = g_strdup_printf("the name is that of line %u already", before);
    add_failed(failed, number, text);
    return FALSE;
}

static void take_line(Piece *piece, const KxUserColumns *columns, const char *line, guint number,
                      const KxCall *call)
{
    g_autoptr(GError) error = NULL;
    KxUserRow *row = kx_user_row(columns, line, call->args[0], &error);
    if (row == NULL) {
        add_failed(piece->failed, number, error->message);
        return;
    }
    g_ptr_array_add(piece->rows, row);
    if (!check_repeated(piece->names, row, number, piece->failed))
        return;
    KxChange change = {.verb = KX_CHANGE_ADD,
                       .object = KX_OBJECT_USER,
                       .name = row->login,
                       .fields = (const KxField *)(void *)row->fields->data,
                       .n_fields = row->fields->len,
                       .template = kx_call_text(call, "template")};
    g_array_append_val(piece->changes, change);
    g_array_append_val(piece->lines, number);
}

static gboolean read_piece(Piece *piece, const KxCall *call, GError **error)
{
    const char *text = call->args[1];
    g_autofree char *header = kx_csv_line(&text);
    KxUserColumns columns;
    guint number = (guint)kx_call_int(call, "first-line", 2);
    piece->rows = g_ptr_array_new_with_free_func((GDestroyNotify)kx_user_row_free);
    piece->changes = g_array_new(FALSE, FALSE, sizeof(KxChange));
    piece->lines = g_array_new(FALSE, FALSE, sizeof(guint));
    piece->names = names_new();
    piece->failed = json_array();
    if (!kx_user_columns(header != NULL ? header : "", &columns, error))
        return FALSE;
    char *line;
    while ((line = kx_csv_line(&text)) != NULL) {
        if (line[strspn(line, " \t")] != '\0')
            take_line(piece, &columns, line, number, call);
        explicit_bzero(line, strlen(line));
        g_free(line);
        number++;
    }
    return TRUE;
}

/* Some hundred at a time, so that lookups wait for milliseconds only. */
static gboolean make_changes(Piece *piece, const KxCall *call, gboolean try, guint *ret_added,
                             GError **error)
{
    guint n = piece->changes->len;
    g_autofree GError **errors = g_new0(GError *, n);
    gboolean ok = TRUE;
    *ret_added = 0;
    for (guint at = 0; ok && at < n; at += PIECE_LINES)
        ok = kx_object_change_many(
            call->context->core->directory, &call->context->admin,
            &g_array_index(piece->changes, KxChange, at), MIN(n - at, (guint)PIECE_LINES),
            KX_CHANGE_EACH | (try ? KX_CHANGE_TRY : 0), errors + at, NULL, error);
    for (guint i = 0; i < n; i++) {
        if (errors[i] != NULL)
            add_failed(piece->failed, g_array_index(piece->lines, guint, i), errors[i]->message);
        else
            *ret_added += ok;
        g_clear_error(&errors[i]);
    }
    return ok;
}

json_t *kx_user_run_import(const KxCall *call, GError **error)
{
    g_auto(Piece) piece = {0};
    gboolean dry = kx_call_flag(call, "dry-run"), all = kx_call_flag(call, "all-or-none");
    guint added = 0;
    if (!read_piece(&piece, call, error) || !make_changes(&piece, call, dry || all, &added, error))
        return NULL;
    if (all && !dry && json_array_size(piece.failed) > 0)
        added = 0;
    else if (all && !dry && !make_changes(&piece, call, FALSE, &added, error))
        return NULL;
    sort_failed(piece.failed);
    return json_pack("{s:i, s:b, s:O}", "added", (int)added, "dry-run", dry, "failed",
                     piece.failed);
}

/* ---- the file ---- */

static char *read_table(const char *path, const char *encoding, GError **error)
{
    g_autofree char *bytes = NULL;
    size_t len;
    if (!kx_read_file(g_str_equal(path, "-") ? "/dev/stdin" : path, FILE_MAX, &bytes, &len, error))
        return NULL;
    char *text = kx_csv_decode(bytes, len, encoding, error);
    explicit_bzero(bytes, len);
    return text;
}

/* ---- the command line ---- */

typedef struct {
    const KxInvocation *invocation;
    const char *header;
    KxUserColumns columns;
    GHashTable *names; /* folded, each with its line: pieces that are tried do not see each other */
    guint total;       /* lines */
    gboolean try;
    guint added;
    json_t *failed;
    KxOffline *offline; /* opened once for all pieces */
} Import;

/* A line that cannot be read is for the server to refuse. */
static gboolean is_new(Import *import, const char *line, guint number)
{
    g_autoptr(KxUserRow) row =
        kx_user_row(&import->columns, line, import->invocation->args->pdata[0], NULL);
    return row == NULL || check_repeated(import->names, row, number, import->failed);
}

/* Sends lines, of which the first is number `first`. */
static gboolean send_piece(Import *import, const GString *lines, guint first, GError **error)
{
    const KxInvocation *whole = import->invocation;
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(args, g_strdup(whole->args->pdata[0]));
    g_ptr_array_add(args, g_strconcat(import->header, "\n", lines->str, NULL));
    KxInvocation piece = *whole;
    piece.offline = &import->offline;
    piece.args = args;
    piece.options = json_copy(whole->options);
    json_object_del(piece.options, "all-or-none");
    json_object_del(piece.options, "encoding");
    json_object_set_new(piece.options, "first-line", json_integer(first));
    if (import->try)
        json_object_set_new(piece.options, "dry-run", json_true());
    json_auto_t *answer = kx_cli_ask(&piece, error);
    json_decref(piece.options);
    explicit_bzero(args->pdata[1], strlen(args->pdata[1]));
    if (answer == NULL)
        return FALSE;
    const json_t *result = json_object_get(answer, "result");
    if (!json_is_true(json_object_get(answer, "ok")))
        return kx_fail(error, KX_ERR_FAILED, "%s",
                       json_string_value(json_object_get(answer, "error")));
    import->added += (guint)json_integer_value(json_object_get(result, "added"));
    json_array_extend(import->failed, json_object_get(result, "failed"));
    return TRUE;
}

static void show_progress(const Import *import, guint line)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s: %u of %u lines%s", import->try ? "Trying" : "Importing", line,
                import->total, line >= import->total ? "\n" : "");
}

static void take_into(Import *import, GString *piece, const char *line, guint number)
{
    if (strlen(line) > ROW_MAX)
        add_failed(import->failed, number, "the line is too long");
    else if (is_new(import, line, number))
        g_string_append(piece, line);
    g_string_append_c(piece, '\n'); /* an empty line keeps the count */
}

static gboolean import_lines(Import *import, const char *text, GError **error)
{
    g_autoptr(GString) piece = g_string_new(NULL);
    guint number = 2, first = 2;
    gboolean ok = TRUE;
    g_hash_table_remove_all(import->names);
    for (char *line; ok && (line = kx_csv_line(&text)) != NULL; number++) {
        take_into(import, piece, line, number);
        explicit_bzero(line, strlen(line));
        g_free(line);
        if (number - first + 1 < PIECE_LINES && piece->len < PIECE_MAX - ROW_MAX && *text != '\0')
            continue;
        ok = send_piece(import, piece, first, error);
        show_progress(import, number - 1);
        explicit_bzero(piece->str, piece->len);
        g_string_truncate(piece, 0);
        first = number + 1;
    }
    return ok;
}

static int show_result(Import *import)
{
    json_auto_t *result = json_pack("{s:i, s:b, s:O}", "added", (int)import->added, "dry-run",
                                    import->try, "failed", import->failed);
    size_t n = json_array_size(import->failed);
    if (import->invocation->json) {
        kx_show_json(result, stdout);
        return n == 0 ? KX_EXIT_OK : KX_EXIT_FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(import->failed, i);
        fprintf(stderr, "keryx: line %" JSON_INTEGER_FORMAT ": %s\n",
                json_integer_value(json_object_get(one, "line")),
                json_string_value(json_object_get(one, "error")));
    }
    fprintf(stdout, "%u account%s %s, %zu line%s refused.\n", import->added,
            import->added == 1 ? "" : "s", import->try ? "could be added" : "added", n,
            n == 1 ? "" : "s");
    return n == 0 ? KX_EXIT_OK : KX_EXIT_FAILED;
}

static int import_text(Import *import, const char *text)
{
    g_autoptr(GError) error = NULL;
    const KxInvocation *invocation = import->invocation;
    gboolean dry = json_is_true(json_object_get(invocation->options, "dry-run"));
    gboolean all = json_is_true(json_object_get(invocation->options, "all-or-none"));
    import->try = dry || all;
    gboolean ok = import_lines(import, text, &error);
    if (ok && all && !dry && json_array_size(import->failed) == 0) {
        import->try = FALSE;
        import->added = 0;
        ok = import_lines(import, text, &error);
    }
    sort_failed(import->failed);
    int status = json_array_size(import->failed) > 0 || ok ? show_result(import) : KX_EXIT_FAILED;
    return ok ? status : kx_cli_fail(error);
}

static guint count_lines(const char *text)
{
    guint n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n' || text[1] == '\0';
    return n;
}

int kx_user_import(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    const char *encoding = json_string_value(json_object_get(invocation->options, "encoding"));
    g_autofree char *text = read_table(invocation->args->pdata[1], encoding, &error);
    if (text == NULL || !kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    const char *rest = text;
    g_autofree char *header = kx_csv_line(&rest);
    g_autoptr(GHashTable) names = names_new();
    Import import = {.invocation = invocation,
                     .header = header,
                     .names = names,
                     .total = count_lines(rest),
                     .failed = json_array()};
    int status = kx_user_columns(header != NULL ? header : "", &import.columns, &error)
                     ? import_text(&import, rest)
                     : kx_cli_fail(error);
    json_decref(import.failed);
    kx_offline_close(import.offline);
    explicit_bzero(text, strlen(text));
    return status;
}
