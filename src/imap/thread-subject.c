/* SPDX-License-Identifier: Apache-2.0 */
/* ORDEREDSUBJECT, "poor man's threading" (RFC 5256 section 3). */
#include "base/order.h"
#include "imap/thread.h"

/* The first message of a subject, by sent date, is the parent of all others. */
void kx_thread_ordered_subject(const KxThreadInput *input, KxThreadTree *ret_tree)
{
    guint n = input->n;
    guint32 most = 0;
    for (guint i = 0; i < n; i++)
        most = MAX(most, input->subjects[i]);
    g_autofree guint32 *heads = g_new(guint32, (gsize)most + 1);
    g_autofree guint32 *parents = g_new(guint32, n + 1);
    g_autofree guint32 *order = kx_order_new(n);
    kx_order_by(order, n, input->dates);
    for (guint32 i = 0; i <= most; i++)
        heads[i] = KX_THREAD_NONE;
    for (guint i = 0; i < n; i++) {
        guint32 *head = &heads[input->subjects[order[i]]];
        parents[order[i]] = *head;
        if (*head == KX_THREAD_NONE)
            *head = order[i];
    }
    kx_thread_tree_build(n, n, parents, order, input->dates, ret_tree);
}
