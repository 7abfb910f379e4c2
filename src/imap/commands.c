/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands after sign-in, and the way to each. */
#include "imap/mailbox.h"

#include "base/text.h"

enum {
    ANY = KX_IMAP_IN_AUTH | KX_IMAP_IN_SELECTED,
    SELECTED = KX_IMAP_IN_SELECTED,
};

static const KxImapCommand commands[] = {
    {"APPEND", kx_imap_cmd_append, ANY | KX_IMAP_TELLS, kx_imap_cmd_append_literal},
    {"CANCELUPDATE", kx_imap_cmd_cancelupdate, SELECTED},
    {"CAPABILITY", kx_imap_cmd_capability, ANY},
    {"CHECK", kx_imap_cmd_check, SELECTED},
    {"CLOSE", kx_imap_cmd_close, SELECTED | KX_IMAP_NO_SYNC},
    {"COMPARATOR", kx_imap_cmd_comparator, ANY},
    {"COMPRESS", kx_imap_cmd_compress, ANY | KX_IMAP_NO_SYNC},
    {"COPY", kx_imap_cmd_copy, SELECTED | KX_IMAP_TELLS | KX_IMAP_HAS_UID},
    {"CREATE", kx_imap_cmd_create, ANY},
    {"DELETE", kx_imap_cmd_delete, ANY},
    {"DELETEACL", kx_imap_cmd_deleteacl, ANY},
    {"ENABLE", kx_imap_cmd_enable, ANY},
    {"ESEARCH", kx_imap_cmd_esearch,
     ANY | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID | KX_IMAP_NO_NUMBERS},
    {"EXAMINE", kx_imap_cmd_examine, ANY | KX_IMAP_NO_SYNC},
    {"EXPUNGE", kx_imap_cmd_expunge,
     SELECTED | KX_IMAP_TELLS | KX_IMAP_WRITES | KX_IMAP_HAS_UID | KX_IMAP_NO_NUMBERS},
    {"FETCH", kx_imap_cmd_fetch, SELECTED | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID},
    {"GENURLAUTH", kx_imap_cmd_genurlauth, ANY},
    {"GETACL", kx_imap_cmd_getacl, ANY},
    {"GETMETADATA", kx_imap_cmd_getmetadata, ANY},
    {"GETQUOTA", kx_imap_cmd_getquota, ANY},
    {"GETQUOTAROOT", kx_imap_cmd_getquotaroot, ANY},
    {"ID", kx_imap_cmd_id, ANY},
    {"IDLE", kx_imap_cmd_idle, ANY},
    {"LANGUAGE", kx_imap_cmd_language, ANY},
    {"LIST", kx_imap_cmd_list, ANY},
    {"LISTRIGHTS", kx_imap_cmd_listrights, ANY},
    {"LOGOUT", kx_imap_cmd_logout, ANY | KX_IMAP_NO_SYNC},
    {"LSUB", kx_imap_cmd_lsub, ANY},
    {"MOVE", kx_imap_cmd_move, SELECTED | KX_IMAP_TELLS | KX_IMAP_WRITES | KX_IMAP_HAS_UID},
    {"MYRIGHTS", kx_imap_cmd_myrights, ANY},
    {"NAMESPACE", kx_imap_cmd_namespace, ANY},
    {"NOOP", kx_imap_cmd_noop, ANY},
    {"NOTIFY", kx_imap_cmd_notify, ANY | KX_IMAP_TELLS},
    {"RENAME", kx_imap_cmd_rename, ANY},
    {"REPLACE", kx_imap_cmd_replace, SELECTED | KX_IMAP_TELLS | KX_IMAP_WRITES | KX_IMAP_HAS_UID,
     kx_imap_cmd_replace_literal},
    {"RESETKEY", kx_imap_cmd_resetkey, ANY},
    {"SEARCH", kx_imap_cmd_search, SELECTED | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID},
    {"SELECT", kx_imap_cmd_select, ANY | KX_IMAP_NO_SYNC},
    {"SETQUOTA", kx_imap_cmd_setquota, ANY},
    {"SORT", kx_imap_cmd_sort, SELECTED | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID},
    {"SETACL", kx_imap_cmd_setacl, ANY},
    {"SETMETADATA", kx_imap_cmd_setmetadata, ANY, kx_imap_cmd_setmetadata_literal},
    {"STATUS", kx_imap_cmd_status, ANY},
    {"STORE", kx_imap_cmd_store, SELECTED | KX_IMAP_WRITES | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID},
    {"SUBSCRIBE", kx_imap_cmd_subscribe, ANY},
    {"THREAD", kx_imap_cmd_thread, SELECTED | KX_IMAP_NO_EXPUNGE | KX_IMAP_HAS_UID},
    {"UIDBATCHES", kx_imap_cmd_uidbatches, SELECTED},
    {"UNAUTHENTICATE", kx_imap_cmd_unauthenticate, ANY | KX_IMAP_NO_SYNC},
    {"UNSELECT", kx_imap_cmd_unselect, SELECTED | KX_IMAP_NO_SYNC},
    {"UNSUBSCRIBE", kx_imap_cmd_unsubscribe, ANY},
    {"URLFETCH", kx_imap_cmd_urlfetch, ANY},
};

