/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of objects. The tables are locked for writing from the first check to the commit, so that
 * what others see is always what is stored, and each change of several sees the ones before it. If
 * one fails, those before it are undone in the tables as the database undoes them.
 */
#include "base/error.h"
#include "directory/names.h"
#include "directory/password-policy.h"
#include "directory/template.h"

/* ---- one change: what it is about ---- */

static gboolean check_taken(KxDirectory *directory, const KxObjectChange *change, const char *name,
                            GError **error)
{
    g_autofree char *key = kx_name_fold(name);
    KxEntry *other = g_hash_table_lookup(change->type->table(directory, change->home), key);
    if (other == NULL || other == change->entry)
        return TRUE;
    return kx_fail(error, KX_ERR_EXISTS, "there is %s '%s%s%s' already", change->type->noun,
                   other->record.name, change->home != NULL ? "@" : "",
                   change->home != NULL ? change->home->domain.name : "");
}

static gboolean find_home(KxDirectory *directory, KxObjectChange *change, char **ret_local,
                          GError **error)
{
    g_autofree char *domain = NULL;
    if (!kx_name_split(change->given.name, ret_local, &domain))
        return kx_fail(error, KX_ERR_INVALID, "\'%.100s\' is not the name of %s (name@domain)",
                       change->given.name, change->type->noun);
    change->home =
        domain != NULL ? kx_tables_find_domain(directory, domain, error) : directory->primary;
    return change->home != NULL || domain != NULL
               ? change->home != NULL
               : kx_fail(error, KX_ERR_NOT_FOUND, "there is no domain; add one first");
}

static gboolean find_new(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const KxObjectType *type = change->type;
    g_autofree char *local = NULL;
    if (!type->record.in_domain)
        local = g_strdup(change->given.name);
    else if (!find_home(directory, change, &local, error))
        return FALSE;
    change->name = type->name(local, error);
    if (change->name == NULL || !check_taken(directory, change, change->name, error))
        return FALSE;
    change->domain = change->home != NULL ? g_strdup(change->home->domain.name) : NULL;
    change->next = g_malloc0(type->record.size);
    change->next->name = g_strdup(change->name);
    change->next->domain = change->domain != NULL ? g_ref_string_new_intern(change->domain) : NULL;
    kx_record_init(&type->record, change->next);
    return TRUE;
}

static gboolean find_old(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    change->entry =
        kx_entry_find(directory, change->type, change->given.name, &change->home, error);
    if (change->entry == NULL)
        return FALSE;
    const KxRecord *record = &change->entry->record;
    change->name = g_strdup(record->name);
    change->domain = g_strdup(record->domain);
    if (change->given.generation != 0 && change->given.generation != record->generation)
        return kx_fail(error, KX_ERR_CONFLICT,
                       "the %s '%s' was changed meanwhile; look at it again",
                       kx_object_noun(change->type), change->name);
    if (change->given.verb != KX_CHANGE_REMOVE)
        change->next = kx_entry_copy(change->type, change->entry);
    return TRUE;
}

static gboolean take_new_name(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    char *name = change->type->name(change->given.new_name, error);
    if (name == NULL)
        return FALSE;
    g_free(change->next->name);
    change->next->name = name;
    return check_taken(directory, change, name, error);
}

static gboolean find(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    gboolean adds = change->given.verb == KX_CHANGE_ADD;
    if (!(adds ? find_new(directory, change, error) : find_old(directory, change, error)))
        return FALSE;
    if (change->given.verb == KX_CHANGE_RENAME && !take_new_name(directory, change, error))
        return FALSE;
    if (change->given.template != NULL && !kx_template_apply(directory, change, error))
        return FALSE;
    if (change->next != NULL)
        kx_record_take(&change->type->record, change->next, &change->values);
    return TRUE;
}

/* ---- one change: storing ---- */

static gboolean next_generation(KxDb *db, guint *ret_generation, GError **error)
{
    KxStmt *stmt = kx_db_prepare(
        db, "UPDATE counters SET value = value + 1 WHERE name = 'generation' RETURNING value",
        error);
    if (stmt == NULL)
        return FALSE;
    int rc = kx_stmt_step(stmt, error);
    if (rc == 0)
        return kx_fail(error, KX_ERR_CORRUPT, "the generation counter is missing");
    if (rc < 0)
        return FALSE;
    *ret_generation = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return TRUE;
}

static gboolean store_record(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    const KxRecordType *type = &change->type->record;
    if (change->next == NULL)
        return kx_record_delete(directory->db, type, change->entry->record.id, error);
    if (!next_generation(directory->db, &change->next->generation, error))
        return FALSE;
    return change->given.verb == KX_CHANGE_ADD
               ? kx_record_insert(directory->db, type, change->next,
                                  change->home != NULL ? change->home->domain.id : 0, error)
               : kx_record_update(directory->db, type, change->next, error);
}

