/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fsutil.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static char *in_temporary_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *dir = g_dir_make_tmp("keryx-fsutil-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(chdir(dir), ==, 0);
    return dir;
}

static guint mode_of(const char *path)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_mode & 07777;
}

static void test_mkdir(void)
{
    g_autofree char *dir = in_temporary_directory();
    g_autoptr(GError) error = NULL;
    g_assert_true(kx_mkdir_durable("a/b/c", &error));
    g_assert_cmpuint(mode_of("a"), ==, 0700);
    g_assert_cmpuint(mode_of("a/b/c"), ==, 0700);
    g_assert_true(kx_mkdir_durable("a/b", &error)); /* is there */
    g_assert_true(g_file_set_contents("file", "x", 1, NULL));
    g_assert_false(kx_mkdir_durable("file/below", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_rmdir("a/b/c");
    g_rmdir("a/b");
    g_rmdir("a");
    g_unlink("file");
    g_rmdir(dir);
}

static void test_write_and_read(void)
{
    g_autofree char *dir = in_temporary_directory();
    g_autoptr(GError) error = NULL;
    g_assert_true(kx_write_file_durable("f", "one", 3, 0600, &error));
    g_assert_true(kx_write_file_durable("f", "second", 6, 0600, &error));
    g_assert_cmpuint(mode_of("f"), ==, 0600);
    g_assert_false(g_file_test("f.new", G_FILE_TEST_EXISTS));
    g_autofree char *bytes = NULL;
    size_t len;
    g_assert_true(kx_read_file("f", 6, &bytes, &len, &error));
    g_assert_cmpuint(len, ==, 6);
    g_assert_cmpstr(bytes, ==, "second");
    char *none = NULL;
    g_assert_false(kx_read_file("f", 5, &none, &len, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_clear_error(&error);
    g_assert_false(kx_read_file("g", 5, &none, NULL, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(none);
    g_assert_false(kx_write_file_durable("no/such/f", "x", 1, 0600, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_unlink("f");
    g_rmdir(dir);
}

/* What cannot be replaced stays as it was, and nothing is left beside it. */
static void test_failed_write(void)
{
    g_autofree char *dir = in_temporary_directory();
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir("d", 0700), ==, 0);
    g_assert_cmpint(g_mkdir("d/child", 0700), ==, 0);
    g_assert_false(
        kx_write_file_durable("d", "x", 1, 0600, &error)); /* a directory cannot be replaced */
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    g_assert_false(g_file_test("d.new", G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test("d/child", G_FILE_TEST_IS_DIR));
    g_rmdir("d/child");
    g_rmdir("d");
    g_rmdir(dir);
}

static void test_write_all(void)
{
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_true(kx_write_all(fds[1], "abc", 3, NULL));
    g_assert_true(kx_write_all(fds[1], NULL, 0, NULL));
    close(fds[1]);
    g_autoptr(GError) error = NULL;
    g_assert_false(kx_write_all(fds[1], "abc", 3, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    char got[8];
    g_assert_cmpint(read(fds[0], got, sizeof got), ==, 3);
    close(fds[0]);
    g_clear_error(&error);
    g_assert_false(kx_sync_dir("/no/such/directory", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/fsutil/mkdir", test_mkdir);
    g_test_add_func("/base/fsutil/write-and-read", test_write_and_read);
    g_test_add_func("/base/fsutil/failed-write", test_failed_write);
    g_test_add_func("/base/fsutil/write-all", test_write_all);
    return g_test_run();
}
