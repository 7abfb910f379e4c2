/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the two files to one change. Objects that the files name are added or set, what they do not
 * name stays; what nothing here understands is left out and told. The order of the files does not
 * matter: what names others is changed after them.
 */
#include "admin/config-file.h"
#include "admin/config-xml.h"
#include "base/error.h"
#include "directory/foreign-hash.h"
#include "directory/names.h"
#include "directory/record.h"
#include "directory/rights.h"
#include "settings/checks.h"

/* A change of one object on its way. */
typedef struct {
    KxObject object;
    gboolean late; /* once all others are there */
    guint order;   /* in the files */
    const char *file;
    const KxConfigSection *section;
    char *name;      /* with its domain */
    KxRecord *found; /* as it is now; NULL: new */
    GArray *fields;  /* KxField */
    GPtrArray *texts;
} Wish;

typedef struct {
    KxDirectory *directory;
    GPtrArray *wishes;
    GHashTable *seen;            /* "object name", folded: objects of the files */
    GArray *settings;            /* KxSettingChange, borrowed from the documents */
    json_t *ignored;             /* what is left out */
    GHashTable *told;            /* set of its names */
    guint added, changed, equal; /* objects */
} Import;

static void wish_free(gpointer data)
{
    Wish *wish = data;
    kx_object_free(wish->object, wish->found);
    g_array_unref(wish->fields);
    g_ptr_array_unref(wish->texts);
    g_free(wish->name);
    g_free(wish);
}

