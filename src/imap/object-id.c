/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/object-id.h"

enum { LENGTH_MAX = 255 };

void kx_object_id_format(char kind, const KxObjectId *id, char ret_text[KX_OBJECT_ID_TEXT])
{
    static const char DIGITS[] = "0123456789abcdef";
    char *out = ret_text;
    *out++ = kind;
    for (guint i = 0; i < KX_OBJECT_ID_SIZE; i++) {
        *out++ = DIGITS[id->bytes[i] >> 4];
        *out++ = DIGITS[id->bytes[i] & 15];
    }
    *out = '\0';
}

void kx_mailbox_id_format(const KxFolderInfo *info, char ret_text[KX_OBJECT_ID_TEXT])
{
    kx_object_id_format('F', &info->mailbox_id, ret_text);
}

gboolean kx_imap_parse_object_id(KxImapParser *parser, KxSlice *ret)
{
    if (!kx_imap_parse_atom(parser, ret))
        return FALSE;
    for (size_t i = 0; i < ret->len; i++)
        if (!g_ascii_isalnum(ret->data[i]) && ret->data[i] != '_' && ret->data[i] != '-')
            return kx_imap_parser_fail(parser, "An object identifier has letters, digits, _ and -");
    return ret->len <= LENGTH_MAX ||
           kx_imap_parser_fail(parser, "The object identifier is too long");
}
