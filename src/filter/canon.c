/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/canon.h"

#include <openssl/evp.h>
#include <string.h>

/* ---- header ---- */

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Unfolded, white space made one space, none at both ends. */
static void append_relaxed_value(GString *out, const char *value, size_t len)
{
    gboolean space = FALSE;
    size_t start = out->len;
    for (size_t i = 0; i < len; i++) {
        if (is_space(value[i])) {
            space = TRUE;
            continue;
        }
        if (space && out->len > start)
            g_string_append_c(out, ' ');
        space = FALSE;
        g_string_append_c(out, value[i]);
    }
}

void kx_canon_field(GString *out, const KxHeaderField *field, gboolean relaxed)
{
    if (relaxed) {
        for (size_t i = 0; i < field->name_len; i++)
            g_string_append_c(out, g_ascii_tolower(field->name[i]));
        g_string_append_c(out, ':');
        append_relaxed_value(out, field->value, field->value_len);
    } else {
        const char *end = field->value + field->value_len;
        g_string_append_len(out, field->start, end - field->start);
    }
    g_string_append(out, "\r\n");
}

void kx_canon_text(GString *out, const char *text, gboolean relaxed)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, text, strlen(text));
    while (kx_header_iter_next(&iter, &field))
        kx_canon_field(out, &field, relaxed);
}

/* The last field of that name that is not taken; NULL: none. */
static const KxHeaderField *take_last(const KxMailView *mail, const char *name, gboolean *taken)
{
    for (guint i = mail->fields->len; i-- > 0;) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (taken[i] || !kx_header_field_is(field, name))
            continue;
        taken[i] = TRUE;
        return field;
    }
    return NULL;
}

void kx_canon_fields(GString *out, const KxMailView *mail, char *const *names, gboolean relaxed)
{
    g_autofree gboolean *taken = g_new0(gboolean, mail->fields->len + 1);
    for (guint i = 0; names[i]; i++) {
        const KxHeaderField *field = take_last(mail, names[i], taken);
        if (field)
            kx_canon_field(out, field, relaxed);
    }
}

/* ---- body ---- */

enum { ROOM = 8192 };

typedef struct {
    EVP_MD_CTX *md;
    guint64 len;
    guint64 empty; /* lines that count only if another follows */
    size_t used;
    char room[ROOM];
} Digest;

static void flush(Digest *digest)
{
    EVP_DigestUpdate(digest->md, digest->room, digest->used);
    digest->len += digest->used;
    digest->used = 0;
}

static void put(Digest *digest, const char *bytes, size_t len)
{
    if (len > ROOM - digest->used)
        flush(digest);
    if (len > ROOM) {
        EVP_DigestUpdate(digest->md, bytes, len);
        digest->len += len;
        return;
    }
    memcpy(digest->room + digest->used, bytes, len);
    digest->used += len;
}

static void put_relaxed(Digest *digest, const char *line, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t word = at;
        while (word < len && line[word] != ' ' && line[word] != '\t')
            word++;
        put(digest, line + at, word - at);
        at = word;
        while (at < len && (line[at] == ' ' || line[at] == '\t'))
            at++;
        if (at > word)
            put(digest, " ", 1);
    }
}

static size_t without_space(const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return len;
}

static void put_line(Digest *digest, const char *line, size_t len, gboolean relaxed)
{
    if (relaxed)
        len = without_space(line, len);
    if (len == 0) {
        digest->empty++;
        return;
    }
    for (; digest->empty > 0; digest->empty--)
        put(digest, "\r\n", 2);
    (relaxed ? put_relaxed : put)(digest, line, len);
    put(digest, "\r\n", 2);
}

static void digest_body(KxMailView *mail, gboolean relaxed)
{
    Digest digest = {.md = EVP_MD_CTX_new()};
    const char *at = mail->body, *end = mail->body + mail->body_len;
    EVP_DigestInit_ex(digest.md, EVP_sha256(), NULL);
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((lf ? lf : end) - at);
        put_line(&digest, at, len > 0 && at[len - 1] == '\r' ? len - 1 : len, relaxed);
        at += len + (lf != NULL);
    }
    if (!relaxed && digest.len + digest.used == 0)
        put(&digest, "\r\n", 2); /* section 3.4.3 */
    flush(&digest);
    EVP_DigestFinal_ex(digest.md, mail->digests[relaxed].digest, NULL);
    EVP_MD_CTX_free(digest.md);
    mail->digests[relaxed].len = digest.len;
    mail->digests[relaxed].known = TRUE;
}

const guint8 *kx_canon_body(KxMailView *mail, gboolean relaxed, guint64 *ret_len)
{
    relaxed = relaxed != FALSE;
    if (!mail->digests[relaxed].known)
        digest_body(mail, relaxed);
    if (ret_len)
        *ret_len = mail->digests[relaxed].len;
    return mail->digests[relaxed].digest;
}
