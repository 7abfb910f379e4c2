/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up. Run as root it drops root, which a process can do once only: each case has a process
 * of its own. */
#include "admin-test.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "admin/certificate-info.h"
#include "admin/certificate-store.h"
#include "admin/cli-private.h"
#include "admin/setup.h"
#include "directory/resolve.h"
#include "base/paths.h"

typedef void (*Case)(const char *data);

static void in_child(Case test)
{
    char *folder = enter_folder();
    g_assert_cmpint(chmod(folder, 0755), ==, 0);
    g_autofree char *data = g_build_filename(folder, "data", NULL);
    pid_t pid = fork();
    if (pid == 0) {
        test(data);
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    leave_folder(folder);
}

static KxSetup wish_for(const char *data)
{
    return (KxSetup){.data = (char *)data,
                     .domain = "company.test",
                     .hostname = "mail.company.test",
                     .admin_name = "admin",
                     .password = "twelve letters",
                     .port_offset = 10000,
                     .uid = getuid()};
}

static void setup_ok(const char *data, gboolean replace)
{
    g_autoptr(GError) error = NULL;
    KxSetup setup = wish_for(data);
    setup.replace = replace;
    gboolean done = kx_setup_run(&setup, &error);
    g_assert_no_error(error);
    g_assert_true(done);
}

static void assert_private(const char *path)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 0077, ==, 0);
    g_assert_cmpuint(st.st_uid, ==, geteuid());
    g_assert_cmpuint(st.st_uid, !=, 0);
}

static void check_contents(void)
{
    KxLoggerOptions options = {.directory = "store/logs"};
    g_autoptr(KxLogger) logger = kx_logger_open(&options, NULL);
    g_autoptr(KxDirectory) directory = kx_directory_open(logger, NULL);
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    g_assert_cmpstr(kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), ==, "mail.company.test");
    g_assert_cmpint(kx_settings_int(settings, KX_SET_SERVER_PORT_OFFSET), ==, 10000);
    g_autoptr(KxDomain) domain = kx_domain_get(directory, "company.test", NULL);
    g_assert_true(domain->primary);
    g_autoptr(KxUser) user = NULL;
    const char *reason;
    g_assert_cmpint(
        kx_auth_password(directory, "admin", "twelve letters", NULL, NULL, &user, &reason), ==,
        KX_AUTH_OK);
    g_assert_cmpint(user->admin, ==, KX_LEVEL_FULL);
    g_autoptr(KxResolution) found = kx_resolve(directory, "postmaster@company.test", FALSE);
    const KxDestination *postmaster = g_ptr_array_index(found->destinations, 0);
    g_assert_cmpstr(postmaster->address, ==, "admin@company.test");
}

static void check_certificate(void)
{
    g_autofree char *active = kx_certificate_active();
    g_assert_cmpstr(active, ==, "server");
    g_autofree char *pem = kx_certificate_read("server", KX_CERTIFICATE_CHAIN, NULL);
    json_auto_t *info = kx_certificate_info(pem, NULL);
    g_autofree char *names = json_dumps(json_object_get(info, "names"), JSON_COMPACT);
    g_assert_cmpstr(names, ==, "[\"mail.company.test\",\"company.test\"]");
    assert_private("sslcert/server.key");
}

static void make_case(const char *data)
{
    setup_ok(data, FALSE);
    assert_private(".");
    assert_private("server.db");
    g_assert_cmpint(
        access("store/mail", F_OK) | access("store/queue", F_OK) | access("sslca", F_OK), ==, 0);
    check_contents();
    check_certificate();
}

/* covers: CERT-04, INST-40 */
static void test_make(void)
{
    in_child(make_case);
}

static void twice_case(const char *data)
{
    g_autoptr(GError) error = NULL;
    setup_ok(data, FALSE);
    KxSetup again = wish_for(data);
    g_assert_false(kx_setup_run(&again, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_EXISTS);
    setup_ok(data, TRUE);
    check_contents();
    guint backups = 0;
    g_autoptr(GDir) dir = g_dir_open(".", 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)))
        if (g_str_has_prefix(name, "backup-")) {
            g_autofree char *old = g_build_filename(name, "server.db", NULL);
            g_autofree char *key = g_build_filename(name, "sslcert", "server.key", NULL);
            backups += access(old, F_OK) == 0 && access(key, F_OK) == 0;
        }
    g_assert_cmpuint(backups, ==, 1);
}

static void test_twice(void)
{
    in_child(twice_case);
}

static void running_case(const char *data)
{
    g_autoptr(GError) error = NULL;
    setup_ok(data, FALSE);
    int lock = kx_cli_lock();
    g_assert_cmpint(lock, >=, 0);
    KxSetup again = wish_for(data);
    again.replace = TRUE;
    g_assert_false(kx_setup_run(&again, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IN_USE);
    g_assert_cmpint(kx_cli_server_pid(), ==, 0); /* a command, no server */
    g_autofree char *number = g_strdup_printf("%d\n", getpid());
    g_assert_cmpint(write(lock, number, strlen(number)), >, 0);
    g_assert_cmpint(kx_cli_server_pid(), ==, getpid());
    close(lock);
    g_assert_cmpint(kx_cli_server_pid(), ==, 0);
}

/* covers: INST-39 */
static void test_running(void)
{
    in_child(running_case);
}

static void failed_case(const char *data)
{
    g_autoptr(GError) error = NULL;
    KxSetup setup = wish_for(data);
    setup.hostname = "not a host";
    g_assert_false(kx_setup_run(&setup, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpint(access("server.db", F_OK), !=, 0);
    setup_ok(data, FALSE);
    /* One that was to replace a server leaves that as it was. */
    g_clear_error(&error);
    setup.replace = TRUE;
    g_assert_false(kx_setup_run(&setup, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    check_contents();
    check_certificate();
}

/* A set-up that failed can be given again. */
static void test_failed(void)
{
    in_child(failed_case);
}

static void foreign_case(const char *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(data, "passwd", NULL);
    struct stat before, after;
    g_assert_cmpint(mkdir(data, 0755), ==, 0);
    g_assert_true(g_file_set_contents(file, "x", -1, NULL));
    g_assert_cmpint(stat(data, &before), ==, 0);
    KxSetup setup = wish_for(data);
    g_assert_false(kx_setup_run(&setup, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpint(stat(data, &after), ==, 0);
    g_assert_cmpuint(before.st_uid, ==, after.st_uid);
    g_assert_cmpuint(before.st_mode, ==, after.st_mode);
}

/* `keryx setup --data /etc` must not give /etc away. */
static void test_foreign(void)
{
    in_child(foreign_case);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/setup/make", test_make);
    g_test_add_func("/admin/setup/twice", test_twice);
    g_test_add_func("/admin/setup/running", test_running);
    g_test_add_func("/admin/setup/failed", test_failed);
    g_test_add_func("/admin/setup/foreign", test_foreign);
    return g_test_run();
}
