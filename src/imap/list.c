/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/list.h"

#include "imap/acl.h"
#include "imap/list-match.h"
#include "imap/list-spaces.h"
#include "imap/mailbox.h"
#include "imap/metadata.h"
#include "imap/special-use.h"
#include "imap/status.h"

typedef struct {
    KxImap *imap;
    KxListRequest request;
    KxListTree *tree;
    guint next; /* node */
} Cursor;

void kx_list_request_clear(KxListRequest *request)
{
    g_clear_pointer(&request->patterns, g_ptr_array_unref);
    g_clear_pointer(&request->metadata, g_ptr_array_unref);
}

static void cursor_free(gpointer data)
{
    Cursor *cursor = data;
    kx_list_request_clear(&cursor->request);
    kx_list_tree_free(cursor->tree);
    g_free(cursor);
}

static gboolean wanted(const KxListNode *node, guint options)
{
    if (options & KX_LIST_SUBSCRIBED && !node->subscribed)
        return FALSE;
    if (options & KX_LIST_SPECIAL_USE && !(node->own && node->info && node->info->special_use))
        return FALSE;
    /* A name that is only subscribed, or a level above one, is no folder. */
    return options & KX_LIST_SUBSCRIBED || node->info || node->has_children || node->root;
}

/* LSUB with a pattern that ends in % also names levels above subscribed ones (RFC 3501
 * section 6.3.9). */
static gboolean pattern_asks_for(const Cursor *cursor, const KxListNode *node, const char *pattern)
{
    guint options = cursor->request.options;
    gboolean above = options & KX_LIST_RECURSIVEMATCH ||
                     (options & KX_LIST_LSUB && g_str_has_suffix(pattern, "%"));
    return (node->selected || (above && node->selected_below)) &&
           kx_list_match(pattern, node->path);
}

static gboolean asked_for(const Cursor *cursor, const KxListNode *node)
{
    for (guint i = 0; i < cursor->request.patterns->len; i++) {
        if (pattern_asks_for(cursor, node, cursor->request.patterns->pdata[i]))
            return TRUE;
    }
    return FALSE;
}

static void format_attributes(GString *out, const KxListNode *node, guint options)
{
    if (node->root && !node->info)
        g_string_append(out, " \\Noselect");
    else if (!node->info)
        g_string_append(out, options & KX_LIST_LSUB && node->selected
                                 ? " \\NonExistent"
                                 : " \\NonExistent \\Noselect");
    else if ((options & KX_LIST_LSUB && !node->selected) || !(node->rights & KX_RIGHT_READ))
        g_string_append(out, " \\Noselect");
    if (node->subscribed && options & KX_LIST_RETURN_SUBSCRIBED)
        g_string_append(out, " \\Subscribed");
    g_string_append(out, node->has_children ? " \\HasChildren" : " \\HasNoChildren");
    if (node->info && node->own)
        kx_imap_format_special_use(out, node->info->special_use);
}

static void write_child_info(KxImap *imap, guint options)
{
    g_autoptr(GString) names = g_string_new(NULL);
    if (options & KX_LIST_SUBSCRIBED)
        g_string_append(names, "\"SUBSCRIBED\"");
    if (options & KX_LIST_SPECIAL_USE)
        g_string_append(names, names->len > 0 ? " \"SPECIAL-USE\"" : "\"SPECIAL-USE\"");
    kx_session_printf(imap->session, " (\"CHILDINFO\" (%s))", names->str);
}

/* `attributes` begins with a space unless it is empty. */
static void write_line(KxImap *imap, const char *name, const char *attributes, const char *path)
{
    kx_session_printf(imap->session, "* %s (%s) \"/\" ", name, attributes[0] ? attributes + 1 : "");
    kx_imap_write_mailbox(imap, path);
}

static void write_metadata(KxImap *imap, const KxListNode *node, const GPtrArray *names)
{
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(imap, node->path, 0, NULL);
    if (mailbox)
        kx_imap_list_metadata(imap, mailbox->account, node->info, node->path, names);
}

static void write_node(const Cursor *cursor, const KxListNode *node)
{
    KxImap *imap = cursor->imap;
    guint options = cursor->request.options;
    g_autoptr(GString) attributes = g_string_new(NULL);
    format_attributes(attributes, node, options);
    write_line(imap, options & KX_LIST_LSUB ? "LSUB" : "LIST", attributes->str, node->path);
    if (options & KX_LIST_RECURSIVEMATCH && node->selected_below)
        write_child_info(imap, options);
    kx_session_puts(imap->session, "\r\n");
    if (options & KX_LIST_RETURN_MYRIGHTS && node->info)
        kx_imap_write_myrights(imap, node->path, node->rights);
    if (options & KX_LIST_RETURN_STATUS && node->info && node->rights & KX_RIGHT_READ)
        kx_imap_write_status(imap, node->path, node->info, cursor->request.status_items);
    if (options & KX_LIST_RETURN_METADATA && node->info)
        write_metadata(imap, node, cursor->request.metadata);
}

static KxStep step(KxSession *session, gpointer data)
{
    Cursor *cursor = data;
    while (cursor->next < cursor->tree->nodes->len) {
        const KxListNode *node = cursor->tree->nodes->pdata[cursor->next++];
        if (asked_for(cursor, node))
            write_node(cursor, node);
        if (kx_session_full(session))
            return KX_STEP_MORE;
    }
    kx_imap_ok(cursor->imap, NULL,
               cursor->request.options & KX_LIST_LSUB ? "LSUB completed" : "LIST completed");
    return KX_STEP_DONE;
}

void kx_imap_list(KxImap *imap, KxListRequest *request)
{
    g_autoptr(GError) error = NULL;
    KxListTree *tree = kx_list_spaces(imap, request, &error);
    if (!tree) {
        kx_imap_no_error(imap, error);
        return;
    }
    if (request->options & KX_LIST_RETURN_STATUS)
        kx_imap_note_status_items(imap, request->status_items);
    kx_list_tree_select(tree, wanted, request->options);
    Cursor *cursor = g_new0(Cursor, 1);
    *cursor = (Cursor){.imap = imap, .request = *request, .tree = tree};
    request->patterns = NULL;
    request->metadata = NULL;
    kx_session_set_cursor(imap->session, step, cursor, cursor_free);
}

void kx_imap_write_list(KxImap *imap, const char *name, const KxFolderInfo *info, KxSlice given)
{
    g_autoptr(GString) attributes = g_string_new(NULL);
    g_string_append(attributes, info->subscribed ? " \\Subscribed" : "");
    kx_imap_format_special_use(attributes, info->special_use);
    write_line(imap, "LIST", attributes->str, name);
    if (given.len != strlen(name) || memcmp(given.data, name, given.len) != 0) {
        kx_session_puts(imap->session, " (\"OLDNAME\" (");
        kx_imap_write_string(imap, given.data, given.len);
        kx_session_puts(imap->session, "))");
    }
    kx_session_puts(imap->session, "\r\n");
}
