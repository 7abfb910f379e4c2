/* SPDX-License-Identifier: Apache-2.0 */
/* Address lists and dates: any bytes give a list whose groups are closed and whose strings are
 * sane. */
#include <glib.h>
#include "mime/address.h"
#include "mime/date.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static void check_text(const char *text)
{
    g_assert(!text || !strpbrk(text, "\r\n"));
}

static void check_list(const KxAddressList *list, unsigned max)
{
    gboolean in_group = FALSE;
    g_assert(list->n <= max + 2);
    for (unsigned i = 0; i < list->n; i++) {
        const KxAddress *address = &list->items[i];
        check_text(address->name);
        check_text(address->route);
        check_text(address->mailbox);
        check_text(address->host);
        if (address->kind == KX_ADDRESS_MAILBOX) {
            g_assert(address->mailbox && address->host);
            continue;
        }
        g_assert(in_group == (address->kind == KX_ADDRESS_GROUP_END));
        in_group = !in_group;
    }
    g_assert(!in_group);
}

static void check_dates(const char *text, size_t len)
{
    KxDate date, again;
    gint64 day;
    if (kx_date_parse_rfc5322(text, len, &date) || kx_date_parse_imap_datetime(text, len, &date)) {
        char formatted[KX_IMAP_DATETIME_SIZE];
        kx_date_format_imap_datetime(&date, formatted);
        g_assert(kx_date_parse_imap_datetime(formatted, strlen(formatted), &again));
        g_assert(kx_date_local_day(&date) == kx_date_local_day(&again));
    }
    kx_date_parse_imap_date(text, len, &day);
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    g_autoptr(KxAddressList) all = kx_address_parse((const char *)bytes, len, KX_ADDRESS_MAX);
    g_autoptr(KxAddressList) few = kx_address_parse((const char *)bytes, len, 3);
    check_list(all, KX_ADDRESS_MAX);
    check_list(few, 3);
    check_dates((const char *)bytes, len);
    return 0;
}