static const KxImapCommand *find(KxSlice name)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (kx_ascii_equal(name.data, name.len, commands[i].name))
            return &commands[i];
    }
    return NULL;
}

/* Tag, name, and the UID prefix; FALSE: the error is in `args`. */
static gboolean parse_start(KxImap *imap, KxImapParser *args)
{
    KxSlice tag = {0}, name = {0};
    g_free(imap->tag);
    imap->tag = g_strdup("*");
    if (!kx_imap_parse_tag(args, &tag))
        return FALSE;
    g_free(imap->tag);
    imap->tag = g_strndup(tag.data, tag.len);
    if (!kx_imap_parse_space(args))
        return FALSE;
    imap->uid = kx_imap_accept_atom(args, "UID");
    if ((imap->uid && !kx_imap_parse_space(args)) || !kx_imap_parse_atom(args, &name))
        return FALSE;
    const KxImapCommand *command = find(name);
    if (!command || (imap->uid && !(command->flags & KX_IMAP_HAS_UID)))
        return kx_imap_parser_fail(args, "Unknown command");
    imap->command = command;
    return TRUE;
}

/* Answers and returns FALSE if the command is not allowed now. */
static gboolean may_run(KxImap *imap)
{
    guint flags = imap->command->flags;
    if (!kx_imap_refresh_rights(imap)) {
        kx_imap_no(imap, "NOPERM", "You may not read the selected folder any more");
        return FALSE;
    }
    if (!(flags & (imap->view ? KX_IMAP_IN_SELECTED : KX_IMAP_IN_AUTH))) {
        kx_imap_bad(imap, "Select a folder first");
        return FALSE;
    }
    if (imap->enabled & KX_IMAP_UIDONLY && !imap->uid && flags & KX_IMAP_HAS_UID &&
        !(flags & KX_IMAP_NO_NUMBERS)) { /* RFC 9586 section 3 */
        kx_imap_bad_code(imap, "UIDREQUIRED", "After ENABLE UIDONLY use the UID command");
        return FALSE;
    }
    if (flags & KX_IMAP_WRITES && imap->read_only) {
        kx_imap_no(imap, imap->examined ? NULL : "NOPERM",
                   imap->examined ? "The folder was opened for reading only"
                                  : "You have no right to change anything in this folder");
        return FALSE;
    }
    return TRUE;
}

void kx_imap_run(KxImap *imap, const char *text, size_t len)
{
    g_auto(KxImapParser) args = {0};
    kx_imap_parser_init(&args, text, len, kx_imap_is_utf8(imap));
    kx_imap_idle_stop(imap);
    if (!parse_start(imap, &args))
        kx_imap_bad(imap, args.error);
    else if (may_run(imap))
        imap->command->func(imap, &args);
}

void kx_imap_run_literal(KxImap *imap, const char *text, size_t len)
{
    g_auto(KxImapParser) args = {0};
    kx_imap_parser_init(&args, text, len, kx_imap_is_utf8(imap));
    imap->reply_code = KX_IMAP_CODE_REFUSED;
    kx_imap_idle_stop(imap);
    if (!parse_start(imap, &args))
        kx_imap_bad(imap, args.error);
    else if (!imap->command->literal)
        kx_imap_bad(imap, "This command takes no large literal");
    else if (may_run(imap))
        imap->command->literal(imap, &args);
}
