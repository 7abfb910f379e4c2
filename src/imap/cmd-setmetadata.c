/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SETMETADATA (RFC 5464 section 4.3): all entries or none. Values that are too large for the text
 * of a command come as messages of APPEND do. Shared entries of the server are the administrator's.
 */
#include "imap/metadata.h"

#include "base/error.h"
#include "base/text.h"
#include "imap/special-use.h"

enum { ENTRIES_MAX = 100 }; /* in one command */

typedef struct {
    char *name; /* lower case */
    gboolean nil;
    KxSlice bytes;
    KxImapContent content;
    gboolean is_content;
} Value;

typedef struct {
    const char *mailbox;
    GArray *values; /* Value */
} Args;

static void value_clear(gpointer data)
{
    g_free(((Value *)data)->name);
}

static void args_init(Args *args)
{
    *args = (Args){.values = g_array_new(FALSE, TRUE, sizeof(Value))};
    g_array_set_clear_func(args->values, value_clear);
}

static void args_clear(Args *args)
{
    g_array_unref(args->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Args, args_clear)

/* ---- arguments ---- */

static gboolean parse_value(KxImapParser *parser, Value *value)
{
    if (kx_imap_peek(parser, '{') || kx_imap_peek(parser, '~')) {
        value->is_content = TRUE;
        return kx_imap_parse_content(parser, &value->content);
    }
    return kx_imap_parse_nstring(parser, &value->bytes, &value->nil);
}

/* FALSE also where the text ends in the header of a large literal: `ret_cut`. */
static gboolean parse_pairs(KxImapParser *parser, Args *args, gboolean *ret_cut)
{
    do {
        char *name = NULL;
        if (!kx_imap_parse_entry(parser, FALSE, &name))
            return FALSE;
        g_array_set_size(args->values, args->values->len + 1);
        Value *value = &g_array_index(args->values, Value, args->values->len - 1);
        value->name = name;
        if (!kx_imap_parse_space(parser) || !parse_value(parser, value))
            return FALSE;
        *ret_cut = value->is_content && value->content.spooled && kx_imap_at_end(parser);
        if (*ret_cut)
            return FALSE;
    } while (kx_imap_accept(parser, ' ') && !kx_imap_peek(parser, ')'));
    return TRUE;
}

static gboolean parse(KxImapParser *parser, Args *args, gboolean *ret_cut)
{
    *ret_cut = FALSE;
    return kx_imap_parse_space(parser) && kx_imap_parse_mailbox(parser, &args->mailbox) &&
           kx_imap_parse_space(parser) && kx_imap_parse_char(parser, '(') &&
           parse_pairs(parser, args, ret_cut) && kx_imap_parse_char(parser, ')');
}

/* ---- what may be set ---- */

static size_t size_of(const Value *value)
{
    return value->is_content ? (size_t)value->content.size : value->bytes.len;
}

/* Answers and returns FALSE if there is too much. */
static gboolean admit_sizes(KxImap *imap, const Args *args)
{
    if (args->values->len > ENTRIES_MAX) {
        kx_imap_no(imap, "METADATA TOOMANY", "Too many entries in one command");
        return FALSE;
    }
    for (guint i = 0; i < args->values->len; i++) {
        if (size_of(&g_array_index(args->values, Value, i)) > KX_METADATA_VALUE_MAX) {
            g_autofree char *code = g_strdup_printf("METADATA MAXSIZE %d", KX_METADATA_VALUE_MAX);
            kx_imap_no(imap, code, "The value is too large");
            return FALSE;
        }
    }
    return TRUE;
}

/* Only private ones: shared ones come from the settings. */
static gboolean admit_server(KxImap *imap, const Args *args)
{
    for (guint i = 0; i < args->values->len; i++) {
        if (g_str_has_prefix(g_array_index(args->values, Value, i).name, "/shared/")) {
            kx_imap_no(imap, "NOPERM", "Only the administrator sets shared entries of the server");
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- values ---- */

static GBytes *take_spooled(KxImap *imap, const Value *value, GError **error)
{
    const char *data;
    size_t len;
    KxIncoming *incoming =
        value->content.spool < imap->spools->len ? imap->spools->pdata[value->content.spool] : NULL;
    if (!incoming) {
        kx_fail(error, KX_ERR_BUSY, "The server restarted while the value came in");
        return NULL;
    }
    if (!kx_incoming_map(incoming, &data, &len, error))
        return NULL;
    return g_bytes_new(data, len);
}

static GBytes *take_value(KxImap *imap, const Value *value, GError **error)
{
    if (!value->is_content)
        return g_bytes_new(value->bytes.data, value->bytes.len);
    GBytes *bytes = value->content.spooled
                        ? take_spooled(imap, value, error)
                        : g_bytes_new(value->content.bytes.data, value->content.bytes.len);
    size_t len = 0;
    const void *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    if (len > 0 && !value->content.binary && memchr(data, '\0', len)) {
        kx_fail(error, KX_ERR_INVALID, "A value must not hold NUL, except as a literal8");
        g_clear_pointer(&bytes, g_bytes_unref);
    }
    return bytes;
}

static void entry_clear(gpointer data)
{
    KxMetadata *entry = data;
    g_free(entry->name);
    g_clear_pointer(&entry->value, g_bytes_unref);
}

/* "\Sent \Archive" as bits; FALSE if one of them is none that a folder can have. */
static gboolean parse_uses(GBytes *value, guint *ret_use)
{
    size_t len = 0;
    const char *data = value ? g_bytes_get_data(value, &len) : NULL;
    g_autofree char *text = g_strndup(data ? data : "", len);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    *ret_use = 0;
    for (guint i = 0; words[i]; i++) {
        guint use = kx_imap_find_special_use(KX_SLICE_STR(words[i]));
        if (words[i][0] != '\0' && (use == 0 || use == KX_USE_FLAGGED))
            return FALSE;
        *ret_use |= use;
    }
    return TRUE;
}

static gboolean is_use(const char *name)
{
    return g_str_equal(name, "/private/specialuse") || g_str_equal(name, "/shared/specialuse");
}

typedef struct {
    GArray *entries; /* KxMetadata, but for the special use */
    gboolean has_use, bad_use;
    guint use;
} Changes;

static gboolean collect(KxImap *imap, const Args *args, Changes *changes, GError **error)
{
    for (guint i = 0; i < args->values->len; i++) {
        const Value *value = &g_array_index(args->values, Value, i);
        g_autoptr(GBytes) bytes = value->nil ? NULL : take_value(imap, value, error);
        if (!value->nil && !bytes)
            return FALSE;
        if (args->mailbox[0] != '\0' && is_use(value->name)) {
            changes->has_use = TRUE;
            changes->bad_use |= !parse_uses(bytes, &changes->use);
            continue;
        }
        KxMetadata entry = {g_strdup(value->name), g_steal_pointer(&bytes)};
        g_array_append_val(changes->entries, entry);
    }
    return TRUE;
}

/* ---- the command ---- */

static void store(KxImap *imap, KxAccount *account, guint32 folder, const Changes *changes)
{
    g_autoptr(GError) error = NULL;
    if (kx_metadata_set(account, folder, kx_session_login(imap->session),
                        (const KxMetadata *)(void *)changes->entries->data, changes->entries->len,
                        changes->has_use ? &changes->use : NULL, &error))
        kx_imap_ok(imap, NULL, "SETMETADATA completed");
    else if (g_error_matches(error, KX_ERROR, KX_ERR_TOO_BIG))
        kx_imap_no(imap, "METADATA TOOMANY", "There is no room for more entries");
    else
        kx_imap_no_error(imap, error);
}

static void set_on_mailbox(KxImap *imap, const Args *args, const Changes *changes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, args->mailbox, 0, &error);
    if (!mailbox)
        kx_imap_no_error(imap, error);
    else if (!kx_imap_may_annotate(mailbox) ||
             (changes->has_use && mailbox->account != imap->account))
        kx_imap_no(imap, "NOPERM", "You have no right to change this metadata");
    else if (changes->bad_use)
        kx_imap_no(imap, "USEATTR", "A folder cannot have this special use");
    else
        store(imap, mailbox->account, mailbox->info->id, changes);
}

KX_IMAP_COMMAND(setmetadata)
{
    g_auto(Args) parsed;
    args_init(&parsed);
    gboolean cut;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(KxMetadata));
    g_array_set_clear_func(entries, entry_clear);
    Changes changes = {.entries = entries};
    parse(args, &parsed, &cut);
    if (!kx_imap_check(imap, args) || !admit_sizes(imap, &parsed) ||
        (parsed.mailbox[0] == '\0' && !admit_server(imap, &parsed)))
        return;
    if (imap->spool_error || !collect(imap, &parsed, &changes, &error))
        kx_imap_no_error(imap, imap->spool_error ? imap->spool_error : error);
    else if (parsed.mailbox[0] == '\0')
        store(imap, imap->account, 0, &changes);
    else
        set_on_mailbox(imap, &parsed, &changes);
}

KX_IMAP_COMMAND(setmetadata_literal)
{
    g_auto(Args) parsed;
    args_init(&parsed);
    gboolean cut;
    parse(args, &parsed, &cut);
    const Value *last = cut ? &g_array_index(parsed.values, Value, parsed.values->len - 1) : NULL;
    if (!last || last->content.spool != imap->spools->len) {
        kx_imap_bad(imap, args->error[0] ? args->error : "The values do not follow one another");
        return;
    }
    if (admit_sizes(imap, &parsed))
        kx_imap_begin_spool(imap, TRUE); /* a value stays as it is */
}
