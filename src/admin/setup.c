/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/setup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/certificate-store.h"
#include "admin/cli-private.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "base/privileges.h"
#include "log/log-config.h"

static const char certificate_name[] = "server"; /* CERT-04 */

void kx_setup_clear(KxSetup *setup)
{
    if (setup->password)
        explicit_bzero(setup->password, strlen(setup->password));
    g_free(setup->data);
    g_free(setup->domain);
    g_free(setup->hostname);
    g_free(setup->admin_name);
    g_free(setup->password);
}

/* ---- the directory ---- */

/* A directory that root made becomes the service user's; one that is somebody else's already stays
 * his. */
static gboolean give_away(const char *data, GError **error)
{
    struct stat st;
    guint uid, gid;
    if (geteuid() != 0)
        return TRUE;
    if (stat(data, &st) < 0)
        return kx_error_errno(error, "cannot look at %s", data);
    if (st.st_uid != 0)
        return TRUE;
    kx_privileges_service_user(&uid, &gid);
    return chown(data, uid, gid) == 0
               ? TRUE
               : kx_error_errno(error, "cannot give %s to user %u", data, uid);
}

/* Names that a server, or a set-up that failed, leaves in its directory. */
static gboolean is_ours(const char *name)
{
    static const char *const names[] = {"store",        KX_PATH_CERTIFICATES, KX_PATH_CA,
                                        KX_PATH_LOCK,   KX_PATH_CONTROL,      "lost+found",
                                        KX_PATH_SRS_KEY};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(names[i], name))
            return TRUE;
    return g_str_has_prefix(name, "server.db") || g_str_has_prefix(name, "backup-");
}

/* The directory will be the server's alone: it must not be one that holds anything else. */
static gboolean check_directory(const char *data, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(GDir) dir = g_dir_open(data, 0, &inner);
    if (!dir)
        return kx_fail(error, KX_ERR_DENIED, "%s", inner->message);
    const char *name;
    while ((name = g_dir_read_name(dir)))
        if (!is_ours(name))
            return kx_fail(error, KX_ERR_INVALID,
                           "%s is in use for something else (%s): give a directory of its own with "
                           "--data",
                           data, name);
    return TRUE;
}

static gboolean prepare_directory(const char *data, GError **error)
{
    umask(0077);
    if (!kx_mkdir_durable(data, error) || !check_directory(data, error) || !give_away(data, error))
        return FALSE;
    if (chdir(data) < 0)
        return kx_error_errno(error, "cannot use %s", data);
    if (!kx_privileges_drop(".", error))
        return FALSE;
    return chmod(".", 0700) == 0 ? TRUE : kx_error_errno(error, "cannot protect %s", data);
}

static gboolean holds_server(void)
{
    return access("server.db", F_OK) == 0;
}

/* ---- an old configuration ---- */

static gboolean move_configuration(const char *from, const char *to, GError **error)
{
    static const char *const names[] = {"server.db", "server.db-wal", "server.db-shm",
                                        KX_PATH_CERTIFICATES};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *source = g_build_filename(from, names[i], NULL);
        g_autofree char *target = g_build_filename(to, names[i], NULL);
        if (rename(source, target) < 0 && errno != ENOENT)
            return kx_error_errno(error, "cannot move %s to %s", source, target);
    }
    return kx_sync_dir(from, error) && kx_sync_dir(to, error);
}

/* Moves it to backup-<time>/; the store stays where it is. */
static char *set_aside(GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *folder = g_date_time_format(now, "backup-%Y%m%d-%H%M%S");
    if (mkdir(folder, 0700) < 0) {
        kx_error_errno(error, "cannot make %s", folder);
        return NULL;
    }
    return move_configuration(".", folder, error) ? g_steal_pointer(&folder) : NULL;
}

/* ---- what is in it ---- */

static gboolean add_settings(KxDirectory *directory, const KxAdmin *admin, const KxSetup *setup,
                             GError **error)
{
    g_autofree char *offset = g_strdup_printf("%u", setup->port_offset);
    const KxSettingChange changes[] = {
        {KX_SET_SERVER_HOSTNAME, setup->hostname},
        {KX_SET_SERVER_PORT_OFFSET, offset},
    };
    return kx_directory_set(directory, admin, changes, G_N_ELEMENTS(changes), error);
}

