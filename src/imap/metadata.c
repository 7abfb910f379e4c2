/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/metadata.h"

#include "base/error.h"
#include "base/text.h"
#include "imap/special-use.h"

enum { NAMES_MAX = 1000 }; /* in one command */

static const struct {
    const char *name; /* on the server */
    KxSettingId setting;
} server_entries[] = {
    {"/shared/admin", KX_SET_SERVER_ADMIN_CONTACT},
    {"/shared/comment", KX_SET_SERVER_COMMENT},
};

static const char *const use_entries[] = {"/private/specialuse", "/shared/specialuse"};

/* ---- names ---- */

static gboolean has_prefix(KxSlice name, const char *prefix)
{
    size_t len = strlen(prefix);
    return name.len >= len && g_ascii_strncasecmp(name.data, prefix, len) == 0;
}

static guint count_levels(KxSlice name)
{
    guint n = 0;
    for (size_t i = 0; i < name.len; i++)
        n += name.data[i] == '/';
    return n;
}

static gboolean is_clean(KxSlice name)
{
    for (size_t i = 0; i < name.len; i++) {
        guchar c = (guchar)name.data[i];
        if (c < 0x20 || c >= 0x7f || c == '*' || c == '%')
            return FALSE;
        if (c == '/' && (i + 1 == name.len || name.data[i + 1] == '/'))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_entry(KxSlice name, gboolean scope)
{
    if (name.len > KX_METADATA_NAME_MAX || !is_clean(name))
        return FALSE;
    if (scope && (kx_ascii_equal(name.data, name.len, "/shared") ||
                  kx_ascii_equal(name.data, name.len, "/private")))
        return TRUE;
    if (!has_prefix(name, "/shared/") && !has_prefix(name, "/private/"))
        return FALSE;
    gboolean vendor = has_prefix(name, "/shared/vendor/") || has_prefix(name, "/private/vendor/");
    return scope || !vendor || count_levels(name) >= 4;
}

gboolean kx_imap_parse_entry(KxImapParser *args, gboolean scope, char **ret_name)
{
    KxSlice name = {0};
    if (!kx_imap_parse_astring(args, &name))
        return FALSE;
    if (!is_entry(name, scope))
        return kx_imap_parser_fail(args, "Not the name of a metadata entry");
    *ret_name = g_ascii_strdown(name.data, (gssize)name.len);
    return TRUE;
}

gboolean kx_imap_parse_entries(KxImapParser *args, GPtrArray *names)
{
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        char *name = NULL;
        if (names->len == NAMES_MAX)
            return kx_imap_parser_fail(args, "Too many entries");
        if (!kx_imap_parse_entry(args, TRUE, &name))
            return FALSE;
        g_ptr_array_add(names, name);
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

gboolean kx_imap_may_annotate(const KxImapMailbox *mailbox)
{
    return (mailbox->rights & KX_RIGHT_LOOKUP) &&
           (mailbox->rights &
            (KX_RIGHT_READ | KX_RIGHT_SEEN | KX_RIGHT_WRITE | KX_RIGHT_INSERT | KX_RIGHT_POST));
}

/* ---- computed entries ---- */

const char *kx_imap_server_entry(KxSettings *settings, const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(server_entries); i++) {
        const char *value = kx_settings_text(settings, server_entries[i].setting);
        if (g_str_equal(name, server_entries[i].name) && value[0] != '\0')
            return value;
    }
    return NULL;
}

static gboolean is_asked(const char *asked, KxMetadataDepth depth, const char *name)
{
    size_t len = strlen(asked);
    if (strncmp(name, asked, len) != 0)
        return FALSE;
    if (name[len] == '\0')
        return TRUE;
    return name[len] == '/' && depth != KX_METADATA_SELF &&
           (depth == KX_METADATA_ALL || !strchr(name + len + 1, '/'));
}

static void add(GPtrArray *found, const char *name, const char *value)
{
    KxMetadata *entry = g_new(KxMetadata, 1);
    *entry = (KxMetadata){g_strdup(name), g_bytes_new(value, strlen(value))};
    g_ptr_array_add(found, entry);
}

static void add_server(KxImap *imap, const char *asked, KxMetadataDepth depth, GPtrArray *found)
{
    KxSettings *settings = kx_session_settings(imap->session);
    for (guint i = 0; i < G_N_ELEMENTS(server_entries); i++) {
        const char *value = kx_imap_server_entry(settings, server_entries[i].name);
        if (value && is_asked(asked, depth, server_entries[i].name))
            add(found, server_entries[i].name, value);
    }
}

/* The use is the owner's. */
static void add_use(KxImap *imap, KxAccount *account, const KxFolderInfo *info, const char *asked,
                    KxMetadataDepth depth, GPtrArray *found)
{
    g_autoptr(GString) uses = g_string_new(NULL);
    kx_imap_format_special_use(uses, info->special_use);
    for (guint i = account == imap->account ? 0 : 1; uses->len > 0 && i < 2; i++)
        if (is_asked(asked, depth, use_entries[i]))
            add(found, use_entries[i], uses->str + 1);
}

/* ---- reading ---- */

GPtrArray *kx_imap_get_metadata(KxImap *imap, KxAccount *account, const KxFolderInfo *info,
                                const char *name, KxMetadataDepth depth, GError **error)
{
    GPtrArray *found = kx_metadata_get(account, info ? info->id : 0,
                                       kx_session_login(imap->session), name, depth, error);
    if (!found)
        return NULL;
    if (info)
        add_use(imap, account, info, name, depth, found);
    else
        add_server(imap, name, depth, found);
    return found;
}

/* ---- writing ---- */

void kx_imap_write_entry(KxImap *imap, const char *name)
{
    size_t len = strlen(name);
    if (strpbrk(name, " (){\"\\"))
        kx_imap_write_string(imap, name, len);
    else
        kx_session_write(imap->session, name, len);
}

void kx_imap_write_metadata(KxImap *imap, const KxMetadata *entry)
{
    kx_imap_write_entry(imap, entry->name);
    kx_session_puts(imap->session, " ");
    if (!entry->value) {
        kx_session_puts(imap->session, "NIL");
        return;
    }
    size_t len;
    const char *value = g_bytes_get_data(entry->value, &len);
    if (len == 0) {
        kx_session_puts(imap->session, "\"\"");
    } else if (memchr(value, '\0', len)) {
        kx_session_printf(imap->session, "~{%zu}\r\n", len);
        kx_session_write(imap->session, value, len);
    } else {
        kx_imap_write_string(imap, value, len);
    }
}

static void write_values(KxImap *imap, const char *name, const GPtrArray *found, gboolean *begun)
{
    KxMetadata none = {.name = (char *)name};
    for (guint i = 0; i < MAX(found->len, 1); i++) {
        kx_session_puts(imap->session, *begun ? " " : "(");
        *begun = TRUE;
        kx_imap_write_metadata(imap, found->len > 0 ? found->pdata[i] : &none);
    }
}

void kx_imap_list_metadata(KxImap *imap, KxAccount *account, const KxFolderInfo *info,
                           const char *mailbox, const GPtrArray *names)
{
    gboolean begun = FALSE;
    kx_session_puts(imap->session, "* METADATA ");
    kx_imap_write_mailbox(imap, mailbox);
    kx_session_puts(imap->session, " ");
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GPtrArray) found =
            kx_imap_get_metadata(imap, account, info, names->pdata[i], KX_METADATA_SELF, NULL);
        g_autoptr(GPtrArray) nothing = found ? NULL : g_ptr_array_new();
        write_values(imap, names->pdata[i], found ? found : nothing, &begun);
    }
    kx_session_puts(imap->session, ")\r\n");
}
