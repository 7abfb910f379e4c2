/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/sort-order.h"

#include "base/order.h"
#include "imap/sort-collate.h"

static gboolean read_ranks(const KxSortCriterion *criterion, const KxSortInput *input,
                           KxSortData *data, guint32 *ranks, GError **error)
{
    if (input->collation != KX_COLLATION_UNICODE)
        return kx_sort_collate(input->folder, input->collation, criterion->key, input->uids,
                               input->n, ranks, error);
    kx_sort_data_ranks(data, criterion->key, input->uids, input->n, ranks);
    return TRUE;
}

/* Numbers to sort by; NULL if they cannot be had. */
static gint64 *read_values(const KxSortCriterion *criterion, const KxSortInput *input,
                           KxSortData *data, GError **error)
{
    g_autofree gint64 *values = g_new(gint64, input->n + 1);
    const gint64 *known = criterion->kind == KX_SORT_BY_SIZE ? input->sizes : input->arrivals;
    if (criterion->kind == KX_SORT_BY_KEY) {
        g_autofree guint32 *ranks = g_new(guint32, input->n + 1);
        if (!read_ranks(criterion, input, data, ranks, error))
            return NULL;
        for (guint i = 0; i < input->n; i++)
            values[i] = ranks[i];
    } else if (input->n > 0) {
        memcpy(values, known, input->n * sizeof *values);
    }
    if (criterion->kind == KX_SORT_BY_DATE) /* without a date, by arrival (section 2.2) */
        kx_sort_data_dates(data, input->uids, input->n, values);
    for (guint i = 0; criterion->reverse && i < input->n; i++)
        values[i] = ~values[i];
    return g_steal_pointer(&values);
}

guint32 *kx_sort_order(const GArray *criteria, const KxSortInput *input, KxSortData *data,
                       GError **error)
{
    g_autofree guint32 *order = kx_order_new(input->n);
    for (guint i = criteria->len; i > 0; i--) {
        g_autofree gint64 *values =
            read_values(&g_array_index(criteria, KxSortCriterion, i - 1), input, data, error);
        if (!values)
            return NULL;
        kx_order_by(order, input->n, values);
    }
    return g_steal_pointer(&order);
}
