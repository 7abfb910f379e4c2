/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "admin/certificate-info.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"

enum { NAME_MAX_BYTES = 100, CERTIFICATES_MAX = 1000 };

static const char *const suffixes[KX_CERTIFICATE_PARTS] = {".crt", ".key", ".csr", ".ocsp"};
static const char *const titles[KX_CERTIFICATE_PARTS] = {"certificate", "key", "request",
                                                         "OCSP answer"};

int kx_certificates_lock(GError **error)
{
    if (!kx_mkdir_durable(KX_PATH_CERTIFICATES, error))
        return -1;
    int fd = open(KX_PATH_CERTIFICATES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    kx_error_errno(error, "cannot lock %s", KX_PATH_CERTIFICATES);
    if (fd >= 0)
        close(fd);
    return -1;
}

gboolean kx_certificate_name_check(const char *name, GError **error)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strlen(name);
    if (len > 0 && len <= NAME_MAX_BYTES && name[0] != '.' && name[strspn(name, allowed)] == '\0')
        return TRUE;
    return kx_fail(
        error, KX_ERR_INVALID,
        "'%s' cannot name a certificate: use letters, digits, '.', '-' and '_', %d at most", name,
        NAME_MAX_BYTES);
}

static char *path_of(const char *name, KxCertificatePart part)
{
    return g_strdup_printf("%s/%s%s", KX_PATH_CERTIFICATES, name, suffixes[part]);
}

gboolean kx_certificate_has(const char *name, KxCertificatePart part)
{
    g_autofree char *path = path_of(name, part);
    return access(path, F_OK) == 0;
}

char *kx_certificate_read(const char *name, KxCertificatePart part, GError **error)
{
    if (!kx_certificate_name_check(name, error))
        return NULL;
    g_autofree char *path = path_of(name, part);
    char *text;
    g_autoptr(GError) inner = NULL;
    if (kx_read_file(path, KX_CERTIFICATE_FILE_MAX, &text, NULL, &inner))
        return text;
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s '%s'; keryx cert list shows all",
                titles[part], name);
    else
        g_propagate_error(error, g_steal_pointer(&inner));
    return NULL;
}

X509 *kx_certificate_read_first(const char *name)
{
    g_autofree char *pem = kx_certificate_read(name, KX_CERTIFICATE_CHAIN, NULL);
    g_autoptr(KxX509Chain) chain = pem ? kx_certificate_parse(pem, NULL) : NULL;
    return chain ? sk_X509_shift(chain) : NULL;
}

gboolean kx_certificate_write_bytes(const char *name, KxCertificatePart part, const void *bytes,
                                    size_t len, GError **error)
{
    g_autofree char *path = path_of(name, part);
    int mode = part == KX_CERTIFICATE_KEY ? 0600 : 0644;
    return kx_mkdir_durable(KX_PATH_CERTIFICATES, error) &&
           kx_write_file_durable(path, bytes, len, mode, error);
}

gboolean kx_certificate_write(const char *name, KxCertificatePart part, const char *pem,
                              GError **error)
{
    return kx_certificate_write_bytes(name, part, pem, strlen(pem), error);
}

GBytes *kx_certificate_read_bytes(const char *name, KxCertificatePart part)
{
    g_autofree char *path = path_of(name, part);
    char *bytes;
    size_t len;
    if (!kx_read_file(path, KX_CERTIFICATE_FILE_MAX, &bytes, &len, NULL))
        return NULL;
    return g_bytes_new_take(bytes, len);
}

gboolean kx_certificate_check_free(const char *name, GError **error)
{
    if (!kx_certificate_name_check(name, error))
        return FALSE;
    if (kx_certificate_has(name, KX_CERTIFICATE_CHAIN) ||
        kx_certificate_has(name, KX_CERTIFICATE_REQUEST))
        return kx_fail(error, KX_ERR_EXISTS,
                       "there is a certificate or request '%s' already: take another --name", name);
    return TRUE;
}

gboolean kx_certificate_remove(const char *name, KxCertificatePart part, GError **error)
{
    g_autofree char *path = path_of(name, part);
    if (unlink(path) < 0 && errno != ENOENT)
        return kx_error_errno(error, "cannot remove %s", path);
    return kx_sync_dir(KX_PATH_CERTIFICATES, error);
}

gboolean kx_certificate_delete(const char *name, GError **error)
{
    for (guint part = 0; part < KX_CERTIFICATE_PARTS; part++) {
        g_autofree char *path = path_of(name, part);
        if (unlink(path) < 0 && errno != ENOENT)
            return kx_error_errno(error, "cannot remove %s", path);
    }
    return kx_sync_dir(KX_PATH_CERTIFICATES, error);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name that a file belongs to; NULL for others. A key alone is no certificate. */
static char *name_of_file(const char *file)
{
    const KxCertificatePart shown[] = {KX_CERTIFICATE_CHAIN, KX_CERTIFICATE_REQUEST};
    for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
        if (!g_str_has_suffix(file, suffixes[shown[i]]))
            continue;
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(suffixes[shown[i]]));
        return kx_certificate_name_check(name, NULL) ? g_steal_pointer(&name) : NULL;
    }
    return NULL;
}

char **kx_certificate_names(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GDir) dir = g_dir_open(KX_PATH_CERTIFICATES, 0, NULL);
    const char *file;
    while (dir && names->len < CERTIFICATES_MAX && (file = g_dir_read_name(dir))) {
        g_autofree char *name = name_of_file(file);
        if (!name || g_hash_table_contains(seen, name))
            continue;
        g_hash_table_add(seen, name);
        g_ptr_array_add(names, g_steal_pointer(&name));
    }
    g_ptr_array_sort(names, by_text);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

char *kx_certificate_active(void)
{
    char *name = NULL;
    if (kx_read_file(KX_PATH_ACTIVE, NAME_MAX_BYTES + 2, &name, NULL, NULL))
        g_strstrip(name);
    return name;
}

gboolean kx_certificate_set_active(const char *name, GError **error)
{
    g_autofree char *line = g_strdup_printf("%s\n", name);
    return kx_write_file_durable(KX_PATH_ACTIVE, line, strlen(line), 0644, error);
}

gboolean kx_certificate_make(const char *name, KxCertificatePart part,
                             const KxCertificateWish *wish, GError **error)
{
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(wish->rsa, error);
    if (!key)
        return FALSE;
    g_autofree char *text = part == KX_CERTIFICATE_CHAIN
                                ? kx_certificate_self_signed(wish, key, error)
                                : kx_certificate_request(wish, key, error);
    g_autofree char *secret = text ? kx_certificate_key_pem(key, error) : NULL;
    gboolean ok = secret && kx_certificate_write(name, KX_CERTIFICATE_KEY, secret, error) &&
                  kx_certificate_write(name, part, text, error);
    if (secret)
        explicit_bzero(secret, strlen(secret));
    return ok;
}