static gboolean store(KxDirectory *directory, KxObjectChange *change, GError **error)
{
    return store_record(directory, change, error) &&
           (change->type->store == NULL || change->type->store(directory, change, error));
}

/* ---- one change: the tables ---- */

/* The entry gets what is next, and the other way round. */
static void swap(KxObjectChange *change)
{
    kx_record_swap_fields(&change->type->record, &change->entry->record, change->next);
    char *name = change->entry->record.name;
    change->entry->record.name = change->next->name;
    change->next->name = name;
    if (change->type->derive != NULL)
        change->type->derive(change->entry);
}

static void exchange(KxObjectChange *change)
{
    if (change->type->exchange != NULL)
        change->type->exchange(change);
}

static void apply(KxDirectory *directory, KxObjectChange *change)
{
    const KxObjectType *type = change->type;
    if (change->given.verb == KX_CHANGE_ADD) {
        change->entry = kx_entry_new(type, change->next);
    } else {
        type->unlink(directory, change->home, change->entry);
        if (change->next == NULL)
            return;
        swap(change);
    }
    exchange(change);
    type->link(directory, change->home, change->entry);
}

static void undo(KxDirectory *directory, KxObjectChange *change)
{
    const KxObjectType *type = change->type;
    if (change->next != NULL)
        type->unlink(directory, change->home, change->entry);
    if (change->given.verb == KX_CHANGE_ADD) {
        kx_entry_free(type, change->entry);
        return;
    }
    if (change->next != NULL) {
        exchange(change);
        swap(change);
    }
    type->link(directory, change->home, change->entry);
}

/* ---- all of them ---- */

/* What has been applied, in order. */
typedef struct {
    KxDirectory *directory;
    const KxAdmin *admin;
    GPtrArray *applied; /* KxObjectChange, borrowed */
    GPtrArray *more;    /* those that follow from others, owned */
    guint flags;        /* KxChangeFlags */
    GError **errors;    /* of each change, with KX_CHANGE_EACH */
    const KxSettingChange *settings;
    guint n_settings;
} Run;

static gboolean run_one(Run *run, KxObjectChange *change, GError **error);

static gboolean run_following(Run *run, KxObjectChange *change, gboolean early, GError **error)
{
    guint at = run->more->len;
    if (change->type->follow == NULL || change->follows)
        return TRUE;
    change->type->follow(run->directory, change, early, run->more);
    for (guint end = run->more->len; at < end; at++)
        if (!run_one(run, run->more->pdata[at], error))
            return FALSE;
    return TRUE;
}

static gboolean run_one(Run *run, KxObjectChange *change, GError **error)
{
    const KxObjectType *type = change->type;
    if (!find(run->directory, change, error) ||
        (!change->follows && !kx_rights_check_change(run->admin, change, error)) ||
        (!change->follows && !kx_mapped_check_change(run->admin, change, error)) ||
        (!run->admin->renews && !kx_password_policy_check(run->directory, change, error)) ||
        (type->check != NULL && !change->follows && !type->check(run->directory, change, error)) ||
        !run_following(run, change, TRUE, error) || !store(run->directory, change, error))
        return FALSE;
    apply(run->directory, change);
    g_ptr_array_add(run->applied, change);
    return run_following(run, change, FALSE, error);
}

/* What a request can be wrong about; anything else keeps all of them from being made. */
static gboolean is_refusal(const GError *error)
{
    return error->domain == KX_ERROR &&
           (error->code == KX_ERR_NOT_FOUND || error->code == KX_ERR_EXISTS ||
            error->code == KX_ERR_INVALID || error->code == KX_ERR_DENIED ||
            error->code == KX_ERR_IN_USE || error->code == KX_ERR_OVERQUOTA ||
            error->code == KX_ERR_CONFLICT || error->code == KX_ERR_TOO_BIG);
}

/* Back to when that many were applied. */
static void undo_after(Run *run, guint n)
{
    for (guint i = run->applied->len; i > n; i--)
        undo(run->directory, run->applied->pdata[i - 1]);
    g_ptr_array_set_size(run->applied, (int)n);
}

static gboolean savepoint(Run *run, const char *sql, GError **error)
{
    KxStmt *stmt = kx_db_prepare(run->directory->db, sql, error);
    return stmt != NULL && kx_stmt_run(stmt, error);
}

