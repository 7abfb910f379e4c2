/* SPDX-License-Identifier: Apache-2.0 */
/* Folder and account names, and the directories they stand for. */
#include "base/error.h"
#include "store/store-private.h"

/* The database layer takes paths of at most 512 bytes, with its own suffixes. */
enum { FILE_NAME_MAX = 255, ACCOUNT_PART_MAX = 253, ACCOUNT_DIR_MAX = 460 };

static gboolean check_level(const char *name, GError **error)
{
    if (*name == '\0')
        return kx_fail(error, KX_ERR_INVALID, "a folder name must not be empty");
    if (strlen(name) > KX_FOLDER_NAME_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "a folder name may have at most %d bytes",
                       KX_FOLDER_NAME_MAX);
    for (const char *at = name; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
            return kx_fail(error, KX_ERR_INVALID, "a folder name must not hold control characters");
    }
    g_autofree char *escaped = kx_path_escape(name);
    if (strlen(escaped) > FILE_NAME_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "the folder name is too long");
    return TRUE;
}

char *kx_path_normalise(const char *path, GError **error)
{
    if (strlen(path) > (size_t)KX_FOLDER_DEPTH * (KX_FOLDER_NAME_MAX + 1)) {
        kx_fail(error, KX_ERR_TOO_BIG, "the folder path is too long");
        return NULL;
    }
    g_autofree char *composed = g_utf8_validate(path, -1, NULL)
                                    ? g_utf8_normalize(path, -1, G_NORMALIZE_DEFAULT_COMPOSE)
                                    : NULL;
    if (!composed) {
        kx_fail(error, KX_ERR_INVALID, "the folder name is not valid UTF-8");
        return NULL;
    }
    g_auto(GStrv) levels = g_strsplit(composed, "/", -1);
    if (g_strv_length(levels) > KX_FOLDER_DEPTH) {
        kx_fail(error, KX_ERR_TOO_BIG, "folders may be nested %d levels deep", KX_FOLDER_DEPTH);
        return NULL;
    }
    if (!levels[0]) {
        kx_fail(error, KX_ERR_INVALID, "a folder name must not be empty");
        return NULL;
    }
    for (guint i = 0; levels[i]; i++)
        if (!check_level(levels[i], error))
            return NULL;
    if (g_ascii_strcasecmp(levels[0], "INBOX") == 0) {
        g_free(levels[0]);
        levels[0] = g_strdup("INBOX");
    }
    return g_strjoinv("/", levels);
}

/* Names that the layout has for itself in the account's directory. */
static gboolean is_reserved(const char *name)
{
    return g_str_has_prefix(name, "index.") || g_str_has_prefix(name, "search.db");
}

static gboolean must_escape(const char *name, size_t at)
{
    guchar c = (guchar)name[at];
    if (at == 0 && (c == '.' || c == '#' || is_reserved(name)))
        return TRUE;
    return c == '%' || c == '/' || c < 0x20 || c == 0x7f;
}

char *kx_path_escape(const char *name)
{
    GString *out = g_string_sized_new(strlen(name) + 8);
    for (size_t i = 0; name[i]; i++) {
        if (must_escape(name, i))
            g_string_append_printf(out, "%%%02X", (guchar)name[i]);
        else
            g_string_append_c(out, name[i]);
    }
    return g_string_free(out, FALSE);
}

char *kx_path_unescape(const char *directory)
{
    GString *out = g_string_sized_new(strlen(directory));
    for (const char *at = directory; *at; at++) {
        if (*at == '%' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])) {
            g_string_append_c(
                out, (char)(g_ascii_xdigit_value(at[1]) * 16 + g_ascii_xdigit_value(at[2])));
            at += 2;
        } else {
            g_string_append_c(out, *at);
        }
    }
    g_autofree char *name = g_string_free(out, FALSE);
    g_autofree char *again = kx_path_escape(name);
    return g_str_equal(again, directory) ? g_steal_pointer(&name) : NULL;
}

static gboolean in_inbox(const char *path)
{
    return strncmp(path, "INBOX", 5) == 0 && (path[5] == '\0' || path[5] == '/');
}

/* '/' counts as the smallest character, so that a subtree stays together. */
int kx_path_compare(const char *a, const char *b)
{
    gboolean inbox_a = in_inbox(a), inbox_b = in_inbox(b);
    if (inbox_a != inbox_b)
        return inbox_a ? -1 : 1;
    while (*a && *a == *b)
        a++, b++;
    int left = *a == '/' ? 1 : (guchar)*a + (*a ? 1 : 0);
    int right = *b == '/' ? 1 : (guchar)*b + (*b ? 1 : 0);
    return left - right;
}

char *kx_path_to_dir(KxAccount *account, const char *path)
{
    g_auto(GStrv) levels = g_strsplit(path, "/", -1);
    GString *dir = g_string_new(account->dir);
    for (guint i = 0; levels[i]; i++) {
        g_autofree char *escaped = kx_path_escape(levels[i]);
        g_string_append_c(dir, '/');
        g_string_append(dir, escaped);
    }
    return g_string_free(dir, FALSE);
}

static gboolean account_part_ok(const char *part)
{
    size_t len = strlen(part);
    return len > 0 && len <= ACCOUNT_PART_MAX && !strchr(part, '/') && !g_str_equal(part, ".") &&
           !g_str_equal(part, "..") && g_utf8_validate(part, (gssize)len, NULL);
}

/* ---- accounts ---- */

void kx_place_clear(KxPlace *place)
{
    g_clear_pointer(&place->name, g_free);
    g_clear_pointer(&place->dir, g_free);
    g_clear_pointer(&place->marker, g_free);
}

