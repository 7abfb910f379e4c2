/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of lists: search, order, and a piece of what is left. */
#include <string.h>

#include "admin/api-private.h"

/* ---- search ---- */

/* In any text of it, in any case. */
static gboolean has_text(const json_t *value, const char *folded)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        g_autofree char *text = g_utf8_casefold(json_string_value(value), -1);
        return strstr(text, folded) != NULL;
    }
    json_array_foreach((json_t *)value, i, member) if (has_text(member, folded)) return TRUE;
    json_object_foreach((json_t *)value, key, member) if (has_text(member, folded)) return TRUE;
    return FALSE;
}

static json_t *search(json_t *list, const char *text)
{
    g_autofree char *folded = g_utf8_casefold(text, -1);
    json_t *found = json_array(), *item;
    size_t i;
    json_array_foreach(list, i, item) if (has_text(item, folded)) json_array_append(found, item);
    return found;
}

/* ---- order ---- */

typedef struct {
    json_t *item;
    const json_t *value;
    char *key; /* of texts */
    size_t place;
} Sorted;

/* Numbers and truth values, then texts, then what has no value. */
static int rank(const json_t *value)
{
    return json_is_number(value) || json_is_boolean(value) ? 0 : json_is_string(value) ? 1 : 2;
}

static double number(const json_t *value)
{
    return json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
}

static int compare(gconstpointer a, gconstpointer b, gpointer descending)
{
    const Sorted *left = a, *right = b;
    int order = rank(left->value) - rank(right->value);
    if (order == 0 && left->key)
        order = strcmp(left->key, right->key);
    else if (order == 0 && rank(left->value) == 0)
        order = (number(left->value) > number(right->value)) -
                (number(left->value) < number(right->value));
    if (order == 0)
        return left->place < right->place ? -1 : 1;
    return descending ? -order : order;
}

static json_t *sort(const json_t *list, const char *by)
{
    size_t n = json_array_size(list);
    gboolean descending = *by == '-';
    g_autofree Sorted *sorted = g_new0(Sorted, n + 1);
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_array_get(list, i);
        const json_t *value = json_object_get(item, by + descending);
        const char *text = json_string_value(value);
        sorted[i] = (Sorted){item, value, text ? g_utf8_casefold(text, -1) : NULL, i};
    }
    g_qsort_with_data(sorted, (gint)n, sizeof *sorted, compare, GINT_TO_POINTER(descending));
    json_t *result = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append(result, sorted[i].item);
        g_free(sorted[i].key);
    }
    return result;
}

/* ---- the page ---- */

static json_t *piece(const json_t *list, const KxApiPage *page)
{
    json_t *items = json_array();
    for (size_t i = page->offset; i < json_array_size(list) && i - page->offset < page->limit; i++)
        json_array_append(items, json_array_get(list, i));
    return items;
}

json_t *kx_api_page_of(json_t *result, const KxApiPage *page)
{
    json_t *paged = json_object_get(result, "items");
    json_auto_t *all = json_incref(paged ? paged : result);
    json_int_t total = json_integer_value(json_object_get(result, "total"));
    json_t *items;
    if (paged && !page->sort) {
        items = json_incref(all);
    } else {
        json_auto_t *found = page->search && !paged ? search(all, page->search) : json_incref(all);
        json_auto_t *ordered = page->sort ? sort(found, page->sort) : json_incref(found);
        total = (json_int_t)json_array_size(ordered);
        items = piece(ordered, page);
    }
    return json_pack("{s:o, s:I, s:I, s:I}", "items", items, "total", total, "offset",
                     (json_int_t)page->offset, "limit", (json_int_t)page->limit);
}
