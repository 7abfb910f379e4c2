/* SPDX-License-Identifier: Apache-2.0 */
/* Issued secrets as texts: their scopes, what is shown, what is kept. */
#include <sodium.h>

#include "base/error.h"
#include "directory/issued-private.h"

static const struct {
    const char *name;
    KxScope scope;
} SCOPES[] = {
    {"imap", KX_SCOPE_IMAP},
    {"pop3", KX_SCOPE_POP3},
    {"smtp", KX_SCOPE_SMTP},
    {"admin", KX_SCOPE_ADMIN},
};

char *kx_scopes_text(guint scopes, const char *between)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(SCOPES); i++)
        if (scopes & SCOPES[i].scope)
            g_string_append_printf(text, "%s%s", text->len > 0 ? between : "", SCOPES[i].name);
    return g_string_free(text, FALSE);
}

static guint find_scope(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(SCOPES); i++)
        if (strcmp(SCOPES[i].name, name) == 0)
            return SCOPES[i].scope;
    return 0;
}

gboolean kx_scopes_parse(KxIssuedKind kind, const char *text, guint *ret_scopes, GError **error)
{
    const guint allowed =
        kind == KX_ISSUED_TOKEN ? KX_SCOPES_MAIL | KX_SCOPE_ADMIN : KX_SCOPES_MAIL;
    g_auto(GStrv) names = g_strsplit(text, ",", G_N_ELEMENTS(SCOPES) + 1);
    guint scopes = 0;
    for (guint i = 0; names[i] != NULL; i++) {
        guint scope = find_scope(g_strstrip(names[i]));
        if ((scope & allowed) == 0) {
            g_autofree char *all = kx_scopes_text(allowed, ", ");
            return kx_fail(error, KX_ERR_INVALID, "scopes are %s, separated by commas", all);
        }
        scopes |= scope;
    }
    if (scopes == 0)
        return kx_fail(error, KX_ERR_INVALID, "without a scope it would open nothing");
    *ret_scopes = scopes;
    return TRUE;
}

/* ---- tokens: so that programs that look for leaked secrets know one ---- */

#define TOKEN_PREFIX "kx_"
enum { TOKEN_BYTES = 32 };

static char *new_token(void)
{
    guint8 bytes[TOKEN_BYTES];
    char text[sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *secret = g_strconcat(TOKEN_PREFIX, text, NULL);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(text, sizeof text);
    return secret;
}

/* ---- application passwords: to be typed; five bits a character (Crockford's base 32) ---- */

static const char LETTERS[] = "0123456789abcdefghjkmnpqrstvwxyz";
enum { PASSWORD_LETTERS = 24, GROUP_LETTERS = 4 };

static char *new_password(void)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < PASSWORD_LETTERS; i++) {
        if (i > 0 && i % GROUP_LETTERS == 0)
            g_string_append_c(text, '-');
        g_string_append_c(text, LETTERS[randombytes_uniform(sizeof LETTERS - 1)]);
    }
    return g_string_free(text, FALSE);
}

/* Dashes and blanks do not count, nor case, nor letters that look like digits. */
static gboolean read_password(const char *text, char out[static PASSWORD_LETTERS + 1])
{
    guint n = 0;
    for (; *text != '\0'; text++) {
        char c = g_ascii_tolower(*text);
        if (c == '-' || c == ' ')
            continue;
        c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
        if (n == PASSWORD_LETTERS || strchr(LETTERS, c) == NULL)
            return FALSE;
        out[n++] = c;
    }
    out[n] = '\0';
    return n == PASSWORD_LETTERS;
}

/* ---- both ---- */

char *kx_issued_new_secret(KxIssuedKind kind)
{
    return kind == KX_ISSUED_TOKEN ? new_token() : new_password();
}

char *kx_issued_hash(KxIssuedKind kind, const char *secret)
{
    char letters[PASSWORD_LETTERS + 1];
    if (kind == KX_ISSUED_TOKEN)
        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
    char *hash = read_password(secret, letters)
                     ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, letters, -1)
                     : NULL;
    sodium_memzero(letters, sizeof letters);
    return hash;
}

void kx_issued_free(KxIssued *issued)
{
    if (issued == NULL)
        return;
    g_free(issued->name);
    g_free(issued->user);
    g_free(issued->used_for);
    g_free(issued->used_from);
    g_free(issued);
}
