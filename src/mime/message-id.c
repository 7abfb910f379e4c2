/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/message-id.h"

#include <string.h>

#include "mime/lex-private.h"

/* From behind "<" to behind ">". FALSE: a "<" or the end came first, where `lex` then stands. */
static gboolean read_id(KxLex *lex, GString *out)
{
    while (lex->pos < lex->end) {
        char c = *lex->pos;
        if (c == '"') {
            kx_lex_quoted(lex, out);
            continue;
        }
        if (c == '<')
            return FALSE;
        lex->pos++;
        if (c == '>')
            return TRUE;
        if (g_ascii_isgraph(c) || (guchar)c >= 0x80)
            g_string_append_c(out, c);
    }
    return FALSE;
}

static gboolean makes_sense(const GString *id)
{
    const char *at = memrchr(id->str, '@', id->len);
    return at && at > id->str && at[1] != '\0' && id->len <= KX_MESSAGE_ID_MAX;
}

gboolean kx_message_id_next(const char **pos, const char *end, GString *out)
{
    KxLex lex = {*pos, end};
    while (lex.pos < end) {
        const char *open = memchr(lex.pos, '<', (size_t)(end - lex.pos));
        if (!open)
            break;
        lex.pos = open + 1;
        g_string_truncate(out, 0);
        if (read_id(&lex, out) && makes_sense(out)) {
            *pos = lex.pos;
            return TRUE;
        }
    }
    *pos = end;
    return FALSE;
}
