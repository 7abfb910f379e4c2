/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/object.h"

#include <unistd.h>

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
        [KX_OBJECT_DOMAIN] = "domain",  [KX_OBJECT_USER] = "user",
        [KX_OBJECT_GROUP] = "group",    [KX_OBJECT_ALIAS] = "alias",
        [KX_OBJECT_IP_GROUP] = "group", [KX_OBJECT_TEMPLATE] = "template",
    };
    g_autofree char *name = record->domain ? g_strdup_printf("%s@%s", record->name, record->domain)
                                           : g_strdup(record->name);
    json_t *json = json_pack("{s:s}", keys[object], name);
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (row->object == object && row->kind->class != KX_CLASS_SECRET)
            json_object_set_new(json, row->name, field_json(record, (KxFieldId)id));
    }
    json_object_set_new(json, "generation", json_integer(record->generation));
    return json;
}

/* ---- commands ---- */

static gboolean is_field(KxObject object, const char *name)
{
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        if (row->object == object && g_str_equal(row->name, name))
            return TRUE;
    }
    return FALSE;
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

json_t *kx_object_run_set(const KxCall *call, GError **error)
{
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
    g_autoptr(GPtrArray) records =
        kx_object_list(call->context->core->directory, object, &query, NULL, error);
    if (!records)
        return NULL;
    json_t *all = json_array();
    for (guint i = 0; i < records->len; i++)
        json_array_append_new(all, kx_object_json(object, records->pdata[i]));
    return all;
}

/* ---- mailboxes ---- */

KxAccount *kx_call_account(const KxCall *call, const KxUser *user, GError **error)
{
    g_autofree char *path = g_build_filename("store/mail", user->domain, user->name, NULL);
    if (access(path, F_OK) == 0)
        return kx_store_account(call->context->core->store, user->domain, user->name, error);
    kx_fail(error, KX_ERR_NOT_FOUND, "%s@%s has no mailbox yet", user->name, user->domain);
    return NULL;
}
