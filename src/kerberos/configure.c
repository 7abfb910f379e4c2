/* SPDX-License-Identifier: Apache-2.0 */
/* Where the library finds what it needs. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "kerberos/realm-private.h"

#define OWN_KEYTAB   "/etc/keryx/krb5.keytab"
#define OWN_FILE     KX_PATH_KERBEROS "/krb5.conf"
#define SYSTEM_FILE  "/etc/krb5.conf"
#define REPLAY_CACHE "file2:" KX_PATH_KERBEROS "/replay"

/* Comes before the system's files, so its word is the last: no DES, no RC4 (RFC 6649, RFC 8429). */
static const char OWN_TEXT[] =
    "# Written by the server at each start.\n"
    "[libdefaults]\n"
    "    allow_weak_crypto = false\n"
    "    permitted_enctypes = aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 "
    "aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96\n";

gboolean kx_realm_configure(GError **error)
{
    const char *given = g_getenv("KRB5_CONFIG");
    g_autofree char *files = g_strdup_printf("%s:%s", OWN_FILE, given ? given : SYSTEM_FILE);
    if (mkdir(KX_PATH_KERBEROS, 0700) < 0 && errno != EEXIST)
        return kx_error_errno(error, "cannot make the folder %s", KX_PATH_KERBEROS);
    if (!kx_write_file_durable(OWN_FILE, OWN_TEXT, strlen(OWN_TEXT), 0600, error))
        return FALSE;
    if (!g_getenv("KRB5_KTNAME") && access(OWN_KEYTAB, F_OK) == 0)
        setenv("KRB5_KTNAME", OWN_KEYTAB, 1);
    setenv("KRB5_CONFIG", files, 1);
    setenv("KRB5RCACHENAME", REPLAY_CACHE, 1);
    setenv("LM_COMPAT_LEVEL", "5", 1); /* of NTLM: version 2 alone */
    return TRUE;
}

char *kx_realm_keytab_path(void)
{
    krb5_context context;
    char name[1024] = "";
    if (sym_krb5_init_context(&context) != 0)
        return g_strdup("");
    if (sym_krb5_kt_default_name(context, name, sizeof name) != 0)
        name[0] = '\0';
    sym_krb5_free_context(context);
    const char *type = strchr(name, ':'), *path = type ? type + 1 : name;
    gboolean file = !type || g_str_has_prefix(name, "FILE:") || g_str_has_prefix(name, "WRFILE:");
    return file && *path ? g_canonicalize_filename(path, NULL) : g_strdup("");
}

/* Its own plug-ins are read when a question is prepared. */
void kx_realm_warm_up(void)
{
    krb5_context context;
    krb5_principal who = NULL;
    krb5_init_creds_context question = NULL;
    if (sym_krb5_init_context(&context) != 0)
        return;
    if (sym_krb5_build_principal(context, &who, 1, "A", "a", NULL) == 0 &&
        sym_krb5_init_creds_init(context, who, NULL, NULL, 0, NULL, &question) == 0)
        sym_krb5_init_creds_free(context, question);
    if (who)
        sym_krb5_free_principal(context, who);
    sym_krb5_free_context(context);
}
