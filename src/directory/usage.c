/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/usage.h"

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/names.h"

static const char MONTH[] = "%Y-%m";

static void usage_free(gpointer data)
{
    KxDomainUsage *usage = data;
    g_free(usage->month);
    g_free(usage->domain);
    g_free(usage);
}

/* ---- counting ---- */

static gboolean store_peak(KxDb *db, const char *month, const KxDomainEntry *home, guint mailboxes,
                           GError **error)
{
    KxStmt *stmt =
        kx_db_prepare(db,
                      "INSERT INTO usage (month, domain, mailboxes) VALUES (?, ?, ?)"
                      " ON CONFLICT (month, domain) DO UPDATE SET mailboxes = excluded.mailboxes"
                      " WHERE excluded.mailboxes > usage.mailboxes",
                      error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, month);
    kx_stmt_bind_text(stmt, 2, home->domain.name);
    kx_stmt_bind_int(stmt, 3, mailboxes);
    return kx_stmt_run(stmt, error);
}

gboolean kx_usage_store(KxDirectory *directory, const KxDomainEntry *home, guint mailboxes,
                        GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *month = g_date_time_format(now, MONTH);
    return store_peak(directory->db, month, home, mailboxes, error);
}

static gboolean store_all(KxDirectory *directory, const char *month, GError **error)
{
    GHashTableIter iter;
    gpointer home;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &home)) {
        guint mailboxes = g_hash_table_size(((KxDomainEntry *)home)->users);
        if (!store_peak(directory->db, month, home, mailboxes, error))
            return FALSE;
    }
    return TRUE;
}

gboolean kx_usage_note(KxDirectory *directory, GDateTime *now, GError **error)
{
    g_autofree char *month = g_date_time_format(now, MONTH);
    pthread_mutex_lock(&directory->changing);
    gboolean done = kx_db_begin(directory->db, error);
    if (done) {
        done = store_all(directory, month, error) && kx_db_commit(directory->db, error);
        if (!done)
            kx_db_rollback(directory->db);
    }
    pthread_mutex_unlock(&directory->changing);
    return done;
}

/* ---- looking ---- */

static gboolean check_month(const char *month, GError **error)
{
    static const char FORM[] = "dddd-dd";
    gboolean good = month == NULL || strlen(month) == strlen(FORM);
    for (guint i = 0; month != NULL && good && FORM[i] != '\0'; i++)
        good = FORM[i] == 'd' ? g_ascii_isdigit(month[i]) : month[i] == FORM[i];
    return good || kx_fail(error, KX_ERR_INVALID, "'%.20s' is not a month like 2026-11", month);
}

static gboolean read_rows(KxStmt *stmt, GPtrArray *list, GError **error)
{
    int rc;
    while ((rc = kx_stmt_step(stmt, error)) == 1) {
        KxDomainUsage *usage = g_new(KxDomainUsage, 1);
        *usage = (KxDomainUsage){g_strdup(kx_stmt_text(stmt, 0)), g_strdup(kx_stmt_text(stmt, 1)),
                                 (guint64)kx_stmt_int(stmt, 2)};
        g_ptr_array_add(list, usage);
    }
    return rc == 0;
}

static gboolean read_list(KxDirectory *directory, const char *domain, const char *from,
                          const char *to, GPtrArray *list, GError **error)
{
    KxStmt *stmt = kx_db_prepare(directory->db,
                                 "SELECT month, domain, mailboxes FROM usage WHERE month >= ?"
                                 " AND month <= ? AND (? = '' OR domain = ?)"
                                 " ORDER BY month, domain",
                                 error);
    if (stmt == NULL)
        return FALSE;
    kx_stmt_bind_text(stmt, 1, from != NULL ? from : "0000-00");
    kx_stmt_bind_text(stmt, 2, to != NULL ? to : "9999-99");
    kx_stmt_bind_text(stmt, 3, domain != NULL ? domain : "");
    kx_stmt_bind_text(stmt, 4, domain != NULL ? domain : "");
    return read_rows(stmt, list, error);
}

GPtrArray *kx_usage_list(KxDirectory *directory, const char *domain, const char *from,
                         const char *to, GError **error)
{
    g_autofree char *name = domain != NULL ? kx_name_domain(domain, error) : NULL;
    if ((domain != NULL && name == NULL) || !check_month(from, error) || !check_month(to, error))
        return NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    if (!kx_usage_note(directory, now, error))
        return NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(usage_free);
    pthread_mutex_lock(&directory->changing);
    gboolean done = read_list(directory, name, from, to, list, error);
    pthread_mutex_unlock(&directory->changing);
    return done ? g_steal_pointer(&list) : NULL;
}
