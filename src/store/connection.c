/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections to an account's index: one for writing under the write lock, a few for reading
 * beside it. They are opened when needed and closed when the account has been quiet, whoever still
 * holds the account.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/kept-private.h"
#include "store/redo-private.h"
#include "store/store-private.h"

enum { IDLE_READERS = 2 };

/* ---- marker of an open account ---- */

/* Not synced: whatever is synced later on the same file system takes it along. */
gboolean kx_account_mark(KxAccount *account, GError **error)
{
    if (account->marked)
        return TRUE;
    const char *path = account->marker;
    g_autofree char *parent = g_path_get_dirname(path);
    if (mkdir(parent, 0700) < 0 && errno != EEXIST)
        return kx_error_errno(error, "cannot make directory %s", parent);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return kx_error_errno(error, "cannot create %s", path);
    close(fd);
    account->marked = TRUE;
    return TRUE;
}

static void unmark(KxAccount *account)
{
    if (!account->marked)
        return;
    unlink(account->marker);
    account->marked = FALSE;
}

static gboolean was_left_open(KxAccount *account)
{
    return !account->marked && access(account->marker, F_OK) == 0;
}

/* ---- the writer ---- */

static guint64 index_inode(KxAccount *account)
{
    struct stat st;
    return stat(account->index, &st) == 0 ? (guint64)st.st_ino : 0;
}

gboolean kx_account_connect(KxAccount *account, GError **error)
{
    if (account->db)
        return TRUE;
    kx_store_make_room(account->store);
    account->db = kx_index_open(account->index, 0, error);
    if (!account->db)
        return FALSE;
    __atomic_store_n(&account->inode, index_inode(account), __ATOMIC_RELAXED);
    __atomic_store_n(&account->open, 1, __ATOMIC_RELEASE);
    __atomic_add_fetch(&account->store->n_open, 1, __ATOMIC_RELAXED);
    return TRUE;
}

static gboolean close_readers(KxAccount *account, gboolean wait)
{
    pthread_mutex_lock(&account->reader_lock);
    account->readers_blocked = TRUE;
    while (wait && account->busy_readers > 0)
        pthread_cond_wait(&account->reader_cond, &account->reader_lock);
    gboolean quiet = account->busy_readers == 0;
    for (guint i = 0; quiet && i < account->readers->len; i++)
        kx_db_close(account->readers->pdata[i]);
    if (quiet)
        g_ptr_array_set_size(account->readers, 0);
    return quiet; /* still locked */
}

static void let_readers_go(KxAccount *account)
{
    account->readers_blocked = FALSE;
    pthread_cond_broadcast(&account->reader_cond);
    pthread_mutex_unlock(&account->reader_lock);
}

gboolean kx_account_disconnect(KxAccount *account, gboolean wait)
{
    if (!account->db)
        return TRUE;
    gboolean quiet = close_readers(account, wait);
    if (quiet) {
        __atomic_store_n(&account->open, 0, __ATOMIC_RELEASE);
        g_clear_pointer(&account->db, kx_db_close);
        __atomic_sub_fetch(&account->store->n_open, 1, __ATOMIC_RELAXED);
    }
    let_readers_go(account);
    return quiet;
}

gboolean kx_account_shut(KxAccount *account, gboolean wait)
{
    g_autoptr(GError) error = NULL;
    if (account->db && !kx_account_flush(account, &error))
        return FALSE; /* the marker stays, so that the next start looks at it */
    if (!kx_account_disconnect(account, wait))
        return FALSE;
    unmark(account);
    return TRUE;
}

/* ---- readers ---- */

static gboolean ensure_open(KxAccount *account, GError **error)
{
    if (__atomic_load_n(&account->open, __ATOMIC_ACQUIRE))
        return TRUE;
    pthread_mutex_lock(&account->write_lock);
    gboolean ok = kx_account_connect(account, error);
    pthread_mutex_unlock(&account->write_lock);
    return ok;
}

static void reader_left(KxAccount *account)
{
    if (--account->busy_readers == 0)
        pthread_cond_broadcast(&account->reader_cond);
    pthread_mutex_unlock(&account->reader_lock);
}

static KxDb *take_reader(KxAccount *account, GError **error)
{
    KxDb *db = NULL;
    for (;;) {
        if (!ensure_open(account, error))
            return NULL;
        pthread_mutex_lock(&account->reader_lock);
        while (account->readers_blocked)
            pthread_cond_wait(&account->reader_cond, &account->reader_lock);
        account->busy_readers++;
        if (__atomic_load_n(&account->open, __ATOMIC_ACQUIRE))
            break;
        reader_left(account); /* closed meanwhile */
    }
    if (account->readers->len > 0)
        db = g_ptr_array_steal_index_fast(account->readers, account->readers->len - 1);
    pthread_mutex_unlock(&account->reader_lock);
    if (!db)
        db = kx_index_open(account->index, KX_DB_READ_ONLY, error);
    if (!db) {
        pthread_mutex_lock(&account->reader_lock);
        reader_left(account);
    }
    return db;
}

