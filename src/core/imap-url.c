/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar is RFC 5092 section 11. */
#include "core/imap-url.h"

#include "base/error.h"
#include "base/text.h"

enum { TOKEN_MIN = 32, TOKEN_MAX = 256, MECHANISM_MAX = 64 };

typedef struct {
    const char *start, *at;
    KxImapUrl *url;
} Reader;

void kx_imap_url_free(KxImapUrl *url)
{
    if (!url)
        return;
    g_free(url->user);
    g_free(url->host);
    g_free(url->mailbox);
    g_strfreev(url->fields);
    g_free(url->access_user);
    g_free(url->mechanism);
    g_free(url->token);
    g_free(url);
}

/* ---- characters ---- */

static gboolean accept_word(Reader *reader, const char *word)
{
    size_t len = strlen(word);
    if (g_ascii_strncasecmp(reader->at, word, len) != 0)
        return FALSE;
    reader->at += len;
    return TRUE;
}

static gboolean is_achar(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("-._~!$'()*+,&=%", c));
}

/* The run of achar and `others` that comes next, without its percent-encoding; NULL if it is empty,
 * badly encoded, or not UTF-8 without NUL. */
static char *take_encoded(Reader *reader, const char *others)
{
    const char *start = reader->at;
    while (is_achar(*reader->at) || (*reader->at != '\0' && strchr(others, *reader->at)))
        reader->at++;
    if (reader->at == start)
        return NULL;
    g_autofree char *text = g_uri_unescape_segment(start, reader->at, NULL);
    return text && g_utf8_validate(text, -1, NULL) ? g_steal_pointer(&text) : NULL;
}

static gboolean take_number(Reader *reader, guint64 most, guint64 *ret)
{
    const char *start = reader->at;
    while (g_ascii_isdigit(*reader->at))
        reader->at++;
    g_autofree char *digits = g_strndup(start, (size_t)(reader->at - start));
    return kx_parse_uint(digits, most, ret);
}

static gboolean take_nz_number(Reader *reader, guint32 *ret)
{
    guint64 number;
    if (!take_number(reader, G_MAXUINT32, &number) || number == 0)
        return FALSE;
    *ret = (guint32)number;
    return TRUE;
}

/* ---- server ---- */

/* enc-user may be followed by ;AUTH=, which says how to sign in and nothing else. */
static gboolean read_user(Reader *reader, const char *end)
{
    if (*reader->at != ';' && !(reader->url->user = take_encoded(reader, "")))
        return FALSE;
    if (accept_word(reader, ";AUTH=")) {
        g_autofree char *mechanism = take_encoded(reader, "");
        if (!mechanism)
            return FALSE;
    }
    return reader->at == end;
}

static gboolean read_host(Reader *reader)
{
    const char *start = reader->at;
    if (*reader->at == '[') {
        while (*reader->at != '\0' && *reader->at != ']')
            reader->at++;
        if (*reader->at++ != ']')
            return FALSE;
        reader->url->host = g_strndup(start + 1, (size_t)(reader->at - start) - 2);
    } else if (!(reader->url->host = take_encoded(reader, ""))) {
        return FALSE;
    }
    guint64 port;
    return !accept_word(reader, ":") || take_number(reader, G_MAXUINT16, &port);
}

static gboolean read_server(Reader *reader)
{
    size_t len = strcspn(reader->at, "/");
    const char *at_sign = memchr(reader->at, '@', len);
    if (at_sign) {
        if (!read_user(reader, at_sign))
            return FALSE;
        reader->at++;
    }
    return read_host(reader) && *reader->at == '/';
}

/* ---- path ---- */

static gboolean read_mailbox(Reader *reader)
{
    g_autofree char *name = take_encoded(reader, ":@/");
    if (!name)
        return FALSE;
    /* The slash in front of ;UID= divides; it is no part of the name. */
    size_t len = strlen(name);
    gboolean slash = reader->at[-1] == '/';
    if (slash && len > 0)
        name[len - 1] = '\0';
    reader->url->mailbox = g_utf8_normalize(name, -1, G_NORMALIZE_NFC);
    if (!reader->url->mailbox || reader->url->mailbox[0] == '\0')
        return FALSE;
    if (slash)
        return TRUE;
    if (accept_word(reader, ";UIDVALIDITY=") && !take_nz_number(reader, &reader->url->uid_validity))
        return FALSE;
    return accept_word(reader, "/");
}

/* "HEADER.FIELDS (From To)": the names behind the section's. */
static gboolean read_fields(KxImapUrl *url, const char *list)
{
    size_t len = strlen(list);
    if (len < 3 || list[0] != '(' || list[len - 1] != ')')
        return FALSE;
    g_autofree char *inside = g_strndup(list + 1, len - 2);
    url->fields = g_strsplit(inside, " ", KX_IMAP_URL_FIELDS + 1);
    if (g_strv_length(url->fields) > KX_IMAP_URL_FIELDS)
        return FALSE;
    for (guint i = 0; url->fields[i]; i++)
        if (url->fields[i][0] == '\0')
            return FALSE;
    return TRUE;
}

