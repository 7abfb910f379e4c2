/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/change.h"

static gboolean store(KxDirectory *directory, const KxChangeKind *kind, gpointer data,
                      GError **error)
{
    if (!kx_db_begin(directory->db, error))
        return FALSE;
    if (kind->store(directory, data, error) && kx_db_commit(directory->db, error))
        return TRUE;
    kx_db_rollback(directory->db);
    return FALSE;
}

static void write_line(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                       gpointer data)
{
    g_autoptr(GArray) audit = g_array_new(FALSE, FALSE, sizeof(KxAuditField));
    kind->describe(data, audit);
    KxAuditConfig line = {
        .user = admin->name,
        .verb = kind->verb,
        .type = kind->type,
        .fields = (const KxAuditField *)(void *)audit->data,
        .field_count = audit->len,
    };
    kx_log_config_change(directory->logger, &line);
}

static gboolean run_change(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                           gpointer data, GError **error)
{
    if (!kind->check(directory, data, error) || !store(directory, kind, data, error))
        return FALSE;
    /* Before apply, which may free what the line names. */
    write_line(directory, admin, kind, data);
    kx_rw_lock_write(&directory->lock);
    kind->apply(directory, data);
    kx_rw_lock_unlock(&directory->lock);
    if (kind->tell != NULL)
        kind->tell(directory, data);
    return TRUE;
}

gboolean kx_change_run(KxDirectory *directory, const KxAdmin *admin, const KxChangeKind *kind,
                       gpointer data, GError **error)
{
    pthread_mutex_lock(&directory->changing);
    gboolean done = run_change(directory, admin, kind, data, error);
    pthread_mutex_unlock(&directory->changing);
    return done;
}

void kx_change_audit(GArray *audit, const char *name, const char *value)
{
    KxAuditField field = {.name = name, .value = value};
    g_array_append_val(audit, field);
}

gboolean kx_change_run_id(KxDb *db, const char *sql, gint64 id, GError **error)
{
    KxStmt *stmt = kx_db_prepare(db, sql, error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_int(stmt, 1, id);
    return kx_stmt_run(stmt, error);
}
