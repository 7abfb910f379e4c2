/* SPDX-License-Identifier: Apache-2.0 */
/* STAT, LIST (RFC 1939 section 5) and UIDL (section 7). A unique-id is UIDVALIDITY and UID in hex.
 */
#include "pop3/pop3.h"

void kx_pop3_cmd_stat(KxPop3 *pop3, const char *args)
{
    KxItem items[KX_POP3_BATCH];
    guint32 numbers[KX_POP3_BATCH];
    guint32 next = 1, count = 0;
    guint64 size = 0;
    guint n;
    while ((n = kx_view_items(pop3->view, next, G_MAXUINT32, items, numbers, KX_POP3_BATCH)) > 0) {
        for (guint i = 0; i < n; i++)
            if (kx_pop3_is_there(pop3, numbers[i])) {
                count++;
                size += items[i].size;
            }
        next = numbers[n - 1] + 1;
    }
    g_autofree char *text = g_strdup_printf("%u %" G_GUINT64_FORMAT, count, size);
    kx_pop3_ok(pop3, text);
}

static void write_size(KxPop3 *pop3, guint32 number, const KxItem *item)
{
    kx_session_printf(pop3->session, "%u %" G_GUINT64_FORMAT "\r\n", number, item->size);
}

static void write_uid(KxPop3 *pop3, guint32 number, const KxItem *item)
{
    guint32 validity = kx_folder_uid_validity(kx_view_folder(pop3->view));
    kx_session_printf(pop3->session, "%u %08x%08x\r\n", number, validity, item->uid);
}

typedef void (*Write)(KxPop3 *pop3, guint32 number, const KxItem *item);

typedef struct {
    guint32 next; /* message number */
    Write write;
} Listing;

static KxStep step(KxSession *session, gpointer data)
{
    Listing *listing = data;
    KxPop3 *pop3 = kx_session_data(session);
    KxItem items[KX_POP3_BATCH];
    guint32 numbers[KX_POP3_BATCH];
    guint n = kx_view_items(pop3->view, listing->next, G_MAXUINT32, items, numbers, KX_POP3_BATCH);
    for (guint i = 0; i < n; i++)
        if (kx_pop3_is_there(pop3, numbers[i]))
            listing->write(pop3, numbers[i], &items[i]);
    if (n > 0) {
        listing->next = numbers[n - 1] + 1;
        return KX_STEP_MORE;
    }
    kx_session_puts(session, ".\r\n");
    kx_session_reply(session, 0, 0);
    return KX_STEP_DONE;
}

/* All messages, or the one named. */
static void listing(KxPop3 *pop3, const char *args, Write write)
{
    guint32 number;
    KxItem item;
    if (!*args) {
        Listing *all = g_new0(Listing, 1);
        *all = (Listing){1, write};
        kx_session_puts(pop3->session, "+OK\r\n");
        kx_session_set_cursor(pop3->session, step, all, g_free);
    } else if (kx_pop3_message(pop3, &args, &number, &item) && kx_pop3_no_more(pop3, args)) {
        kx_session_puts(pop3->session, "+OK ");
        write(pop3, number, &item);
        kx_session_reply(pop3->session, 0, 0);
    }
}

void kx_pop3_cmd_list(KxPop3 *pop3, const char *args)
{
    listing(pop3, args, write_size);
}

void kx_pop3_cmd_uidl(KxPop3 *pop3, const char *args)
{
    listing(pop3, args, write_uid);
}
