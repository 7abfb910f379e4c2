/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GETMETADATA (RFC 5464 section 4.2). Its options stand before the mailbox, as the grammar has it,
 * or behind, as in the examples. The answer is one METADATA response, written as a cursor.
 */
#include "imap/metadata.h"

#include "base/error.h"

typedef struct {
    KxImap *imap;
    const char *given; /* the mailbox; "" is the server */
    char *name;
    KxImapMailbox *mailbox; /* NULL: the server */
    GPtrArray *names;
    KxMetadataDepth depth;
    guint64 max; /* bytes of a value */
    /* where it stands */
    guint next; /* name */
    GPtrArray *found;
    guint at;
    gboolean begun;
    guint64 longest; /* of the values that are too long */
    GError *error;
} Cursor;

static void cursor_free(gpointer data)
{
    Cursor *cursor = data;
    kx_imap_mailbox_free(cursor->mailbox);
    g_ptr_array_unref(cursor->names);
    g_clear_pointer(&cursor->found, g_ptr_array_unref);
    g_clear_error(&cursor->error);
    g_free(cursor->name);
    g_free(cursor);
}

/* ---- arguments ---- */

static gboolean parse_depth(KxImapParser *args, Cursor *cursor)
{
    static const char *const words[] = {
        [KX_METADATA_SELF] = "0", [KX_METADATA_CHILDREN] = "1", [KX_METADATA_ALL] = "infinity"};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (kx_imap_accept_atom(args, words[i])) {
            cursor->depth = (KxMetadataDepth)i;
            return TRUE;
        }
    }
    return kx_imap_parser_fail(args, "DEPTH is 0, 1 or infinity");
}

static gboolean parse_options(KxImapParser *args, Cursor *cursor)
{
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    do {
        if (kx_imap_accept_atom(args, "MAXSIZE")) {
            if (!kx_imap_parse_space(args) ||
                !kx_imap_parse_number(args, G_MAXUINT32, &cursor->max))
                return FALSE;
        } else if (kx_imap_accept_atom(args, "DEPTH")) {
            if (!kx_imap_parse_space(args) || !parse_depth(args, cursor))
                return FALSE;
        } else {
            return kx_imap_parser_fail(args, "Unknown GETMETADATA option");
        }
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

/* A list of options, not of entries. */
static gboolean options_follow(const KxImapParser *args)
{
    return kx_imap_peek(args, '(') && args->end - args->at > 1 && g_ascii_isalpha(args->at[1]);
}

/* Several entries without parentheses are in an example of the RFC, if not in its grammar. */
static gboolean parse_names(KxImapParser *args, Cursor *cursor)
{
    if (kx_imap_peek(args, '('))
        return kx_imap_parse_entries(args, cursor->names);
    do {
        char *name = NULL;
        if (!kx_imap_parse_entry(args, TRUE, &name))
            return FALSE;
        g_ptr_array_add(cursor->names, name);
    } while (kx_imap_accept(args, ' '));
    return TRUE;
}

static gboolean parse(KxImapParser *args, Cursor *cursor)
{
    if (!kx_imap_parse_space(args))
        return FALSE;
    if (options_follow(args) && (!parse_options(args, cursor) || !kx_imap_parse_space(args)))
        return FALSE;
    if (!kx_imap_parse_mailbox(args, &cursor->given) || !kx_imap_parse_space(args))
        return FALSE;
    if (options_follow(args) && (!parse_options(args, cursor) || !kx_imap_parse_space(args)))
        return FALSE;
    return parse_names(args, cursor);
}

/* ---- the answer ---- */

static void write_entry(Cursor *cursor, const KxMetadata *entry)
{
    size_t size = entry->value ? g_bytes_get_size(entry->value) : 0;
    if (size > cursor->max) {
        cursor->longest = MAX(cursor->longest, size);
        return;
    }
    KxSession *session = cursor->imap->session;
    if (!cursor->begun) {
        kx_session_puts(session, "* METADATA ");
        if (cursor->mailbox)
            kx_imap_write_mailbox(cursor->imap, cursor->name);
        else
            kx_session_puts(session, "\"\"");
    }
    kx_session_puts(session, cursor->begun ? " " : " (");
    cursor->begun = TRUE;
    kx_imap_write_metadata(cursor->imap, entry);
}

static void write_none(Cursor *cursor, guint i)
{
    write_entry(cursor, &(KxMetadata){.name = cursor->names->pdata[i]});
}

/* FALSE: an error, or no more names. */
static gboolean load(Cursor *cursor)
{
    if (cursor->next == cursor->names->len)
        return FALSE;
    g_clear_pointer(&cursor->found, g_ptr_array_unref);
    KxImapMailbox *mailbox = cursor->mailbox;
    cursor->found =
        kx_imap_get_metadata(cursor->imap, mailbox ? mailbox->account : cursor->imap->account,
                             mailbox ? mailbox->info : NULL, cursor->names->pdata[cursor->next],
                             cursor->depth, &cursor->error);
    cursor->at = 0;
    if (cursor->found && cursor->found->len == 0 && cursor->depth == KX_METADATA_SELF)
        write_none(cursor, cursor->next);
    cursor->next++;
    return cursor->found != NULL;
}

static void finish(Cursor *cursor)
{
    KxImap *imap = cursor->imap;
    if (!cursor->begun && cursor->longest == 0 && !cursor->error)
        write_none(cursor, 0); /* there has to be a response */
    if (cursor->begun)
        kx_session_puts(imap->session, ")\r\n");
    if (cursor->error) {
        kx_imap_no_error(imap, cursor->error);
        return;
    }
    g_autofree char *code =
        cursor->longest > 0
            ? g_strdup_printf("METADATA LONGENTRIES %" G_GUINT64_FORMAT, cursor->longest)
            : NULL;
    kx_imap_ok(imap, code, "GETMETADATA completed");
}

static KxStep step(KxSession *session, gpointer data)
{
    Cursor *cursor = data;
    while (!kx_session_full(session)) {
        if (cursor->found && cursor->at < cursor->found->len) {
            write_entry(cursor, cursor->found->pdata[cursor->at++]);
        } else if (!load(cursor)) {
            finish(cursor);
            return KX_STEP_DONE;
        }
    }
    return KX_STEP_MORE;
}

static gboolean open_mailbox(KxImap *imap, Cursor *cursor)
{
    g_autoptr(GError) error = NULL;
    cursor->name = g_strdup(cursor->given);
    if (cursor->name[0] == '\0')
        return TRUE;
    cursor->mailbox = kx_imap_mailbox_open(imap, cursor->name, 0, &error);
    if (cursor->mailbox && !kx_imap_may_annotate(cursor->mailbox))
        kx_fail(&error, KX_ERR_DENIED, "You have no right to read the metadata of this folder");
    if (error)
        kx_imap_no_error(imap, error);
    return error == NULL;
}

KX_IMAP_COMMAND(getmetadata)
{
    Cursor *cursor = g_new0(Cursor, 1);
    cursor->imap = imap;
    cursor->max = G_MAXUINT64;
    cursor->names = g_ptr_array_new_with_free_func(g_free);
    parse(args, cursor);
    if (kx_imap_check(imap, args) && open_mailbox(imap, cursor))
        kx_session_set_cursor(imap->session, step, cursor, cursor_free);
    else
        cursor_free(cursor);
}