static void give_reader(KxAccount *account, KxDb *db, gboolean reuse)
{
    pthread_mutex_lock(&account->reader_lock);
    if (reuse && account->readers->len < IDLE_READERS)
        g_ptr_array_add(account->readers, db);
    else
        kx_db_close(db);
    reader_left(account);
}

/* ---- work ---- */

static gboolean is_damage(const GError *error)
{
    return g_error_matches(error, KX_ERROR, KX_ERR_CORRUPT);
}

gboolean kx_account_write(KxAccount *account, KxWork work, gpointer data, GError **error)
{
    g_autoptr(GError) problem = NULL;
    kx_account_touch(account);
    pthread_mutex_lock(&account->write_lock);
    gboolean ok = kx_account_connect(account, &problem) && work(account, data, &problem);
    if (!ok && (is_damage(problem) || !index_inode(account))) {
        g_clear_error(&problem);
        ok = kx_account_rebuild(account, TRUE, NULL, &problem) && work(account, data, &problem);
    }
    pthread_mutex_unlock(&account->write_lock);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&problem));
    return ok;
}

static gboolean repair_work(KxAccount *account, gpointer data, GError **error)
{
    return kx_db_check(account->db, FALSE,
                       error); /* damage found here makes kx_account_write() rebuild */
}

static gboolean read_once(KxAccount *account, KxReadWork work, gpointer data, GError **error)
{
    GError *problem = NULL;
    KxDb *db = take_reader(account, error);
    if (!db)
        return FALSE;
    /* In one transaction the file is locked once, and not for each statement. */
    gboolean ok = kx_db_begin_reading(db, &problem) && work(account, db, data, &problem);
    kx_db_rollback(db);
    give_reader(account, db, ok || !is_damage(problem));
    if (!ok)
        g_propagate_error(error, problem);
    return ok;
}

gboolean kx_account_read(KxAccount *account, KxReadWork work, gpointer data, GError **error)
{
    GError *problem = NULL;
    kx_account_touch(account);
    gboolean ok = read_once(account, work, data, &problem);
    if (!ok && (is_damage(problem) || !index_inode(account)) &&
        kx_account_write(account, repair_work, NULL, NULL)) {
        g_clear_error(&problem);
        ok = read_once(account, work, data, &problem);
    }
    if (!ok)
        g_propagate_error(error, problem);
    return ok;
}

/* ---- opening ---- */

static gboolean is_new(KxAccount *account)
{
    return access(account->dir, F_OK) < 0 || rmdir(account->dir) == 0;
}

static gboolean load_index(KxAccount *account, GError **error)
{
    if (!kx_account_connect(account, error) || !kx_account_load(account, error))
        return FALSE;
    return (!was_left_open(account) && !kx_redo_is_left(account)) ||
           kx_account_quick_check(account, error);
}

static gboolean open_locked(KxAccount *account, gboolean create, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gboolean absent = is_new(account);
    if (absent && !create)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no mailbox %s", account->name);
    if (absent && !kx_account_create(account, error))
        return FALSE;
    gboolean ok = index_inode(account) != 0 && load_index(account, &problem);
    if (!ok && (!problem || is_damage(problem))) {
        g_clear_error(&problem);
        ok = kx_account_rebuild(account, TRUE, NULL, &problem) &&
             kx_kept_drop_live(account, &problem);
    }
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&problem));
    else
        __atomic_store_n(&account->ready, 1, __ATOMIC_RELEASE);
    return ok;
}

gboolean kx_account_open(KxAccount *account, gboolean create, GError **error)
{
    gboolean ready = __atomic_load_n(&account->ready, __ATOMIC_ACQUIRE) != 0;
    guint64 inode = index_inode(account);
    if (ready && inode != 0 && inode == __atomic_load_n(&account->inode, __ATOMIC_RELAXED))
        return TRUE;
    gboolean ok = TRUE;
    pthread_mutex_lock(&account->write_lock);
    if (!account->ready)
        ok = open_locked(account, create, error);
    else if (index_inode(account) != account->inode) /* taken away by the administrator */
        ok = kx_account_rebuild(account, TRUE, NULL, error);
    pthread_mutex_unlock(&account->write_lock);
    return ok;
}
