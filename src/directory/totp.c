/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/totp.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"

enum {
    DIGITS = 6,
    MODULUS = 1000000,
    INTERVAL = 30,
    NEW_BYTES = 20,
    BYTES_MIN = 10,
    BYTES_MAX = 64,
    SHA1_BYTES = 20,
};

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* ---- base32 ---- */

static char *encode(const guint8 *bytes, size_t len)
{
    GString *text = g_string_new(NULL);
    guint32 bits = 0, n = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (n += 8; n >= 5; n -= 5)
            g_string_append_c(text, ALPHABET[bits >> (n - 5) & 31]);
    }
    if (n > 0)
        g_string_append_c(text, ALPHABET[bits << (5 - n) & 31]);
    return g_string_free(text, FALSE);
}

/* How many bytes; `bytes` has room for BYTES_MAX. */
static size_t decode(const char *text, guint8 *bytes)
{
    guint32 bits = 0, n = 0;
    size_t len = 0;
    for (; *text != '\0' && len < BYTES_MAX; text++) {
        const char *at = strchr(ALPHABET, *text);
        bits = bits << 5 | (guint32)(at != NULL ? at - ALPHABET : 0);
        n += 5;
        if (n < 8)
            continue;
        n -= 8;
        bytes[len++] = (guint8)(bits >> n);
    }
    return len;
}

char *kx_totp_new(void)
{
    guint8 bytes[NEW_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    char *secret = encode(bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
    return secret;
}

char *kx_totp_parse(const char *value, GError **error)
{
    guint8 bytes[BYTES_MAX];
    GString *secret = g_string_new(NULL);
    gboolean good = TRUE;
    for (; *value != '\0' && good; value++) {
        char letter = g_ascii_toupper(*value);
        if (strchr(" -=", letter) != NULL)
            continue;
        good = strchr(ALPHABET, letter) != NULL && secret->len < BYTES_MAX * 8 / 5;
        g_string_append_c(secret, letter);
    }
    good = good && decode(secret->str, bytes) >= BYTES_MIN;
    sodium_memzero(bytes, sizeof bytes);
    if (!good) {
        sodium_memzero(secret->str, secret->len);
        kx_fail(error, KX_ERR_INVALID,
                "the secret of a second factor is base32 (letters and 2 to 7), of at least 16 "
                "characters");
    }
    return g_string_free(secret, !good);
}

char *kx_totp_uri(const char *secret, const char *issuer, const char *account)
{
    g_autofree char *whose = g_uri_escape_string(account, "@", FALSE);
    g_autofree char *from = g_uri_escape_string(issuer, NULL, FALSE);
    return g_strdup_printf("otpauth://totp/%s:%s?secret=%s&issuer=%s", from, whose, secret, from);
}

/* ---- codes ---- */

/* RFC 4226 section 5.3. */
static guint32 code_of(const guint8 *key, size_t len, guint64 counter)
{
    guint8 digest[SHA1_BYTES];
    gsize digest_len = sizeof digest;
    guint64 message = GUINT64_TO_BE(counter);
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, key, len);
    g_hmac_update(hmac, (const guint8 *)&message, sizeof message);
    g_hmac_get_digest(hmac, digest, &digest_len);
    g_hmac_unref(hmac);
    const guint8 *at = digest + (digest[SHA1_BYTES - 1] & 15);
    guint32 number =
        (guint32)(at[0] & 127) << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
    return number % MODULUS;
}

guint64 kx_totp_find(const char *secret, const char *code, gint64 now)
{
    guint8 key[BYTES_MAX];
    size_t len = decode(secret, key);
    guint64 middle = (guint64)MAX(now, INTERVAL) / INTERVAL, found = 0;
    gboolean shaped = strlen(code) == DIGITS;
    for (guint64 step = middle - 1; shaped && step <= middle + 1; step++) {
        char wanted[DIGITS + 1];
        g_snprintf(wanted, sizeof wanted, "%06u", code_of(key, len, step));
        if (sodium_memcmp(wanted, code, DIGITS) == 0)
            found = step;
    }
    sodium_memzero(key, sizeof key);
    return found;
}