/* One that may be refused without harm to the others. */
static gboolean run_alone(Run *run, KxObjectChange *change, GError **ret_refused, GError **error)
{
    guint before = run->applied->len;
    g_autoptr(GError) inner = NULL;
    if (!savepoint(run, "SAVEPOINT change", error))
        return FALSE;
    if (run_one(run, change, &inner))
        return savepoint(run, "RELEASE change", error);
    undo_after(run, before);
    if (!is_refusal(inner)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    *ret_refused = g_steal_pointer(&inner);
    return savepoint(run, "ROLLBACK TO change", error) && savepoint(run, "RELEASE change", error);
}

static gboolean run_each(Run *run, GPtrArray *changes, GError **error)
{
    for (guint i = 0; i < changes->len; i++)
        if (run->errors[i] == NULL && !run_alone(run, changes->pdata[i], &run->errors[i], error))
            return FALSE;
    return TRUE;
}

static gboolean run_together(Run *run, GPtrArray *changes, guint *ret_failed, GError **error)
{
    for (guint i = 0; i < changes->len; i++)
        if (!run_one(run, changes->pdata[i], error)) {
            *ret_failed = i;
            return FALSE;
        }
    return TRUE;
}

static gboolean run_all(Run *run, GPtrArray *changes, guint *ret_failed, GError **error)
{
    gboolean administered = kx_rights_any_administrator(run->directory);
    if (!kx_db_begin(run->directory->db, error) ||
        !(run->flags & KX_CHANGE_EACH ? run_each(run, changes, error)
                                      : run_together(run, changes, ret_failed, error)) ||
        !kx_settings_take(run->directory, run->settings, run->n_settings, error))
        return FALSE;
    if (administered && !kx_rights_any_administrator(run->directory))
        return kx_fail(error, KX_ERR_IN_USE,
                       "nobody would be left with full administration rights; give them to another "
                       "user first");
    return run->flags & KX_CHANGE_TRY || kx_db_commit(run->directory->db, error);
}

static void write_line(KxDirectory *directory, const KxAdmin *admin, const KxObjectChange *change)
{
    static const KxAuditVerb verbs[] = {
        [KX_CHANGE_ADD] = KX_AUDIT_INSERT,
        [KX_CHANGE_SET] = KX_AUDIT_UPDATE,
        [KX_CHANGE_REMOVE] = KX_AUDIT_DELETE,
        [KX_CHANGE_RENAME] = KX_AUDIT_UPDATE,
    };
    g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(KxAuditField));
    KxAuditField name = {.name = "Name", .value = change->name};
    KxAuditField domain = {.name = "Domain", .value = change->domain};
    KxAuditField new_name = {.name = "New_name", .value = change->given.new_name};
    g_array_append_val(fields, name);
    if (change->domain != NULL)
        g_array_append_val(fields, domain);
    if (change->given.verb == KX_CHANGE_RENAME)
        g_array_append_val(fields, new_name);
    kx_field_values_audit(&change->values, fields);
    kx_log_config_change(directory->logger,
                         &(KxAuditConfig){.user = admin->name,
                                          .verb = verbs[change->given.verb],
                                          .type = change->type->logged,
                                          .fields = (const KxAuditField *)(void *)fields->data,
                                          .field_count = fields->len});
}

static void forget_removed(Run *run)
{
    for (guint i = 0; i < run->applied->len; i++) {
        KxObjectChange *change = run->applied->pdata[i];
        if (change->next != NULL)
            continue;
        if (change->type->gone != NULL)
            change->type->gone(run->directory, change->entry);
        kx_entry_free(change->type, change->entry);
    }
}

/* Once for each type of what was tried. */
static void settle(Run *run, const GPtrArray *changes)
{
    gboolean seen[KX_OBJECT_COUNT] = {FALSE};
    for (guint i = 0; i < changes->len; i++) {
        const KxObjectType *type = ((KxObjectChange *)changes->pdata[i])->type;
        if (type->settle != NULL && !seen[type->record.object])
            type->settle(run->directory);
        seen[type->record.object] = TRUE;
    }
}

static void write_lines(Run *run)
{
    for (guint i = 0; i < run->applied->len; i++) {
        const KxObjectChange *change = run->applied->pdata[i];
        if (!change->follows)
            write_line(run->directory, run->admin, change);
    }
    kx_settings_log(run->directory, run->admin, run->settings, run->n_settings);
}

/* Changes of one domain mostly stand together. */
static void tell_of_people(Run *run)
{
    KxDirectory *directory = run->directory;
    const char *told = NULL;
    for (guint i = 0; directory->people_changed != NULL && i < run->applied->len; i++) {
        const KxObjectChange *change = run->applied->pdata[i];
        if ((change->type != &kx_type_user && change->type != &kx_type_group) ||
            g_strcmp0(told, change->domain) == 0)
            continue;
        told = change->domain;
        directory->people_changed(directory->people_changed_data, told);
    }
}

void kx_directory_on_people(KxDirectory *directory, KxPeopleChanged func, gpointer data)
{
    pthread_mutex_lock(&directory->changing);
    directory->people_changed = func;
    directory->people_changed_data = data;
    pthread_mutex_unlock(&directory->changing);
}

