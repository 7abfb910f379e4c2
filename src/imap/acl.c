/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/acl.h"

#include "core/share-hints.h"

static const struct {
    char letter;
    guint rights;
} VIRTUAL[] = {
    {'c', KX_RIGHT_CREATE | KX_RIGHT_DELETE},
    {'d', KX_RIGHT_DELETE_MESSAGES | KX_RIGHT_EXPUNGE},
};

gboolean kx_imap_parse_acl_args(KxImapParser *parser, gboolean identifier, KxAclArgs *ret)
{
    return kx_imap_parse_space(parser) && kx_imap_parse_mailbox(parser, &ret->mailbox) &&
           (!identifier ||
            (kx_imap_parse_space(parser) && kx_imap_parse_astring(parser, &ret->identifier)));
}

/* ---- rights ---- */

static gboolean add_right(char letter, guint *rights)
{
    guint right = 0;
    for (guint i = 0; i < G_N_ELEMENTS(VIRTUAL); i++)
        if (VIRTUAL[i].letter == letter)
            right = VIRTUAL[i].rights;
    if (right == 0 && !kx_rights_parse(&letter, 1, &right))
        return FALSE;
    *rights |= right;
    return TRUE;
}

gboolean kx_imap_parse_rights(KxImapParser *parser, KxAclOp *ret_op, guint *ret_rights)
{
    KxSlice text = {0};
    guint rights = 0;
    if (!kx_imap_parse_astring(parser, &text))
        return FALSE;
    gboolean add = text.len > 0 && text.data[0] == '+';
    gboolean remove = text.len > 0 && text.data[0] == '-';
    for (size_t i = add || remove ? 1 : 0; i < text.len; i++)
        if (!add_right(text.data[i], &rights))
            return kx_imap_parser_fail(parser, "These are not rights (lrswipkxteacd)");
    *ret_op = add ? KX_ACL_ADD : remove ? KX_ACL_REMOVE : KX_ACL_REPLACE;
    *ret_rights = rights;
    return TRUE;
}

void kx_imap_format_rights(GString *out, guint rights)
{
    kx_rights_format(out, rights);
    for (guint i = 0; i < G_N_ELEMENTS(VIRTUAL); i++)
        if (rights & VIRTUAL[i].rights)
            g_string_append_c(out, VIRTUAL[i].letter);
}

void kx_imap_write_myrights(KxImap *imap, const char *name, guint rights)
{
    g_autoptr(GString) letters = g_string_new(NULL);
    kx_imap_format_rights(letters, rights);
    kx_session_puts(imap->session, "* MYRIGHTS ");
    kx_imap_write_mailbox(imap, name);
    kx_session_printf(imap->session, " %s\r\n", letters->len > 0 ? letters->str : "\"\"");
}

/* ---- identifiers ---- */

const char *kx_imap_acl_owner(const KxImapMailbox *mailbox)
{
    return kx_account_kind(mailbox->account) == KX_ACCOUNT_PERSONAL
               ? kx_account_name(mailbox->account)
               : "owner";
}

/* "user@domain" of a user there is, who without a domain is one of the asker's. */
static char *find_user(KxImap *imap, const char *name)
{
    KxDirectory *directory = kx_session_core(imap->session)->directory;
    g_autofree char *login =
        strchr(name, '@') ? g_strdup(name)
                          : g_strdup_printf("%s@%s", name, kx_session_user(imap->session)->domain);
    g_autoptr(KxUser) user = kx_user_get(directory, login, NULL);
    return user ? g_strdup_printf("%s@%s", user->name, user->domain) : NULL;
}

static char *canonical(KxImap *imap, const KxImapMailbox *mailbox, const char *name)
{
    if (g_ascii_strcasecmp(name, "anyone") == 0)
        return g_strdup("anyone");
    if (g_ascii_strcasecmp(name, "owner") == 0)
        return g_strdup(kx_imap_acl_owner(mailbox));
    return find_user(imap, name);
}

/* Whoever is gone can still be taken out of the list. */
static gboolean is_listed(const KxImapMailbox *mailbox, const char *name)
{
    return kx_acl_find(mailbox->acl, name) != 0;
}

char *kx_imap_acl_identifier(KxImap *imap, const KxImapMailbox *mailbox, KxSlice given,
                             gboolean *ret_owner, GError **error)
{
    g_autofree char *name = g_strndup(given.data, given.len);
    if (strlen(name) != given.len || given.len > KX_ACL_IDENTIFIER_MAX ||
        !g_utf8_validate(name, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "This is not the name of a user");
        return NULL;
    }
    gboolean negative = name[0] == '-';
    g_autofree char *user = canonical(imap, mailbox, name + negative);
    *ret_owner = user && strcmp(user, kx_imap_acl_owner(mailbox)) == 0;
    if (user)
        return negative ? g_strconcat("-", user, NULL) : g_steal_pointer(&user);
    if (is_listed(mailbox, name))
        return g_steal_pointer(&name);
    kx_fail(error, KX_ERR_NOT_FOUND, "There is no user %s", name + negative);
    return NULL;
}

/* ---- changes ---- */

/* The hint comes before the rights and goes after them; and once more, if somebody else took it
 * away in between. */
static gboolean change_personal(KxImap *imap, const KxImapMailbox *mailbox, const char *identifier,
                                KxAclOp op, guint rights, GError **error)
{
    KxDirectory *directory = kx_session_core(imap->session)->directory;
    const char *owner = kx_account_name(mailbox->account);
    const char *name = *identifier == '-' ? identifier + 1 : identifier;
    g_autofree char *share = kx_share_identifier(mailbox->account, identifier);
    gboolean gives = op != KX_ACL_REMOVE && rights != 0;
    if ((gives && !kx_shares_add(directory, owner, share, error)) ||
        !kx_folder_change_acl(mailbox->account, mailbox->path, identifier, op, rights, error))
        return FALSE;
    if (!kx_account_names(mailbox->account, name))
        return kx_shares_remove(directory, owner, share, error);
    return kx_shares_add(directory, owner, share, error);
}

gboolean kx_imap_change_acl(KxImap *imap, const KxImapMailbox *mailbox, const char *identifier,
                            KxAclOp op, guint rights, GError **error)
{
    if (kx_account_kind(mailbox->account) == KX_ACCOUNT_PERSONAL)
        return change_personal(imap, mailbox, identifier, op, rights, error);
    return kx_folder_change_acl(mailbox->account, mailbox->path, identifier, op, rights, error);
}