static void import_clear(Import *import)
{
    g_clear_pointer(&import->wishes, g_ptr_array_unref);
    g_clear_pointer(&import->seen, g_hash_table_unref);
    g_clear_pointer(&import->settings, g_array_unref);
    g_clear_pointer(&import->ignored, json_decref);
    g_clear_pointer(&import->told, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Import, import_clear)

static gboolean fail_at(const char *file, guint line, const char *name, GError **error)
{
    if (name)
        g_prefix_error(error, "%s line %u, variable %s: ", file, line, name);
    else
        g_prefix_error(error, "%s line %u: ", file, line);
    return FALSE;
}

/* Many of one name are told once. */
static void ignore(Import *import, const char *file, guint line, const char *name)
{
    enum { TOLD_MAX = 1000 };
    if (g_hash_table_size(import->told) < TOLD_MAX &&
        g_hash_table_add(import->told, g_strdup(name)))
        json_array_append_new(import->ignored, json_pack("{s:s, s:i, s:s}", "file", file, "line",
                                                         (int)line, "name", name));
}

static void ignore_variable(Import *import, const char *file, const KxConfigSection *section,
                            const KxConfigVariable *variable)
{
    g_autofree char *name =
        *section->path ? g_strdup_printf("%s.%s", section->path, variable->name) : NULL;
    ignore(import, file, variable->line, name ? name : variable->name);
}

/* ---- settings ---- */

static gboolean take_settings(Import *import, const char *file, const KxConfigSection *section,
                              GError **error)
{
    for (guint i = 0; i < section->variables->len; i++) {
        const KxConfigVariable *variable = &g_array_index(section->variables, KxConfigVariable, i);
        KxSettingChange change = {.value = variable->value};
        if (!kx_config_find_setting(section->path, variable->name, &change.id)) {
            ignore_variable(import, file, section, variable);
            continue;
        }
        if (!kx_setting_check(change.id, change.value, error))
            return fail_at(file, variable->line, variable->name, error);
        g_array_append_val(import->settings, change);
    }
    return TRUE;
}

/* Only what differs from what is in force. */
static gboolean keep_differences(Import *import, GError **error)
{
    g_autoptr(KxSettings) before = kx_directory_settings(import->directory);
    g_autoptr(KxSettings) after =
        kx_settings_with(before, (const KxSettingChange *)(gpointer)import->settings->data,
                         import->settings->len, error);
    if (!after)
        return FALSE;
    for (guint i = import->settings->len; i-- > 0;) {
        KxSettingId id = g_array_index(import->settings, KxSettingChange, i).id;
        g_autofree char *from = kx_settings_format(before, id);
        g_autofree char *to = kx_settings_format(after, id);
        if (g_str_equal(from, to))
            g_array_remove_index(import->settings, i);
    }
    return TRUE;
}

/* ---- values of fields ---- */

static const KxConfigVariable *find_variable(const KxConfigSection *section, const char *name)
{
    for (guint i = 0; i < section->variables->len; i++) {
        const KxConfigVariable *one = &g_array_index(section->variables, KxConfigVariable, i);
        if (g_ascii_strcasecmp(one->name, name) == 0)
            return one;
    }
    return NULL;
}

/* Accounts of the original count their name among their addresses. */
static char *without_name(const char *list, const Wish *wish)
{
    g_auto(GStrv) parts = g_strsplit(list, ",", -1);
    g_autoptr(GString) left = g_string_new(NULL);
    size_t len = strcspn(wish->name, "@");
    for (guint i = 0; parts[i]; i++) {
        const char *part = g_strstrip(parts[i]);
        if (strlen(part) != len || g_ascii_strncasecmp(part, wish->name, len) != 0)
            g_string_append_printf(left, "%s%s", left->len > 0 ? "," : "", part);
    }
    return g_string_free(g_steal_pointer(&left), FALSE);
}

/* What the command line would be given; to be freed. */
static char *own_value(const KxFieldRow *row, KxFieldId id, const KxConfigVariable *variable,
                       const Wish *wish)
{
    static const char *const levels[] = {"none", "read", "full"};
    const char *value = variable->value;
    gboolean on;
    if (row->kind == &kx_kind_bool && kx_bool_parse(value, &on)) {
        gboolean ours = g_ascii_strcasecmp(variable->name, row->name) == 0;
        return g_strdup(on != (row->flags & KX_FIELD_INVERTED && !ours) ? "yes" : "no");
    }
    if (row->kind == &kx_kind_level && strlen(value) == 1 && *value >= '0' && *value <= '2')
        return g_strdup(levels[*value - '0']);
    return id == KX_FIELD_USER_ADDRESSES ? without_name(value, wish) : g_strdup(value);
}

/* Whether a canonical text is what a new object has. */
static gboolean is_fresh(const KxKind *kind, const char *text)
{
    switch (kind->class) {
    case KX_CLASS_BOOL:
        return g_str_equal(text, "no");
    case KX_CLASS_NUMBER:
        return g_str_equal(text, "0");
    case KX_CLASS_CHOICE:
        return kx_kind_choice(kind, text) == 0;
    default:
        return !*text;
    }
}

/* The canonical text as kx_record_value() has it: NULL for what a new object has. */
static gboolean canonical(const KxFieldRow *row, const char *value, char **ret_text, GError **error)
{
    char *text = *value ? kx_kind_parse(row->kind, value, error) : g_strdup("");
    if (!text)
        return FALSE;
    if (!*text || is_fresh(row->kind, text))
        g_clear_pointer(&text, g_free);
    *ret_text = text;
    return TRUE;
}

static char *value_now(const Import *import, const Wish *wish, const KxFieldRow *row, KxFieldId id)
{
    if (row->kind->class != KX_CLASS_SECRET)
        return kx_record_value(wish->found, id);
    return id == KX_FIELD_USER_PASSWORD_HASH
               ? kx_user_stored_password(import->directory, wish->name)
               : NULL;
}

static void put_field(Wish *wish, const char *field, char *value)
{
    KxField one = {field, value};
    g_ptr_array_add(wish->texts, value);
    g_array_append_val(wish->fields, one);
}

/* What can only be once all other objects are there. */
static gboolean comes_late(const KxFieldRow *row, KxFieldId id, const char *value)
{
    return row->flags & KX_FIELD_DERIVED || id == KX_FIELD_DOMAIN_USER_LIMIT ||
           (id == KX_FIELD_IP_GROUP_ENTRIES && strstr(value, KX_NAME_IP_GROUP));
}

/* ---- objects ---- */

static Wish *wish_new(Import *import, KxObject object, const char *file,
                      const KxConfigSection *section, char *name, gboolean late)
{
    Wish *wish = g_new0(Wish, 1);
    wish->object = object;
    wish->late = late;
    wish->order = import->wishes->len;
    wish->file = file;
    wish->section = section;
    wish->name = name;
    wish->fields = g_array_new(FALSE, FALSE, sizeof(KxField));
    wish->texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(import->wishes, wish);
    return wish;
}

/* Passwords come in three forms: ours and others' stored ones, plain text, and what only the
 * original can read. */
static gboolean is_unreadable(const char *password)
{
    return g_str_has_prefix(password, "D3S:") || g_str_has_prefix(password, "DES:") ||
           g_str_has_prefix(password, "NTS:");
}

static gboolean take_field(Import *import, Wish *wish, Wish *late, const KxConfigVariable *variable,
                           GError **error)
{
    KxFieldId id;
    if (!kx_config_find_field(wish->object, variable->name, &id) ||
        (id == KX_FIELD_USER_PASSWORD && is_unreadable(variable->value))) {
        ignore_variable(import, wish->file, wish->section, variable);
        return TRUE;
    }
    if (id == KX_FIELD_USER_PASSWORD && kx_foreign_hash_is(variable->value))
        id = KX_FIELD_USER_PASSWORD_HASH;
    const KxFieldRow *row = kx_field_row(id);
    g_autofree char *value = own_value(row, id, variable, wish), *wanted = NULL;
    if (!canonical(row, value, &wanted, error))
        return fail_at(wish->file, variable->line, variable->name, error);
    /* The old primary domain gives way to the new one by itself; a password is not taken away. */
    if (!wanted && (id == KX_FIELD_DOMAIN_PRIMARY || row->kind->class == KX_CLASS_SECRET))
        return TRUE;
    g_autofree char *now = wish->found ? value_now(import, wish, row, id) : NULL;
    if (g_strcmp0(now, wanted) != 0)
        put_field(comes_late(row, id, value) ? late : wish, row->name, g_strdup(value));
    return TRUE;
}

static gboolean take_fields(Import *import, Wish *wish, Wish *late, GError **error)
{
    const GArray *variables = wish->section->variables;
    for (guint i = 0; i < variables->len; i++) {
        const KxConfigVariable *variable = &g_array_index(variables, KxConfigVariable, i);
        gboolean names = g_ascii_strcasecmp(variable->name, "Name") == 0 ||
                         (kx_config_lists[wish->object].in_domain &&
                          g_ascii_strcasecmp(variable->name, "Domain") == 0);
        if (!names && !take_field(import, wish, late, variable, error))
            return FALSE;
    }
    return TRUE;
}

static char *object_name(KxObject object, const KxConfigSection *section)
{
    const KxConfigVariable *name = find_variable(section, "Name");
    const KxConfigVariable *domain =
        kx_config_lists[object].in_domain ? find_variable(section, "Domain") : NULL;
    if (!name || !*name->value)
        return NULL;
    return domain && !strchr(name->value, '@')
               ? g_strdup_printf("%s@%s", name->value, domain->value)
               : g_strdup(name->value);
}

static gboolean check_once(Import *import, KxObject object, const char *name, GError **error)
{
    g_autofree char *folded = kx_name_fold(name);
    if (g_hash_table_add(import->seen, g_strdup_printf("%u %s", object, folded ? folded : name)))
        return TRUE;
    return kx_fail(error, KX_ERR_EXISTS, "'%s' stands in the list a second time", name);
}

static gboolean take_object(Import *import, KxObject object, const char *file,
                            const KxConfigSection *section, GError **error)
{
    char *name = object_name(object, section);
    if (!name) {
        kx_fail(error, KX_ERR_INVALID, "the variable Name is missing");
        return fail_at(file, section->line, NULL, error);
    }
    Wish *wish = wish_new(import, object, file, section, name, FALSE);
    Wish *late = wish_new(import, object, file, section, g_strdup(name), TRUE);
    if (!check_once(import, object, name, error))
        return fail_at(file, section->line, NULL, error);
    wish->found = kx_object_get(import->directory, object, name, NULL);
    if (!take_fields(import, wish, late, error))
        return FALSE;
    if (!wish->found)
        import->added++;
    else if (wish->fields->len > 0 || late->fields->len > 0)
        import->changed++;
    else
        import->equal++;
    return TRUE;
}

/* ---- files ---- */

static gboolean take_section(Import *import, const char *file, const KxConfigSection *section,
                             GError **error)
{
    const char *dot = strrchr(section->path, '.');
    KxObject object;
    if (!section->item)
        return take_settings(import, file, section, error);
    if (!section->nested && kx_config_find_list(dot ? dot + 1 : section->path, &object))
        return take_object(import, object, file, section, error);
    ignore(import, file, section->line, section->path);
    return TRUE;
}

static gboolean take_document(Import *import, const char *file, const KxConfigDocument *document,
                              GError **error)
{
    for (guint i = 0; i < document->sections->len; i++)
        if (!take_section(import, file, document->sections->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* ---- the change ---- */

static int by_need(const void *a, const void *b)
{
    const Wish *left = *(const Wish *const *)a, *right = *(const Wish *const *)b;
    if (left->late != right->late)
        return left->late ? 1 : -1;
    guint first = kx_config_lists[left->object].rank, second = kx_config_lists[right->object].rank;
    if (first != second)
        return first < second ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static GArray *make_changes(Import *import)
{
    GArray *changes = g_array_new(FALSE, FALSE, sizeof(KxChange));
    for (guint i = import->wishes->len; i-- > 0;) {
        const Wish *wish = import->wishes->pdata[i];
        if (wish->fields->len == 0 && (wish->late || wish->found))
            g_ptr_array_remove_index_fast(import->wishes, i);
    }
    g_ptr_array_sort(import->wishes, by_need);
    for (guint i = 0; i < import->wishes->len; i++) {
        const Wish *wish = import->wishes->pdata[i];
        KxChange change = {
            .verb = wish->found || wish->late ? KX_CHANGE_SET : KX_CHANGE_ADD,
            .object = wish->object,
            .name = wish->name,
            .fields = (const KxField *)(gpointer)wish->fields->data,
            .n_fields = wish->fields->len,
            .generation = wish->found ? wish->found->generation : 0,
        };
        g_array_append_val(changes, change);
    }
    return changes;
}

static gboolean change(Import *import, const KxAdmin *admin, gboolean try, GError **error)
{
    g_autoptr(GArray) changes = make_changes(import);
    guint failed = 0;
    if (kx_directory_change(import->directory, admin, (const KxChange *)(gpointer)changes->data,
                            changes->len, (const KxSettingChange *)(gpointer)import->settings->data,
                            import->settings->len, try ? KX_CHANGE_TRY : 0, &failed, error))
        return TRUE;
    if (failed >= changes->len)
        return FALSE;
    const Wish *wish = import->wishes->pdata[failed];
    g_prefix_error(error, "%s '%s': ", kx_config_lists[wish->object].list, wish->name);
    return fail_at(wish->file, wish->section->line, NULL, error);
}

static json_t *result_json(const Import *import, gboolean try)
{
    json_t *names = json_array();
    for (guint i = 0; i < import->settings->len; i++) {
        KxSettingId id = g_array_index(import->settings, KxSettingChange, i).id;
        json_array_append_new(names, json_string(kx_setting_row(id)->name));
    }
    return json_pack("{s:b, s:i, s:i, s:i, s:o, s:O}", "dry-run", try, "added", (int)import->added,
                     "changed", (int)import->changed, "unchanged", (int)import->equal, "settings",
                     names, "ignored", import->ignored);
}

static gboolean read_files(Import *import, const KxCall *call, KxConfigDocument **documents,
                           GError **error)
{
    static const char *const options[KX_CONFIG_FILES] = {"mailserver", "users"};
    gboolean any = FALSE;
    for (guint file = 0; file < KX_CONFIG_FILES; file++) {
        const char *text = kx_call_text(call, options[file]);
        if (!text)
            continue;
        any = TRUE;
        documents[file] = kx_config_xml_read(text, strlen(text), error);
        if (!documents[file]) {
            g_prefix_error(error, "%s ", kx_config_file_names[file]);
            return FALSE;
        }
        if (!take_document(import, kx_config_file_names[file], documents[file], error))
            return FALSE;
    }
    return any || kx_fail(error, KX_ERR_INVALID, "give mailserver, users, or both");
}

json_t *kx_config_run_xml_import(const KxCall *call, GError **error)
{
    KxConfigDocument *documents[KX_CONFIG_FILES] = {NULL};
    gboolean try = kx_call_flag(call, "dry-run");
    g_auto(Import) import = {
        .directory = call->context->core->directory,
        .wishes = g_ptr_array_new_with_free_func(wish_free),
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .settings = g_array_new(FALSE, FALSE, sizeof(KxSettingChange)),
        .ignored = json_array(),
        .told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    gboolean good = read_files(&import, call, documents, error) &&
                    keep_differences(&import, error) &&
                    change(&import, &call->context->admin, try, error);
    json_t *result = good ? result_json(&import, try) : NULL;
    for (guint file = 0; file < KX_CONFIG_FILES; file++)
        kx_config_document_free(documents[file]);
    return result;
}

void kx_config_show_imported(const json_t *result, FILE *out)
{
    const json_t *ignored = json_object_get(result, "ignored");
    for (size_t i = 0; i < json_array_size(ignored); i++) {
        const json_t *one = json_array_get(ignored, i);
        fprintf(out,
                "%s line %" JSON_INTEGER_FORMAT ": %s is left out: nothing here has that name\n",
                json_string_value(json_object_get(one, "file")),
                json_integer_value(json_object_get(one, "line")),
                json_string_value(json_object_get(one, "name")));
    }
    fprintf(out,
            "%" JSON_INTEGER_FORMAT " objects %s, %" JSON_INTEGER_FORMAT
            " changed, %" JSON_INTEGER_FORMAT " are as they were; %zu settings changed.\n",
            json_integer_value(json_object_get(result, "added")),
            json_is_true(json_object_get(result, "dry-run")) ? "would be added" : "added",
            json_integer_value(json_object_get(result, "changed")),
            json_integer_value(json_object_get(result, "unchanged")),
            json_array_size(json_object_get(result, "settings")));
}
