/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets a downloaded message (POP3D-05 to POP3D-08, POP3D-14 to POP3D-20). The envelope is lost:
 * addresses are looked for in one header field after the other, until some lead to somebody.
 */
#include "base/error.h"
#include "flow/fetch-private.h"
#include "mime/address.h"
#include "mime/header.h"

enum { ADDRESSES_MAX = 1000, VALUE_MAX = 4096 };

typedef struct {
    const KxFetchSession *session;
    KxRecipients *recipients;
    const char *header;
    size_t len;
} Sorting;

static gboolean give(const Sorting *sorting, const char *target)
{
    return kx_recipients_add(sorting->recipients, target, 0, NULL) == KX_RECIPIENT_TAKEN;
}

/* TRUE: a rule has it, and leads to somebody. */
static gboolean sort_address(const Sorting *sorting, const char *address)
{
    const KxFetchTools *tools = sorting->session->tools;
    g_autofree char *target = kx_sorting_find(tools->directory, address);
    gboolean given = target && give(sorting, target);
    kx_debug(tools->logger, KX_DEBUG_REMOTE_POP3, "<%s> %s%s%s", address,
             !target ? "fits no rule"
             : given ? "is sorted to "
                     : "fits the rule for ",
             target ? target : "", target && !given ? ", which nobody gets mail by" : "");
    return given;
}

/* ---- fields ---- */

/* To, Cc and what looks like them. */
static gboolean sort_addresses(const Sorting *sorting, const KxHeaderField *field)
{
    g_autoptr(KxAddressList) list = kx_address_parse(field->value, field->value_len, ADDRESSES_MAX);
    gboolean any = FALSE;
    for (unsigned i = 0; i < list->n; i++) {
        const KxAddress *item = &list->items[i];
        if (item->kind != KX_ADDRESS_MAILBOX || !*item->mailbox || !*item->host)
            continue;
        g_autofree char *address = g_strconcat(item->mailbox, "@", item->host, NULL);
        any |= sort_address(sorting, address);
    }
    return any;
}

/* "... for <address>; date" (RFC 5321 section 4.4). */
static gboolean sort_received(const Sorting *sorting, const KxHeaderField *field)
{
    g_autofree char *value = kx_header_unfold(field->value, field->value_len, VALUE_MAX);
    g_auto(GStrv) words = g_strsplit_set(value, " \t;", -1);
    for (guint i = 0; words[i] && words[i + 1]; i++) {
        if (g_ascii_strcasecmp(words[i], "for") != 0 || !strchr(words[i + 1], '@'))
            continue;
        size_t len = strlen(words[i + 1]);
        gboolean brackets = len > 2 && words[i + 1][0] == '<' && words[i + 1][len - 1] == '>';
        g_autofree char *address =
            brackets ? g_strndup(words[i + 1] + 1, len - 2) : g_strdup(words[i + 1]);
        return sort_address(sorting, address);
    }
    return FALSE;
}

/* All fields of that name; of Received, which are many and older below, the first that leads to
 * somebody. */
static gboolean sort_by(const Sorting *sorting, const char *name)
{
    gboolean received = g_ascii_strcasecmp(name, "Received") == 0, any = FALSE;
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, sorting->header, sorting->len);
    while (!(received && any) && kx_header_iter_next(&iter, &field))
        if (kx_header_field_is(&field, name))
            any |= (received ? sort_received : sort_addresses)(sorting, &field);
    return any;
}

/* ---- what is left ---- */

/* Nothing in the header leads to anybody: the rule "*", or else who looks after the mail here. */
static gboolean sort_rest(const Sorting *sorting, GError **error)
{
    const KxFetchTools *tools = sorting->session->tools;
    const char *name = sorting->session->download->name;
    g_autofree char *target = kx_sorting_default(tools->directory);
    if (target && give(sorting, target))
        return TRUE;
    if (!give(sorting, "postmaster"))
        return kx_fail(error, KX_ERR_NOT_FOUND,
                       "no sorting rule fits, and there is no postmaster to give it to");
    kx_log(tools->logger, KX_LOG_WARNING,
           "Download \"%s\": no sorting rule fits a message, which goes to the postmaster", name);
    return TRUE;
}

static gboolean sort_all(const Sorting *sorting, GError **error)
{
    static const char *const stages[][2] = {{"Resent-To", "Resent-Cc"}, {"To", "Cc"}};
    const char *preferred = sorting->session->download->header;
    if (*preferred && sort_by(sorting, preferred))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
        gboolean first = sort_by(sorting, stages[i][0]), second = sort_by(sorting, stages[i][1]);
        if (first || second)
            return TRUE;
    }
    return sort_rest(sorting, error);
}

gboolean kx_fetch_sort(const KxFetchSession *session, KxRecipients *recipients, const char *header,
                       size_t len, GError **error)
{
    const KxDownload *download = session->download;
    Sorting sorting = {session, recipients, header, len};
    if (download->sort)
        return sort_all(&sorting, error);
    return give(&sorting, download->deliver_to) ||
           kx_fail(error, KX_ERR_NOT_FOUND, "nobody gets mail by the address <%s>",
                   download->deliver_to);
}
