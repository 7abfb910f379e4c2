/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/sort-order.h"

/* Numbers to sort by: for each message one of each criterion, with its place behind them. */
typedef struct {
    guint columns;
    gint64 *values; /* of message i from i * columns on */
} Table;

static void fill_column(Table *table, guint column, const KxSortCriterion *criterion,
                        const KxSortInput *input, KxSortData *data)
{
    g_autofree gint64 *values =
        g_memdup2(criterion->kind == KX_SORT_BY_SIZE ? input->sizes : input->arrivals,
                  input->n * sizeof(gint64));
    if (criterion->kind == KX_SORT_BY_DATE) /* without a date, by arrival (section 2.2) */
        kx_sort_data_dates(data, input->uids, input->n, values);
    if (criterion->kind == KX_SORT_BY_KEY) {
        g_autofree guint32 *ranks = g_new(guint32, input->n + 1);
        kx_sort_data_ranks(data, criterion->key, input->uids, input->n, ranks);
        for (guint i = 0; i < input->n; i++)
            values[i] = ranks[i];
    }
    for (guint i = 0; i < input->n; i++)
        table->values[(gsize)i * table->columns + column] =
            criterion->reverse ? ~values[i] : values[i];
}

static int compare_rows(gconstpointer left, gconstpointer right, gpointer data)
{
    const gint64 *a = left, *b = right;
    for (guint i = 0, n = *(const guint *)data; i < n; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

guint32 *kx_sort_order(const GArray *criteria, const KxSortInput *input, KxSortData *data)
{
    Table table = {.columns = criteria->len + 1};
    g_autofree gint64 *values = g_new(gint64, (gsize)input->n * table.columns + 1);
    table.values = values;
    for (guint i = 0; i < criteria->len; i++)
        fill_column(&table, i, &g_array_index(criteria, KxSortCriterion, i), input, data);
    for (guint i = 0; i < input->n; i++)
        values[(gsize)i * table.columns + criteria->len] = i;
    g_qsort_with_data(values, (gint)input->n, table.columns * sizeof(gint64), compare_rows,
                      &table.columns);
    guint32 *order = g_new(guint32, input->n + 1);
    for (guint i = 0; i < input->n; i++)
        order[i] = (guint32)values[(gsize)i * table.columns + criteria->len];
    return order;
}
