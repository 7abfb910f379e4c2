/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access lists. The first byte says what the rest is: the arguments of SETACL behind the command,
 * or a list as #folder and the index have it. What was read can be written and read again.
 */
#include "imap/acl.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_list(const char *data, size_t len)
{
    g_autofree char *text = g_strndup(data, len);
    g_autoptr(KxAcl) acl = kx_acl_parse(text);
    g_assert(kx_acl_count(acl) <= KX_ACL_ENTRIES);
    for (guint i = 0; i < kx_acl_count(acl); i++) {
        const KxAclEntry *entry = kx_acl_entry(acl, i);
        g_assert(entry->rights != 0 && (entry->rights & ~(guint)KX_RIGHTS_ALL) == 0);
        g_assert(kx_acl_find(acl, entry->identifier) == entry->rights);
    }
    g_autofree char *written = kx_acl_format(acl);
    g_autoptr(KxAcl) again = kx_acl_parse(written);
    g_assert(kx_acl_equal(acl, again));
    const KxAclUser user = {"bob@example.test", TRUE, FALSE};
    g_assert(kx_acl_rights(acl, &user) == kx_acl_rights(again, &user));
}

static void check_command(const char *data, size_t len)
{
    g_auto(KxImapParser) parser = {0};
    KxAclArgs args = {0};
    KxAclOp op = KX_ACL_REPLACE;
    guint rights = 0;
    kx_imap_parser_init(&parser, data, len, len % 2 == 0);
    if (!kx_imap_parse_acl_args(&parser, TRUE, &args) || !kx_imap_parse_space(&parser) ||
        !kx_imap_parse_rights(&parser, &op, &rights)) {
        g_assert(!kx_imap_parser_ok(&parser));
        return;
    }
    g_autofree char *name = g_strndup(args.identifier.data, args.identifier.len);
    g_autoptr(KxAcl) acl = kx_acl_with(NULL, name, op, rights, NULL);
    g_autofree char *written = acl ? kx_acl_format(acl) : g_strdup("");
    check_list(written, strlen(written));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size > 0 && *data == 'c')
        check_command((const char *)data + 1, size - 1);
    else if (size > 0)
        check_list((const char *)data + 1, size - 1);
    return 0;
}
