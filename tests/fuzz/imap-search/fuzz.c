/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of SEARCH, SORT and ESEARCH, and fields of an envelope: the input up to its first
 * NUL is the one, the rest the other. */
#include "imap/mailbox-filter.h"
#include "imap/search-args.h"
#include "mime/envelope-read.h"
#include "imap/search-match.h"
#include "imap/sort-args.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void parse_others(const char *text, size_t len)
{
    g_auto(KxImapParser) sort = {0}, source = {0};
    g_auto(KxMailboxFilter) filter = {0};
    kx_imap_parser_init(&sort, text, len, FALSE);
    g_autoptr(GArray) criteria = kx_sort_parse(&sort);
    g_assert(criteria || sort.error[0]);
    kx_imap_parser_init(&source, text, len, TRUE);
    g_assert(kx_mailbox_filter_parse(&source, &filter) || source.error[0]);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const char *text = (const char *)data;
    size_t len = strnlen(text, size);
    const char *envelope = text + MIN(len + 1, size);
    size_t envelope_len = size - (size_t)(envelope - text);
    g_auto(KxImapParser) parser = {0};
    parse_others(text, len);
    kx_imap_parser_init(&parser, text, len, FALSE);
    g_autoptr(KxSearchProgram) program =
        kx_search_parse(&parser, KX_COLLATION_UNICODE, TRUE, 1700000000);
    g_assert(program || parser.error[0]);
    if (program) {
        /* Without a folder: only what the index and the envelope can tell, and no sets. */
        static const KxItem item = {.uid = 1, .size = 1000};
        const KxItemCache cache = {.envelope = (char *)(gsize)envelope,
                                   .envelope_len = envelope_len};
        KxFetchZone zone = {0};
        KxSearchMessage message = {
            .level = KX_SEARCH_ENVELOPE, .item = &item, .cache = &cache, .zone = &zone};
        for (guint i = 0; i < program->root->keys->len; i++) {
            const KxSearchKey *key = g_ptr_array_index(program->root->keys, i);
            if (key->op == KX_SEARCH_TEST && key->cost == KX_SEARCH_ENVELOPE)
                kx_search_match(key, &message);
        }
    }
    for (KxEnvelopeField field = KX_ENVELOPE_DATE; field <= KX_ENVELOPE_MESSAGE_ID; field++) {
        g_autofree char *value = kx_envelope_get(envelope, envelope_len, field);
        g_assert(!value || g_utf8_validate(value, -1, NULL));
        for (int display = 0; display < 2; display++)
            g_free(kx_envelope_first(envelope, envelope_len, field, display));
    }
    return 0;
}
