/* SPDX-License-Identifier: Apache-2.0 */
/* CREATE (RFC 9051 section 6.3.4) with CREATE-SPECIAL-USE (RFC 6154 section 3) and MAILBOXID (RFC
 * 8474 section 4.1). */
#include "imap/list.h"
#include "imap/mailbox.h"
#include "imap/object-id.h"
#include "imap/special-use.h"

typedef struct {
    KxSlice given;
    const char *name;
    guint special_use;
    gboolean bad_use;
} Args;

static gboolean parse_use(KxImapParser *parser, Args *ret)
{
    if (!kx_imap_accept_atom(parser, "USE"))
        return kx_imap_parser_fail(parser, "Expected USE");
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_char(parser, '('))
        return FALSE;
    if (kx_imap_accept(parser, ')'))
        return TRUE;
    do {
        KxSlice name = {0};
        if (!kx_imap_parse_flag(parser, &name))
            return FALSE;
        guint use = kx_imap_find_special_use(name);
        ret->special_use |= use;
        ret->bad_use |=
            use == 0 || use == KX_USE_FLAGGED; /* that would be a search, not a folder */
    } while (kx_imap_accept(parser, ' '));
    return kx_imap_parse_char(parser, ')');
}

static gboolean parse(KxImapParser *parser, Args *ret)
{
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_astring(parser, &ret->given) ||
        !kx_imap_decode_mailbox(parser, ret->given, &ret->name))
        return FALSE;
    if (!kx_imap_accept(parser, ' '))
        return TRUE;
    return kx_imap_parse_char(parser, '(') && parse_use(parser, ret) &&
           kx_imap_parse_char(parser, ')');
}

void kx_imap_cmd_create(KxImap *imap, KxImapParser *parser)
{
    Args args = {0};
    g_autoptr(GError) error = NULL;
    parse(parser, &args);
    if (!kx_imap_check(imap, parser))
        return;
    if (args.bad_use) {
        kx_imap_no(imap, "USEATTR", "A folder cannot have this special use");
        return;
    }
    g_autofree char *path = g_strdup(args.name);
    if (g_str_has_suffix(path, "/")) { /* the client means to make folders below */
        path[strlen(path) - 1] = '\0';
        args.given.len--;
    }
    g_autoptr(KxImapMailbox) place = kx_imap_mailbox_at(imap, path, &error);
    if (!place || !kx_imap_mailbox_may_create(place, &error) ||
        !kx_folder_create(place->account, place->path, KX_TYPE_MAIL, args.special_use, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    g_autoptr(KxImapMailbox) made = kx_imap_mailbox_open(imap, path, 0, NULL);
    if (!made) { /* somebody has removed it already */
        kx_imap_ok(imap, NULL, "CREATE completed");
        return;
    }
    if (imap->enabled & KX_IMAP_REV2)
        kx_imap_write_list(imap, path, made->info, args.given);
    char id[KX_OBJECT_ID_TEXT];
    kx_mailbox_id_format(made->info, id);
    g_autofree char *code = g_strdup_printf("MAILBOXID (%s)", id);
    kx_imap_ok(imap, code, "CREATE completed");
}
