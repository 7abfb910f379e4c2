/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/directory.h"

#include <sodium.h>

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/sign-ins.h"

static const char FILE_NAME[] = "server.db";

KxDirectory *kx_directory_open(KxLogger *logger, GError **error)
{
    g_autoptr(KxDirectory) directory = NULL;
    if (sodium_init() < 0) {
        kx_fail(error, KX_ERR_FAILED, "libsodium cannot be initialised");
        return NULL;
    }
    directory = g_new0(KxDirectory, 1);
    pthread_mutex_init(&directory->changing, NULL);
    pthread_mutex_init(&directory->reader_lock, NULL);
    kx_tables_init(directory);
    kx_sign_ins_init(&directory->sign_ins);
    directory->logger = logger;
    directory->listeners = g_array_new(FALSE, FALSE, sizeof(KxSettingsListener));
    directory->db = kx_db_open(FILE_NAME, KX_DB_CREATE, error);
    if (directory->db == NULL || !kx_directory_load(directory, error)) {
        g_prefix_error(error, "%s: ", FILE_NAME);
        return NULL;
    }
    directory->reader = kx_db_open(FILE_NAME, KX_DB_READ_ONLY, error);
    if (directory->reader == NULL || !kx_srs_load_key(directory, error))
        return NULL;
    directory->decoys = kx_auth_decoys_new();
    directory->gate = kx_auth_gate_new(g_get_num_processors(), error);
    return directory->gate != NULL ? g_steal_pointer(&directory) : NULL;
}

void kx_directory_close(KxDirectory *directory)
{
    if (directory == NULL)
        return;
    if (directory->gate != NULL) /* it was opened */
        kx_sign_ins_flush(directory, NULL);
    kx_auth_gate_free(directory->gate);
    kx_auth_decoys_free(directory->decoys);
    kx_db_close(directory->reader);
    kx_db_close(directory->db);
    kx_settings_holder_free(directory->settings);
    g_array_unref(directory->listeners);
    kx_sign_ins_clear(&directory->sign_ins);
    kx_tables_clear(directory);
    pthread_mutex_destroy(&directory->changing);
    pthread_mutex_destroy(&directory->reader_lock);
    g_free(directory);
}

void kx_directory_set_kerberos(KxDirectory *directory, KxKerberos *kerberos)
{
    directory->kerberos = kerberos;
}

void kx_directory_set_pam(KxDirectory *directory, KxPam *pam)
{
    directory->pam = pam;
}