static gboolean check_dir_names(const char *domain_dir, const char *user_dir, const char *name,
                                GError **error)
{
    if (strlen(domain_dir) <= FILE_NAME_MAX && strlen(user_dir) <= FILE_NAME_MAX &&
        strlen(domain_dir) + strlen(user_dir) <= ACCOUNT_DIR_MAX)
        return TRUE;
    return kx_fail(error, KX_ERR_TOO_BIG, "the account name is too long: %s", name);
}

gboolean kx_place_of_user(const char *domain, const char *user, KxPlace *ret_place, GError **error)
{
    if (!account_part_ok(domain) || !account_part_ok(user))
        return kx_fail(error, KX_ERR_INVALID, "not a name for an account: %s@%s", user, domain);
    g_autofree char *domain_dir = kx_path_escape(domain);
    g_autofree char *user_dir = kx_path_escape(user);
    g_autofree char *name = g_strdup_printf("%s@%s", user, domain);
    if (!check_dir_names(domain_dir, user_dir, name, error))
        return FALSE;
    *ret_place = (KxPlace){KX_ACCOUNT_PERSONAL, g_steal_pointer(&name),
                           g_build_filename(KX_MAIL_DIR, domain_dir, user_dir, NULL),
                           g_build_filename(KX_OPEN_DIR, domain_dir, user_dir, NULL)};
    return TRUE;
}

/* A user's directory never begins with '#'. */
gboolean kx_place_of_public(const char *domain, KxPlace *ret_place, GError **error)
{
    if (!domain) {
        *ret_place = (KxPlace){KX_ACCOUNT_PUBLIC, g_strdup(KX_PUBLIC), g_strdup(KX_PUBLIC_DIR),
                               g_strdup(KX_OPEN_DIR "/#/" KX_PUBLIC)};
        return TRUE;
    }
    if (!account_part_ok(domain))
        return kx_fail(error, KX_ERR_INVALID, "not a name for a domain: %s", domain);
    g_autofree char *domain_dir = kx_path_escape(domain);
    if (!check_dir_names(domain_dir, KX_PUBLIC, domain, error))
        return FALSE;
    *ret_place = (KxPlace){KX_ACCOUNT_PUBLIC, g_strdup_printf(KX_PUBLIC "@%s", domain),
                           g_build_filename(KX_MAIL_DIR, domain_dir, KX_PUBLIC, NULL),
                           g_build_filename(KX_OPEN_DIR, domain_dir, KX_PUBLIC, NULL)};
    return TRUE;
}

void kx_place_of_archive(KxPlace *ret_place)
{
    *ret_place = (KxPlace){KX_ACCOUNT_ARCHIVE, g_strdup(KX_ARCHIVE), g_strdup(KX_ARCHIVE_DIR),
                           g_strdup(KX_OPEN_DIR "/#/" KX_ARCHIVE)};
}

gboolean kx_place_of_name(const char *name, KxPlace *ret_place, GError **error)
{
    if (g_str_equal(name, KX_ARCHIVE)) {
        kx_place_of_archive(ret_place);
        return TRUE;
    }
    const char *at = strrchr(name, '@');
    g_autofree char *user = g_strndup(name, at ? (gsize)(at - name) : strlen(name));
    const char *domain = at ? at + 1 : NULL;
    if (g_str_equal(user, KX_PUBLIC))
        return kx_place_of_public(domain, ret_place, error);
    return kx_place_of_user(domain ? domain : "", user, ret_place, error);
}

gboolean kx_place_of_directory(const char *directory, const char *file, KxPlace *ret_place)
{
    gboolean of_server = g_str_equal(directory, "#");
    if (of_server && g_str_equal(file, KX_ARCHIVE)) {
        kx_place_of_archive(ret_place);
        return TRUE;
    }
    g_autofree char *domain = of_server ? NULL : kx_path_unescape(directory);
    if (g_str_equal(file, KX_PUBLIC))
        return (of_server || domain) && kx_place_of_public(domain, ret_place, NULL);
    g_autofree char *user = kx_path_unescape(file);
    return domain && user && kx_place_of_user(domain, user, ret_place, NULL);
}

/* Not with g_convert(): the core's sandbox keeps iconv from loading its modules. */
static void append_shifted(GString *out, const char *from, const char *to)
{
    glong units = 0;
    g_autofree gunichar2 *wide = g_utf8_to_utf16(from, to - from, NULL, &units, NULL);
    for (glong i = 0; i < units; i++)
        wide[i] = GUINT16_TO_BE(wide[i]);
    g_autofree char *base64 = g_base64_encode((guchar *)wide, (gsize)units * sizeof *wide);
    g_string_append_c(out, '&');
    for (const char *at = base64; *at && *at != '='; at++)
        g_string_append_c(out, *at == '/' ? ',' : *at);
    g_string_append_c(out, '-');
}

/* In modified UTF-7 (RFC 3501 section 5.1.3). */
char *kx_path_for_log(KxAccount *account, const char *path)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, account->kind == KX_ACCOUNT_PERSONAL ? "~%s/" : "%s/",
                           account->name);
    for (const char *at = path; *at;) {
        const char *end = at;
        while ((guchar)*end >= 0x80)
            end++;
        if (end > at) {
            append_shifted(out, at, end);
            at = end;
            continue;
        }
        g_string_append_c(out, *at);
        if (*at == '&')
            g_string_append_c(out, '-');
        at++;
    }
    return g_string_free(out, FALSE);
}
