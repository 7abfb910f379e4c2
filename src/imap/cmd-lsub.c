/* SPDX-License-Identifier: Apache-2.0 */
/* LSUB (RFC 3501 section 6.3.9). */
#include "imap/list.h"

void kx_imap_cmd_lsub(KxImap *imap, KxImapParser *args)
{
    g_auto(KxListRequest) request = {.options = KX_LIST_LSUB | KX_LIST_SUBSCRIBED,
                                     .patterns = g_ptr_array_new_with_free_func(g_free)};
    const char *reference = NULL;
    const char *pattern = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_mailbox(args, &reference) &&
        kx_imap_parse_space(args))
        kx_imap_parse_list_mailbox(args, &pattern);
    if (!kx_imap_check(imap, args))
        return;
    g_ptr_array_add(request.patterns, g_strconcat(reference, pattern, NULL));
    kx_imap_list(imap, &request);
}