static gboolean read_section(Reader *reader)
{
    KxImapUrl *url = reader->url;
    g_autofree char *text = take_encoded(reader, ":@");
    if (!text)
        return FALSE;
    size_t len = strcspn(text, " ");
    if (!kx_section_parse(text, len, &url->section))
        return FALSE;
    url->has_section = TRUE;
    gboolean fields = url->section.kind == KX_SECTION_HEADER_FIELDS ||
                      url->section.kind == KX_SECTION_HEADER_FIELDS_NOT;
    return fields ? text[len] == ' ' && read_fields(url, text + len + 1) : text[len] == '\0';
}

static gboolean read_partial(Reader *reader)
{
    KxImapUrl *url = reader->url;
    url->partial = TRUE;
    if (!take_number(reader, G_MAXINT64, &url->offset))
        return FALSE;
    return !accept_word(reader, ".") ||
           (take_number(reader, G_MAXINT64, &url->count) && url->count > 0);
}

/* ---- authorisation (RFC 4467 section 9) ---- */

static gboolean read_expire(Reader *reader)
{
    size_t len = strcspn(reader->at, ";");
    g_autofree char *text = g_strndup(reader->at, len);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
    if (!time)
        return FALSE;
    reader->url->expires = TRUE;
    reader->url->expire = g_date_time_to_unix(time);
    reader->at += len;
    return TRUE;
}

static const struct {
    const char *name;
    KxUrlAccess access;
    gboolean user;
} accesses[] = {
    {"submit+", KX_URL_ACCESS_SUBMIT, TRUE},
    {"user+", KX_URL_ACCESS_USER, TRUE},
    {"authuser", KX_URL_ACCESS_AUTHUSER, FALSE},
    {"anonymous", KX_URL_ACCESS_ANONYMOUS, FALSE},
};

static gboolean read_access(Reader *reader)
{
    KxImapUrl *url = reader->url;
    for (guint i = 0; i < G_N_ELEMENTS(accesses) && url->access == KX_URL_ACCESS_NONE; i++) {
        if (!accept_word(reader, accesses[i].name))
            continue;
        url->access = accesses[i].access;
        if (accesses[i].user && !(url->access_user = take_encoded(reader, "")))
            return FALSE;
    }
    url->rump_len = (size_t)(reader->at - reader->start);
    return url->access != KX_URL_ACCESS_NONE;
}

static gboolean read_verifier(Reader *reader)
{
    KxImapUrl *url = reader->url;
    size_t len = strcspn(reader->at, ":");
    if (len == 0 || len > MECHANISM_MAX || reader->at[len] != ':')
        return FALSE;
    url->mechanism = g_ascii_strup(reader->at, (gssize)len);
    reader->at += len + 1;
    size_t digits = strspn(reader->at, "0123456789abcdefABCDEF");
    if (digits < TOKEN_MIN || digits > TOKEN_MAX)
        return FALSE;
    url->token = g_strndup(reader->at, digits);
    reader->at += digits;
    return TRUE;
}

static gboolean read_authorisation(Reader *reader)
{
    if (accept_word(reader, ";EXPIRE=") && !read_expire(reader))
        return FALSE;
    if (!accept_word(reader, ";URLAUTH="))
        return !reader->url->expires;
    return read_access(reader) && (!accept_word(reader, ":") || read_verifier(reader));
}

/* ---- the whole ---- */

static gboolean read_url(Reader *reader)
{
    gboolean absolute = accept_word(reader, "imap://");
    if (absolute && !read_server(reader))
        return FALSE;
    if (accept_word(reader, "/")) {
        if (!read_mailbox(reader))
            return FALSE;
    } else if (absolute) {
        return FALSE;
    }
    if (!accept_word(reader, ";UID=") || !take_nz_number(reader, &reader->url->uid))
        return FALSE;
    if ((accept_word(reader, "/;SECTION=") || accept_word(reader, ";SECTION=")) &&
        !read_section(reader))
        return FALSE;
    if ((accept_word(reader, "/;PARTIAL=") || accept_word(reader, ";PARTIAL=")) &&
        !read_partial(reader))
        return FALSE;
    return read_authorisation(reader) && *reader->at == '\0';
}

KxImapUrl *kx_imap_url_parse(const char *text, GError **error)
{
    g_autoptr(KxImapUrl) url = g_new0(KxImapUrl, 1);
    Reader reader = {.start = text, .at = text, .url = url};
    if (strlen(text) > KX_IMAP_URL_MAX || !read_url(&reader)) {
        kx_fail(error, KX_ERR_INVALID, "This is not the URL of a message");
        return NULL;
    }
    return g_steal_pointer(&url);
}
