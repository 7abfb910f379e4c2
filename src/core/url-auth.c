/* SPDX-License-Identifier: Apache-2.0 */
#include "core/url-auth.h"

#include <sodium.h>

#include "base/error.h"
#include "store/url-key.h"

/* The first byte says how the rest was made, so that another way can be told apart. */
enum { VERSION = 1, TOKEN = 1 + crypto_auth_BYTES };

gboolean kx_url_host_is_ours(KxCore *core, const char *host, const char *local_ip)
{
    KxSettings *settings = kx_directory_settings(core->directory);
    const char *name = kx_settings_text(settings, KX_SET_SERVER_HOSTNAME);
    g_autoptr(KxDomain) domain = kx_domain_get(core->directory, host, NULL);
    gboolean ours = domain || g_ascii_strcasecmp(host, name) == 0 ||
                    g_ascii_strcasecmp(host, "localhost") == 0 || g_strcmp0(host, local_ip) == 0;
    kx_settings_unref(settings);
    return ours;
}

/* ---- the MAC ---- */

static gboolean make_token(KxFolder *folder, gboolean make_key, const char *rump, size_t len,
                           guint8 token[static TOKEN], GError **error)
{
    guint8 key[KX_URL_KEY];
    G_STATIC_ASSERT(KX_URL_KEY == crypto_auth_KEYBYTES);
    if (!kx_folder_url_key(folder, make_key, key, error))
        return FALSE;
    token[0] = VERSION;
    crypto_auth(token + 1, (const guchar *)rump, len, key);
    sodium_memzero(key, sizeof key);
    return TRUE;
}

char *kx_url_sign(KxAccount *account, const KxImapUrl *url, const char *text, GError **error)
{
    guint8 token[TOKEN];
    char hex[2 * TOKEN + 1];
    g_autoptr(KxFolder) folder = kx_folder_open(account, url->mailbox, error);
    if (!folder || !make_token(folder, TRUE, text, url->rump_len, token, error))
        return NULL;
    sodium_bin2hex(hex, sizeof hex, token, sizeof token);
    return g_strdup_printf("%.*s:internal:%s", (int)url->rump_len, text, hex);
}

static gboolean verify(KxAccount *account, const KxImapUrl *url, const char *text, GError **error)
{
    guint8 expected[TOKEN], given[TOKEN];
    size_t len = 0;
    g_autoptr(KxFolder) folder = kx_folder_open(account, url->mailbox, error);
    if (!folder || !make_token(folder, FALSE, text, url->rump_len, expected, error))
        return FALSE;
    if (sodium_hex2bin(given, sizeof given, url->token, strlen(url->token), NULL, &len, NULL) ==
            0 &&
        len == TOKEN && sodium_memcmp(given, expected, TOKEN) == 0)
        return TRUE;
    return kx_fail(error, KX_ERR_DENIED, "The URL is not signed by its owner");
}

/* ---- who may ---- */

/* A bare name is taken in the primary domain, as at sign-in. */
static gboolean is_named(KxCore *core, const KxUser *user, const char *name)
{
    g_autoptr(KxUser) named = kx_user_get(core->directory, name, NULL);
    return named && named->id == user->id;
}

static gboolean is_for(KxCore *core, const KxUrlReader *reader, const KxImapUrl *url)
{
    switch (url->access) {
    case KX_URL_ACCESS_ANONYMOUS:
    case KX_URL_ACCESS_AUTHUSER:
        return TRUE;
    case KX_URL_ACCESS_USER:
        return is_named(core, reader->user, url->access_user);
    case KX_URL_ACCESS_SUBMIT:
        return reader->submission && is_named(core, reader->user, url->access_user);
    default:
        return FALSE;
    }
}

static gboolean check(KxCore *core, const KxUrlReader *reader, const KxImapUrl *url, GError **error)
{
    if (!url->host || !url->user || !url->mailbox || g_strcmp0(url->mechanism, "INTERNAL") != 0 ||
        !kx_url_host_is_ours(core, url->host, reader->local_ip))
        return kx_fail(error, KX_ERR_DENIED, "The URL is not one of this server's");
    if (url->expires && url->expire <= g_get_real_time() / G_USEC_PER_SEC)
        return kx_fail(error, KX_ERR_DENIED, "The URL has expired");
    return is_for(core, reader, url) ||
           kx_fail(error, KX_ERR_DENIED, "The URL is for somebody else");
}

gboolean kx_url_fetch(KxCore *core, const KxUrlReader *reader, const KxImapUrl *url,
                      const char *text, KxUrlContent *ret_content, GError **error)
{
    if (!check(core, reader, url, error))
        return FALSE;
    g_autoptr(KxUser) owner = kx_user_get(core->directory, url->user, error);
    if (!owner)
        return FALSE;
    if (owner->disabled)
        return kx_fail(error, KX_ERR_DENIED, "The owner of the URL is not active");
    g_autoptr(KxAccount) account = kx_store_account(core->store, owner->domain, owner->name, error);
    return account && verify(account, url, text, error) &&
           kx_url_content(account, url->mailbox, url, ret_content, error);
}