static gboolean add_account(KxDirectory *directory, const KxAdmin *admin, const KxSetup *setup,
                            GError **error)
{
    g_autofree char *login = g_strdup_printf("%s@%s", setup->admin_name, setup->domain);
    g_autofree char *folded = g_ascii_strdown(setup->admin_name, -1);
    gboolean postmaster = g_str_equal(folded, "postmaster");
    const KxField fields[] = {
        {"password", setup->password},
        {"name", "Administrator"},
        {"addresses", postmaster ? NULL : "postmaster"},
        {"admin", "full"},
        {"public-folders", "yes"},
        {"archive-folders", "yes"},
    };
    return kx_object_add(directory, admin, KX_OBJECT_USER, login, fields, G_N_ELEMENTS(fields),
                         error);
}

static gboolean add_certificate(KxLogger *logger, const KxAdmin *admin, const KxSetup *setup,
                                GError **error)
{
    g_autofree char *mail = g_strdup_printf("mail.%s", setup->domain);
    const char *names[] = {setup->domain, mail, NULL};
    KxCertificateWish wish = {
        .hostname = setup->hostname, .names = names, .days = KX_CERTIFICATE_DAYS};
    if (!kx_certificate_make(certificate_name, KX_CERTIFICATE_CHAIN, &wish, error) ||
        !kx_certificate_set_active(certificate_name, error))
        return FALSE;
    g_autofree char *line =
        g_strdup_printf("Certificate '%s' created for %s", certificate_name, setup->hostname);
    kx_log_config_action(logger, admin->name, line);
    return TRUE;
}

static gboolean fill(KxLogger *logger, KxDirectory *directory, const KxSetup *setup, GError **error)
{
    g_autofree char *who = kx_admin_local_name(setup->uid);
    KxAdmin admin = {who, KX_LEVEL_FULL, NULL};
    return kx_object_add(directory, &admin, KX_OBJECT_DOMAIN, setup->domain, NULL, 0, error) &&
           add_settings(directory, &admin, setup, error) &&
           add_account(directory, &admin, setup, error) &&
           add_certificate(logger, &admin, setup, error);
}

static gboolean make_server(const KxSetup *setup, GError **error)
{
    static const char *const folders[] = {"store/mail", "store/queue", "store/tmp", "store/logs",
                                          KX_PATH_CA};
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++)
        if (!kx_mkdir_durable(folders[i], error))
            return FALSE;
    KxLoggerOptions options = {.directory = "store/logs"};
    g_autoptr(KxLogger) logger = kx_logger_open(&options, error);
    if (!logger)
        return FALSE;
    g_autoptr(KxDirectory) directory = kx_directory_open(logger, error);
    if (directory && fill(logger, directory, setup, error))
        return TRUE;
    return FALSE;
}

/* A set-up that failed half-way leaves no server behind, so that it can be run again. */
static void take_back(const char *backup)
{
    static const char *const names[] = {"server.db", "server.db-wal", "server.db-shm",
                                        KX_PATH_ACTIVE};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        unlink(names[i]);
    kx_certificate_delete(certificate_name, NULL);
    rmdir(KX_PATH_CERTIFICATES);
    if (backup && move_configuration(backup, ".", NULL))
        rmdir(backup);
}

static gboolean make_with_lock(const KxSetup *setup, GError **error)
{
    g_autofree char *backup = NULL;
    if (holds_server() && !setup->replace)
        return kx_fail(
            error, KX_ERR_EXISTS,
            "%s holds a server already; --replace sets its configuration aside and makes a new one",
            setup->data);
    if (holds_server() && !(backup = set_aside(error)))
        return FALSE;
    if (make_server(setup, error))
        return TRUE;
    take_back(backup);
    return FALSE;
}

gboolean kx_setup_run(const KxSetup *setup, GError **error)
{
    if (!prepare_directory(setup->data, error))
        return FALSE;
    int lock = kx_cli_lock();
    if (lock < 0)
        return kx_fail(error, KX_ERR_IN_USE,
                       "a server is running in %s: stop it first (keryx stop --data %s)",
                       setup->data, setup->data);
    gboolean ok = make_with_lock(setup, error);
    close(lock);
    return ok;
}
