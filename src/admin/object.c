/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/object.h"

#include "base/error.h"
#include "directory/fields.h"
#include "directory/record.h"

/* ---- as JSON ---- */

json_t *kx_json_strings(char *const *texts)
{
    json_t *list = json_array();
    for (; texts && *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

static json_t *field_json(const KxRecord *record, KxFieldId id)
{
    KxClass class = kx_field_row(id)->kind->class;
    if (class == KX_CLASS_LIST)
        return kx_json_strings(kx_record_list(record, id));
    g_autofree char *text = kx_record_text(record, id);
    if (class == KX_CLASS_BOOL)
        return json_boolean(g_str_equal(text, "yes"));
    if (class == KX_CLASS_NUMBER)
        return json_integer((json_int_t)g_ascii_strtoull(text, NULL, 10));
    return json_string(text);
}

json_t *kx_object_json(KxObject object, const KxRecord *record)
{
    static const char *const keys[KX_OBJECT_COUNT] = {
        [KX_OBJECT_DOMAIN] = "domain",     [KX_OBJECT_USER] = "user",
        [KX_OBJECT_GROUP] = "group",       [KX_OBJECT_ALIAS] = "alias",
        [KX_OBJECT_IP_GROUP] = "group",    [KX_OBJECT_TEMPLATE] = "template",
        [KX_OBJECT_TIME_RANGE] = "range",  [KX_OBJECT_ETRN] = "server",
        [KX_OBJECT_SCHEDULE] = "schedule", [KX_OBJECT_DOWNLOAD] = "download",
        [KX_OBJECT_SORTING] = "address",   [KX_OBJECT_ROUTING] = "rule",
        [KX_OBJECT_HIGHLIGHT] = "rule",
    };
    g_autofree char *name = record->domain ? g_strdup_printf("%s@%s", record->name, record->domain)
                                           : g_strdup(record->name);
    json_t *json = json_pack("{s:s}", keys[object], name);
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (row->object == object && !kx_field_is_secret(row))
            json_object_set_new(json, row->name, field_json(record, (KxFieldId)id));
    }
    json_object_set_new(json, "generation", json_integer(record->generation));
    return json;
}

/* ---- commands ---- */

static gboolean is_field(KxObject object, const char *name)
{
    KxFieldId id;
    return kx_field_find(object, name, &id) != NULL;
}

/* The options of a call that are fields. The array borrows the texts; free it with g_free(). */
static KxField *take_fields(const KxCall *call, guint *ret_n)
{
    KxField *fields = g_new0(KxField, call->command->n_options);
    guint n = 0;
    for (guint i = 0; i < call->command->n_options; i++) {
        const char *name = call->command->options[i].name;
        const char *value = is_field(call->command->object, name) ? kx_call_text(call, name) : NULL;
        if (value)
            fields[n++] = (KxField){name, value};
    }
    *ret_n = n;
    return fields;
}

static gboolean change(const KxCall *call, KxChangeVerb verb, GError **error)
{
    guint n;
    g_autofree KxField *fields = take_fields(call, &n);
    KxChange change = {
        .verb = verb,
        .object = call->command->object,
        .name = call->args[0],
        .new_name = verb == KX_CHANGE_RENAME ? call->args[1] : NULL,
        .fields = fields,
        .n_fields = n,
        .generation = (guint)kx_call_int(call, "generation", 0),
        .template = kx_call_text(call, "template"),
    };
    return kx_object_change(call->context->core->directory, &call->context->admin, &change, 1, NULL,
                            error);
}

json_t *kx_object_run_show(const KxCall *call, GError **error)
{
    KxObject object = call->command->object;
    KxRecord *record = kx_object_get(call->context->core->directory, object, call->args[0], error);
    json_t *json = record ? kx_object_json(object, record) : NULL;
    kx_object_free(object, record);
    return json;
}

json_t *kx_object_run_add(const KxCall *call, GError **error)
{
    return change(call, KX_CHANGE_ADD, error) ? kx_object_run_show(call, error) : NULL;
}

/* ---- several at once ---- */

static gboolean check_no_secret(const KxCall *call, const KxField *fields, guint n, GError **error)
{
    for (guint i = 0; i < n; i++)
        if (kx_command_option(call->command, fields[i].field)->type == KX_OPTION_SECRET)
            return kx_fail(error, KX_ERR_INVALID, "%s is for one account, not for several",
                           fields[i].field);
    return TRUE;
}

/* The same fields for all that are named, or for none; what is not given stays as it is. */
static gboolean set_all(const KxCall *call, const char *const *names, guint n, gboolean try,
                        GError **error)
{
    guint n_fields;
    g_autofree KxField *fields = take_fields(call, &n_fields);
    g_autofree KxChange *changes = g_new0(KxChange, n);
    guint generation = (guint)kx_call_int(call, "generation", 0);
    if (n > 1 && !check_no_secret(call, fields, n_fields, error))
        return FALSE;
    if (n > 1 && generation != 0)
        return kx_fail(error, KX_ERR_INVALID, "--generation is for one object, not for several");
    for (guint i = 0; i < n; i++)
        changes[i] = (KxChange){.verb = KX_CHANGE_SET,
                                .object = call->command->object,
                                .name = names[i],
                                .fields = fields,
                                .n_fields = n_fields,
                                .generation = generation};
    guint failed = 0;
    if (kx_object_change_many(call->context->core->directory, &call->context->admin, changes, n,
                              try ? KX_CHANGE_TRY : 0, NULL, &failed, error))
        return TRUE;
    if (n > 1 && failed < n)
        g_prefix_error(error, "%s: ", names[failed]);
    return FALSE;
}

static json_t *show_all(const KxCall *call, const char *const *names, guint n)
{
    json_t *list = json_array();
    KxObject object = call->command->object;
    for (guint i = 0; i < n; i++) {
        KxRecord *record = kx_object_get(call->context->core->directory, object, names[i], NULL);
        if (record)
            json_array_append_new(list, kx_object_json(object, record));
        kx_object_free(object, record);
    }
    return list;
}

/* The names of those that a search finds, or that are named, of one domain or of all. */
static gboolean find_names(const KxCall *call, GPtrArray *names, GError **error)
{
    KxQuery query = {.domain = call->n_args > 0 ? call->args[0] : NULL,
                     .search = kx_call_text(call, "search")};
    g_autoptr(GPtrArray) found =
        kx_object_list(call->context->core->directory, call->command->object, &query, NULL, error);
    for (guint i = 0; found && i < found->len; i++) {
        const KxRecord *record = found->pdata[i];
        g_ptr_array_add(names, g_strdup_printf("%s@%s", record->name, record->domain));
    }
    return found != NULL;
}

static gboolean take_names(const KxCall *call, const char *list, GPtrArray *names, GError **error)
{
    const char *domain = call->n_args > 0 ? call->args[0] : NULL;
    g_auto(GStrv) given = g_strsplit(list, ",", -1);
    if (kx_call_text(call, "search"))
        return kx_fail(error, KX_ERR_INVALID, "search and users do not go together");
    for (guint i = 0; given[i]; i++) {
        const char *name = g_strstrip(given[i]), *at = strrchr(name, '@');
        if (domain && at && g_ascii_strcasecmp(at + 1, domain) != 0)
            return kx_fail(error, KX_ERR_INVALID, "%s is not in the domain %s", name, domain);
        if (*name)
            g_ptr_array_add(names, domain && !at ? g_strdup_printf("%s@%s", name, domain)
                                                 : g_strdup(name));
    }
    return names->len > 0 || kx_fail(error, KX_ERR_INVALID, "users names nobody");
}

/* Who only wants to see whom a search finds says --dry-run. */
static gboolean check_some_field(const KxCall *call, GError **error)
{
    guint n;
    g_free(take_fields(call, &n));
    return n > 0 || kx_fail(error, KX_ERR_INVALID,
                            "nothing is to be changed: give at least one field with its value");
}

json_t *kx_object_run_set_found(const KxCall *call, GError **error)
{
    const char *list = kx_call_text(call, "users");
    gboolean try = kx_call_flag(call, "dry-run");
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    if (!try && !check_some_field(call, error))
        return NULL;
    if (!(list ? take_names(call, list, names, error) : find_names(call, names, error)))
        return NULL;
    const char *const *all = (const char *const *)names->pdata;
    return set_all(call, all, names->len, try, error) ? show_all(call, all, names->len) : NULL;
}

json_t *kx_object_run_set(const KxCall *call, GError **error)
{
    if (call->n_args > 1)
        return set_all(call, call->args, call->n_args, FALSE, error)
                   ? show_all(call, call->args, call->n_args)
                   : NULL;
    return change(call, KX_CHANGE_SET, error) ? kx_object_run_show(call, error) : NULL;
}

json_t *kx_object_run_remove(const KxCall *call, GError **error)
{
    return change(call, KX_CHANGE_REMOVE, error) ? json_null() : NULL;
}

json_t *kx_object_run_rename(const KxCall *call, GError **error)
{
    return change(call, KX_CHANGE_RENAME, error) ? json_null() : NULL;
}

json_t *kx_object_run_list(const KxCall *call, GError **error)
{
    KxObject object = call->command->object;
    KxQuery query = {
        .domain = call->n_args > 0 ? call->args[0] : NULL,
        .search = kx_call_text(call, "search"),
        .offset = (guint)kx_call_int(call, "offset", 0),
        .limit = (guint)kx_call_int(call, "limit", 0),
    };
    gboolean count = kx_call_flag(call, "count");
    guint total;
    if (count)
        query.offset = G_MAXUINT; /* a page with nobody on it */
    g_autoptr(GPtrArray) records =
        kx_object_list(call->context->core->directory, object, &query, &total, error);
    if (!records)
        return NULL;
    if (count)
        return json_integer(total);
    json_t *all = json_array();
    for (guint i = 0; i < records->len; i++)
        json_array_append_new(all, kx_object_json(object, records->pdata[i]));
    return call->context->typed ? json_pack("{s:o, s:I}", "items", all, "total", (json_int_t)total)
                                : all;
}

/* ---- mailboxes ---- */

KxAccount *kx_call_account(const KxCall *call, const KxUser *user, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autoptr(GError) inner = NULL;
    KxAccount *account = kx_store_existing_account(call->context->core->store, name, &inner);
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        kx_fail(error, KX_ERR_NOT_FOUND, "%s has no mailbox yet", name);
    else if (inner)
        g_propagate_error(error, g_steal_pointer(&inner));
    return account;
}

KxAccount *kx_call_any_account(const KxCall *call, const char *name, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxUser) user = kx_user_get(core->directory, name, &inner);
    if (user)
        return kx_call_account(call, user, error);
    KxAccount *account = kx_store_existing_account(core->store, name, NULL);
    if (!account)
        g_propagate_error(error, g_steal_pointer(&inner));
    return account;
}
