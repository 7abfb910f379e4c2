/* SPDX-License-Identifier: Apache-2.0 */
/* DELE and RSET (RFC 1939 section 5): marks, nothing more, until QUIT. */
#include "pop3/marks.h"
#include "pop3/pop3.h"

void kx_pop3_cmd_dele(KxPop3 *pop3, const char *args)
{
    guint32 number;
    KxItem item;
    if (!kx_pop3_message(pop3, &args, &number, &item) || !kx_pop3_no_more(pop3, args))
        return;
    pop3->deleted->data[number - 1] = 1;
    kx_pop3_save(pop3);
    kx_pop3_ok(pop3, "Marked for deletion");
}

void kx_pop3_cmd_rset(KxPop3 *pop3, const char *args)
{
    g_byte_array_unref(pop3->deleted);
    pop3->deleted = kx_pop3_marks_new(pop3->read->len);
    kx_pop3_save(pop3);
    kx_pop3_ok(pop3, "No message is marked");
}
