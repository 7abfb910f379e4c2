/* SPDX-License-Identifier: Apache-2.0 */
/* The database seam: durability settings, error codes, statements, schema versions, relative paths.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "db/db.h"

typedef struct {
    char *top, *before;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->before = g_get_current_dir();
    fixture->top = g_dir_make_tmp("keryx-db-XXXXXX", NULL);
    g_assert_cmpint(g_chdir(fixture->top), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(g_chdir(fixture->top), ==, 0);
    static const char *const FILES[] = {"a.db", "a.db-wal", "a.db-shm", "a.db.bad", "b.db"};
    for (guint i = 0; i < G_N_ELEMENTS(FILES); i++)
        g_unlink(FILES[i]);
    g_assert_cmpint(g_chdir(fixture->before), ==, 0);
    g_rmdir(fixture->top);
    g_free(fixture->top);
    g_free(fixture->before);
}

static KxDb *open_db(const char *path, KxDbFlags flags)
{
    GError *error = NULL;
    KxDb *db = kx_db_open(path, flags, &error);
    g_assert_no_error(error);
    return db;
}

static void run(KxDb *db, const char *sql)
{
    GError *error = NULL;
    kx_db_exec(db, sql, &error);
    g_assert_no_error(error);
}

static gint64 number(KxDb *db, const char *sql)
{
    GError *error = NULL;
    KxStmt *stmt = kx_db_prepare(db, sql, &error);
    g_assert_no_error(error);
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 1);
    gint64 value = kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return value;
}

static void test_durable(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
    KxStmt *stmt = kx_db_prepare(db, "PRAGMA journal_mode", &error);
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 1);
    g_assert_cmpstr(kx_stmt_text(stmt, 0), ==, "wal");
    kx_stmt_reset(stmt);
    g_assert_cmpint(number(db, "PRAGMA synchronous"), ==, 2); /* FULL: every commit is synced */
    g_assert_cmpint(number(db, "PRAGMA foreign_keys"), ==, 1);
    g_autoptr(KxDb) building = open_db("b.db", KX_DB_CREATE | KX_DB_UNSYNCED | KX_DB_SMALL);
    g_assert_cmpint(number(building, "PRAGMA synchronous"), ==, 0);
    g_assert_cmpint(number(building, "PRAGMA cache_size"), ==, -256);
}

/* A process that is killed has committed what it said it had. */
static void test_killed(Fixture *fixture, gconstpointer data)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
        run(db, "CREATE TABLE t (n INTEGER)");
        for (guint32 i = 0;; i++) {
            g_autofree char *sql = g_strdup_printf("INSERT INTO t VALUES (%u)", i);
            if (!kx_db_begin(db, NULL) || !kx_db_exec(db, sql, NULL) || !kx_db_commit(db, NULL) ||
                write(ends[1], &i, sizeof i) != sizeof i)
                _exit(1);
        }
    }
    close(ends[1]);
    guint32 last = 0, heard;
    while (last < 50 && read(ends[0], &heard, sizeof heard) == sizeof heard)
        last = heard;
    kill(child, SIGKILL);
    while (read(ends[0], &heard, sizeof heard) == sizeof heard)
        last = heard;
    close(ends[0]);
    waitpid(child, NULL, 0);
    g_autoptr(KxDb) db = open_db("a.db", 0);
    GError *error = NULL;
    g_assert_true(kx_db_check(db, FALSE, &error));
    g_assert_cmpint(number(db, "SELECT COUNT(*) FROM t"), >=, last + 1);
    g_assert_cmpint(number(db, "SELECT MAX(n) - COUNT(*) FROM t"), ==, -1);
}