static void give_up(Run *run)
{
    kx_db_rollback(run->directory->db);
    undo_after(run, 0);
}

static gboolean run_locked(Run *run, GPtrArray *changes, guint *ret_failed, GError **error)
{
    KxDirectory *directory = run->directory;
    pthread_mutex_lock(&directory->changing);
    kx_rw_lock_write(&directory->lock);
    gboolean good = run_all(run, changes, ret_failed, error);
    gboolean done = good && !(run->flags & KX_CHANGE_TRY);
    if (done)
        forget_removed(run);
    else
        give_up(run);
    settle(run, changes);
    kx_settings_settle(directory, done);
    kx_rw_lock_unlock(&directory->lock);
    if (done)
        write_lines(run);
    if (done)
        tell_of_people(run);
    kx_settings_tell(directory);
    pthread_mutex_unlock(&directory->changing);
    return good;
}

/* The first change that cannot be read. */
static gboolean check_prepared(GError **errors, guint n, guint *ret_failed, GError **error)
{
    for (guint i = 0; i < n; i++) {
        if (errors[i] == NULL)
            continue;
        *ret_failed = i;
        g_propagate_error(error, g_steal_pointer(&errors[i]));
        for (i++; i < n; i++)
            g_clear_error(&errors[i]);
        return FALSE;
    }
    return TRUE;
}

/* Public folders that aliases and forwarding are to lead to: asked of the store, without locks. */
static void check_targets(KxDirectory *directory, const GPtrArray *all, GError **errors)
{
    for (guint i = 0; i < all->len; i++)
        if (all->pdata[i] != NULL && errors[i] == NULL)
            kx_targets_check(directory, all->pdata[i], &errors[i]);
}

/* `run` without what it collects. */
static gboolean change_all(Run *run, const KxChange *changes, guint n, GError **ret_errors,
                           guint *ret_failed, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(kx_object_change_free);
    g_autoptr(GPtrArray) applied = g_ptr_array_new();
    g_autoptr(GPtrArray) more = g_ptr_array_new_with_free_func(kx_object_change_free);
    g_autofree GError **errors = g_new0(GError *, n);
    gboolean each = (run->flags & KX_CHANGE_EACH) != 0;
    guint failed = n;
    run->applied = applied;
    run->more = more;
    run->errors = errors;
    kx_object_prepare(changes, n, run->flags, all, errors);
    check_targets(run->directory, all, errors);
    gboolean good =
        (each || check_prepared(errors, n, &failed, error)) && run_locked(run, all, &failed, error);
    for (guint i = 0; each && i < n; i++)
        ret_errors[i] = errors[i];
    if (ret_failed != NULL)
        *ret_failed = failed;
    return good;
}

gboolean kx_object_change_many(KxDirectory *directory, const KxAdmin *admin,
                               const KxChange *changes, guint n, guint flags, GError **ret_errors,
                               guint *ret_failed, GError **error)
{
    Run run = {.directory = directory, .admin = admin, .flags = flags};
    return change_all(&run, changes, n, ret_errors, ret_failed, error);
}

gboolean kx_directory_change(KxDirectory *directory, const KxAdmin *admin, const KxChange *changes,
                             guint n, const KxSettingChange *settings, guint n_settings,
                             guint flags, guint *ret_failed, GError **error)
{
    Run run = {.directory = directory,
               .admin = admin,
               .flags = flags,
               .settings = settings,
               .n_settings = n_settings};
    return change_all(&run, changes, n, NULL, ret_failed, error);
}

gboolean kx_object_change(KxDirectory *directory, const KxAdmin *admin, const KxChange *changes,
                          guint n, guint *ret_failed, GError **error)
{
    return kx_object_change_many(directory, admin, changes, n, 0, NULL, ret_failed, error);
}

gboolean kx_object_add(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                       const char *name, const KxField *fields, guint n, GError **error)
{
    KxChange change = {KX_CHANGE_ADD, object, name, NULL, fields, n, 0, NULL};
    return kx_object_change(directory, admin, &change, 1, NULL, error);
}

gboolean kx_object_set(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                       const char *name, const KxField *fields, guint n, GError **error)
{
    KxChange change = {KX_CHANGE_SET, object, name, NULL, fields, n, 0, NULL};
    return kx_object_change(directory, admin, &change, 1, NULL, error);
}

gboolean kx_object_remove(KxDirectory *directory, const KxAdmin *admin, KxObject object,
                          const char *name, GError **error)
{
    KxChange change = {KX_CHANGE_REMOVE, object, name, NULL, NULL, 0, 0, NULL};
    return kx_object_change(directory, admin, &change, 1, NULL, error);
}
