/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of objects before any lock is taken: reading what was given, and the slow part, hashing.
 */
#include "base/error.h"
#include "directory/object.h"

void kx_object_change_free(gpointer data)
{
    KxObjectChange *change = data;
    kx_field_values_clear(&change->values);
    g_clear_pointer(&change->credentials, kx_credentials_free);
    g_free(change->verifier);
    if (change->next != NULL)
        kx_object_free(change->type->record.object, change->next);
    g_clear_pointer(&change->owned, g_ptr_array_unref);
    g_free(change->name);
    g_free(change->domain);
    g_free(change);
}

gboolean kx_object_is_given(const KxObjectChange *change, KxFieldId field)
{
    return change->values.given[field];
}

static gboolean read_fields(KxObjectChange *change, GError **error)
{
    const KxChange *given = &change->given;
    const KxFieldValues *values = &change->values;
    if (!kx_field_values_parse(given->object, given->fields, given->n_fields, &change->values,
                               error))
        return FALSE;
    if (values->given[KX_FIELD_USER_PASSWORD] && values->given[KX_FIELD_USER_PASSWORD_HASH])
        return kx_fail(error, KX_ERR_INVALID, "give either password or password-hash");
    change->verifier = g_strdup(values->text[KX_FIELD_USER_PASSWORD_HASH]);
    return TRUE;
}

static void hash_passwords(GPtrArray *all, GError **errors)
{
    g_autofree KxHashing *work = g_new0(KxHashing, all->len);
    g_autofree guint *whose = g_new(guint, all->len);
    guint n = 0;
    for (guint i = 0; i < all->len; i++) {
        KxObjectChange *change = all->pdata[i];
        const char *password = change->values.text[KX_FIELD_USER_PASSWORD];
        if (password == NULL || errors[i] != NULL)
            continue;
        work[n].prepared = password;
        whose[n++] = i;
    }
    kx_credentials_new_all(work, n);
    for (guint i = 0; i < n; i++) {
        KxObjectChange *change = all->pdata[whose[i]];
        change->credentials = work[i].credentials;
        errors[whose[i]] = work[i].error;
        if (change->credentials != NULL)
            change->verifier = g_strdup(change->credentials->argon2id);
    }
}

void kx_object_prepare(const KxChange *given, guint n, guint flags, GPtrArray *all, GError **errors)
{
    for (guint i = 0; i < n; i++) {
        KxObjectChange *change = g_new0(KxObjectChange, 1);
        change->given = given[i];
        change->type = kx_object_type(given[i].object);
        read_fields(change, &errors[i]);
        g_ptr_array_add(all, change);
    }
    if (!(flags & KX_CHANGE_TRY))
        hash_passwords(all, errors);
}

void kx_object_follow(GPtrArray *more, const KxObjectType *type, const KxRecord *record,
                      KxFieldId field, char *text)
{
    KxObjectChange *change = g_new0(KxObjectChange, 1);
    change->type = type;
    change->follows = TRUE;
    change->given = (KxChange){.verb = KX_CHANGE_SET,
                               .object = type->record.object,
                               .name = record->domain != NULL
                                           ? g_strdup_printf("%s@%s", record->name, record->domain)
                                           : g_strdup(record->name)};
    change->owned = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(change->owned, (char *)change->given.name);
    change->values.given[field] = TRUE;
    change->values.text[field] = text;
    g_ptr_array_add(more, change);
}