static void test_transactions(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
    g_autoptr(KxDb) reader = NULL;
    run(db, "CREATE TABLE t (n INTEGER UNIQUE)");
    reader = open_db("a.db", KX_DB_READ_ONLY);
    g_assert_true(kx_db_begin(db, &error));
    g_assert_true(kx_db_in_transaction(db));
    run(db, "INSERT INTO t VALUES (1)");
    g_assert_cmpint(number(reader, "SELECT COUNT(*) FROM t"), ==, 0);
    kx_db_rollback(db);
    g_assert_false(kx_db_in_transaction(db));
    kx_db_rollback(db); /* nothing to do */
    g_assert_true(kx_db_begin(db, &error));
    run(db, "INSERT INTO t VALUES (2)");
    g_assert_cmpint(kx_db_changes(db), ==, 1);
    g_assert_cmpint(kx_db_last_insert_id(db), ==, 1);
    g_assert_true(kx_db_commit(db, &error));
    g_assert_cmpint(number(reader, "SELECT n FROM t"), ==, 2);
    g_assert_false(kx_db_exec(reader, "INSERT INTO t VALUES (3)", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_clear_error(&error);
    g_assert_false(kx_db_exec(db, "INSERT INTO t VALUES (2)", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_EXISTS);
    g_clear_error(&error);
    g_assert_false(kx_db_exec(db, "INSERT INTO nowhere VALUES (2)", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_FAILED);
    g_clear_error(&error);
    g_assert_null(kx_db_prepare(db, "SELEKT 1", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_FAILED);
    g_clear_error(&error);
}

static gpointer release_later(gpointer data)
{
    g_usleep(200000);
    kx_db_rollback(data);
    return NULL;
}

static void test_lock(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxDb) one = open_db("a.db", KX_DB_CREATE);
    run(one, "CREATE TABLE t (n INTEGER)");
    g_autoptr(KxDb) two = open_db("a.db", 0);
    g_assert_true(kx_db_begin(one, &error));
    GThread *thread = g_thread_new("release", release_later, one);
    g_assert_true(kx_db_begin(two, &error)); /* waits */
    g_assert_no_error(error);
    g_thread_join(thread);
    kx_db_rollback(two);
}

static void test_statements(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
    run(db, "CREATE TABLE t (n INTEGER, s TEXT, b BLOB)");
    g_autoptr(GBytes) bytes = g_bytes_new_static("\0\1\2", 3);
    KxStmt *stmt = kx_db_prepare(db, "INSERT INTO t VALUES (?, ?, ?)", &error);
    kx_stmt_bind_int(stmt, 1, G_MININT64);
    kx_stmt_bind_text(stmt, 2, "text");
    kx_stmt_bind_bytes(stmt, 3, bytes);
    g_assert_true(kx_stmt_run(stmt, &error));
    g_assert_true(kx_db_prepare(db, "INSERT INTO t VALUES (?, ?, ?)", &error) ==
                  stmt); /* bindings are cleared */
    kx_stmt_bind_text(stmt, 2, NULL);
    kx_stmt_bind_blob(stmt, 3, NULL, 0);
    g_assert_true(kx_stmt_run(stmt, &error));
    stmt = kx_db_prepare(db, "SELECT n, s, b FROM t ORDER BY rowid", &error);
    size_t len;
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 1);
    g_assert_cmpint(kx_stmt_int(stmt, 0), ==, G_MININT64);
    g_assert_cmpstr(kx_stmt_text(stmt, 1), ==, "text");
    const void *blob = kx_stmt_blob(stmt, 2, &len);
    g_assert_cmpmem(blob, (int)len, "\0\1\2", 3);
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 1);
    g_assert_null(kx_stmt_text(stmt, 0)); /* not bound again */
    g_assert_null(kx_stmt_text(stmt, 1));
    kx_stmt_blob(stmt, 2, &len);
    g_assert_cmpuint(len, ==, 0);
    g_assert_nonnull(kx_stmt_text(stmt, 2)); /* empty, and no NULL */
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 0);
}

static void test_migrate(Fixture *fixture, gconstpointer data)
{
    static const char *const SCRIPTS[] = {"CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);",
                                          "UPDATE t SET n = n + 1", "THIS FAILS"};
    GError *error = NULL;
    g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
    g_assert_true(kx_db_migrate(db, SCRIPTS, 1, &error));
    g_assert_true(kx_db_migrate(db, SCRIPTS, 2, &error));
    g_assert_true(kx_db_migrate(db, SCRIPTS, 2, &error));
    g_assert_cmpint(number(db, "SELECT n FROM t"), ==, 2);
    g_assert_false(kx_db_migrate(db, SCRIPTS, 3, &error));
    g_clear_error(&error);
    g_assert_false(kx_db_in_transaction(db));
    g_assert_cmpint(number(db, "PRAGMA user_version"), ==, 2);
    g_assert_false(kx_db_migrate(db, SCRIPTS, 1, &error)); /* from a newer program */
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_clear_error(&error);
}

static gpointer migrate(gpointer path)
{
    static const char *const MAKE[] = {"CREATE TABLE t (a INTEGER); CREATE TABLE u (b INTEGER);"};
    g_autoptr(GError) error = NULL;
    KxDb *db = kx_db_open(path, KX_DB_CREATE, &error);
    g_assert_no_error(error);
    g_assert_true(kx_db_migrate(db, MAKE, 1, &error));
    g_assert_no_error(error);
    kx_db_close(db);
    return NULL;
}

/* Several find no schema: one makes it, the others see that it has. */
static void test_migrate_at_once(Fixture *fixture, gconstpointer data)
{
    for (guint round = 0; round < 50; round++) {
        g_autofree char *path = g_strdup_printf("%u.db", round);
        GThread *threads[4];
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
            threads[i] = g_thread_new("migrate", migrate, path);
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
            g_thread_join(threads[i]);
    }
}

static void test_damage(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_assert_null(kx_db_open("absent.db", 0, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_clear_error(&error);
    g_assert_true(
        g_file_set_contents("a.db", "This is a text, and no database at all.\n", -1, NULL));
    g_assert_null(kx_db_open("a.db", 0, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
    g_clear_error(&error);
    g_unlink("a.db");
    g_autoptr(KxDb) db = open_db("a.db", KX_DB_CREATE);
    run(db, "CREATE TABLE t (n INTEGER, s TEXT); CREATE INDEX i ON t (s);"
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5000)"
            " INSERT INTO t SELECT x, hex(randomblob(50)) FROM c");
    g_assert_true(kx_db_check(db, FALSE, &error));
    g_assert_true(kx_db_check(db, TRUE, &error));
    g_clear_pointer(&db, kx_db_close);
    int fd = open("a.db", O_RDWR);
    g_autofree char *garbage = g_strnfill(4096, '\xee');
    for (int page = 5; page < 15; page++)
        g_assert_cmpint(pwrite(fd, garbage, 4096, page * 4096), ==, 4096);
    close(fd);
    db = open_db("a.db", 0);
    g_assert_false(kx_db_check(db, TRUE, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
    g_clear_error(&error);
    g_assert_false(kx_db_exec(db, "UPDATE t SET s = 'x'", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_CORRUPT);
    g_clear_error(&error);
}

/* The roles own nothing above the data directory: a path is used as it is given, and never made
 * absolute. Here the absolute one would be longer than SQLite takes. */
static void test_relative(Fixture *fixture, gconstpointer data)
{
    enum { LEVELS = 6 };
    g_autofree char *level = g_strnfill(150, 'd');
    for (int i = 0; i < LEVELS; i++)
        g_assert_true(g_mkdir(level, 0700) == 0 && g_chdir(level) == 0);
    KxDb *db = open_db("a.db", KX_DB_CREATE);
    run(db, "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)");
    KxDb *reader = open_db("a.db", KX_DB_READ_ONLY);
    g_assert_cmpint(number(reader, "SELECT n FROM t"), ==, 7);
    g_assert_true(g_file_test("a.db-wal", G_FILE_TEST_EXISTS));
    kx_db_close(reader);
    kx_db_close(db);
    g_assert_false(g_file_test("a.db-wal", G_FILE_TEST_EXISTS));
    g_unlink("a.db");
    for (int i = 0; i < LEVELS; i++)
        g_assert_true(g_chdir("..") == 0 && g_rmdir(level) == 0);
}

static void test_losable(Fixture *fixture, gconstpointer data)
{
    static const char *const SCRIPTS[] = {"CREATE TABLE t (x); INSERT INTO t VALUES (1)"};
    g_autofree char *garbage = g_strnfill(8192, 'x');
    GError *error = NULL;
    for (int i = 0; i < 2; i++) { /* without a file, and of what is there */
        KxDb *db = kx_db_open_losable("a.db", 0, SCRIPTS, 1, &error);
        g_assert_no_error(error);
        g_assert_true(kx_db_exec(db, "INSERT INTO t VALUES (2)", &error));
        kx_db_close(db);
        g_assert_false(g_file_test("a.db.bad", G_FILE_TEST_EXISTS));
    }
    g_assert_true(g_file_set_contents("a.db", garbage, 8192, NULL));
    g_assert_true(g_file_set_contents("a.db-wal", garbage, 8192, NULL));
    g_autoptr(KxDb) db = kx_db_open_losable("a.db", 0, SCRIPTS, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(number(db, "SELECT count(*) FROM t"), ==, 1);
    g_assert_true(g_file_test("a.db.bad", G_FILE_TEST_EXISTS));
}

#define ADD_TEST(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/db/durable", test_durable);
    ADD_TEST("/db/killed", test_killed);
    ADD_TEST("/db/transactions", test_transactions);
    ADD_TEST("/db/lock", test_lock);
    ADD_TEST("/db/statements", test_statements);
    ADD_TEST("/db/migrate", test_migrate);
    ADD_TEST("/db/migrate-at-once", test_migrate_at_once);
    ADD_TEST("/db/losable", test_losable);
    ADD_TEST("/db/damage", test_damage);
    ADD_TEST("/db/relative", test_relative);
    return g_test_run();
}
