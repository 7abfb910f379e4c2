/* SPDX-License-Identifier: Apache-2.0 */
#include "store/strings.h"

#include <string.h>

struct KxStrings {
    GString *bytes;  /* each string with its NUL */
    GArray *offsets; /* guint32: where string i begins; [0] is "" */
    guint32 *slots;  /* hash table of numbers, 0: free */
    guint n_slots;   /* a power of two */
    guint32 *order;  /* the first `ranked` strings in byte order */
    guint32 *ranks;  /* of these */
    guint ranked;
};

enum { FIRST_SLOTS = 256 };

KxStrings *kx_strings_new(void)
{
    KxStrings *strings = g_new0(KxStrings, 1);
    guint32 none = 0;
    strings->bytes = g_string_new_len("", 1);
    strings->offsets = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_val(strings->offsets, none);
    strings->n_slots = FIRST_SLOTS;
    strings->slots = g_new0(guint32, FIRST_SLOTS);
    return strings;
}

void kx_strings_free(KxStrings *strings)
{
    if (!strings)
        return;
    g_string_free(strings->bytes, TRUE);
    g_array_unref(strings->offsets);
    g_free(strings->slots);
    g_free(strings->order);
    g_free(strings->ranks);
    g_free(strings);
}

static const char *text_of(const KxStrings *strings, guint32 number)
{
    return strings->bytes->str + g_array_index(strings->offsets, guint32, number);
}

/* The slot where the text is, or where it belongs. */
static guint32 *find_slot(const KxStrings *strings, const char *text)
{
    guint mask = strings->n_slots - 1;
    guint at = g_str_hash(text) * 2654435769u;
    for (at ^= at >> 15;; at++) {
        guint32 *slot = &strings->slots[at & mask];
        if (*slot == 0 || strcmp(text_of(strings, *slot), text) == 0)
            return slot;
    }
}

static void grow(KxStrings *strings)
{
    g_free(strings->slots);
    strings->n_slots *= 2;
    strings->slots = g_new0(guint32, strings->n_slots);
    for (guint32 i = 1; i < strings->offsets->len; i++)
        *find_slot(strings, text_of(strings, i)) = i;
}

guint32 kx_strings_add(KxStrings *strings, const char *text)
{
    if (*text == '\0')
        return 0;
    guint32 *slot = find_slot(strings, text);
    if (*slot != 0)
        return *slot;
    size_t len = strlen(text) + 1;
    if (strings->bytes->len + len > G_MAXUINT32)
        return KX_STRINGS_FULL;
    guint32 offset = (guint32)strings->bytes->len, number = strings->offsets->len;
    *slot = number;
    g_string_append_len(strings->bytes, text, (gssize)len);
    g_array_append_val(strings->offsets, offset);
    if (number * 2 > strings->n_slots)
        grow(strings);
    return number;
}

/* The first eight bytes as a number that compares as they do: most comparisons need no more. */
typedef struct {
    guint64 prefix;
    guint32 number;
} Entry;

static int compare_entries(gconstpointer left, gconstpointer right, gpointer data)
{
    const Entry *a = left, *b = right;
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    if ((a->prefix & 0xff) == 0)
        return 0; /* both end within the prefix */
    return strcmp(text_of(data, a->number) + 8, text_of(data, b->number) + 8);
}

static guint64 prefix_of(const char *text)
{
    guint64 prefix = 0;
    for (guint i = 0; i < 8; i++) {
        prefix = prefix << 8 | (guint8)*text;
        text += *text != '\0';
    }
    return prefix;
}

/* How many of the ordered strings come before the text. */
static guint count_before(const KxStrings *strings, const char *text)
{
    guint low = 0, high = strings->ranked;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (strcmp(text_of(strings, strings->order[middle]), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static Entry *sort_new(KxStrings *strings, guint n)
{
    Entry *entries = g_new(Entry, n);
    for (guint i = 0; i < n; i++) {
        guint32 number = strings->ranked + i;
        entries[i] = (Entry){prefix_of(text_of(strings, number)), number};
    }
    g_qsort_with_data(entries, (gint)n, sizeof *entries, compare_entries, strings);
    return entries;
}

/* The new ones, which are few but for the first time, are put between those that are in order. */
static void order_all(KxStrings *strings)
{
    guint all = strings->offsets->len, n = all - strings->ranked, taken = 0;
    g_autofree Entry *entries = sort_new(strings, n);
    guint32 *order = g_new(guint32, all);
    for (guint i = 0; i < n; i++) {
        guint before = count_before(strings, text_of(strings, entries[i].number));
        if (before > taken)
            memcpy(order + taken + i, strings->order + taken, (before - taken) * sizeof *order);
        taken = before;
        order[taken + i] = entries[i].number;
    }
    if (strings->ranked > taken)
        memcpy(order + taken + n, strings->order + taken,
               (strings->ranked - taken) * sizeof *order);
    g_free(strings->order);
    strings->order = order;
    strings->ranked = all;
}

const guint32 *kx_strings_ranks(KxStrings *strings)
{
    guint n = strings->offsets->len;
    if (strings->ranked == n)
        return strings->ranks;
    order_all(strings);
    strings->ranks = g_renew(guint32, strings->ranks, n);
    for (guint32 i = 0; i < n; i++)
        strings->ranks[strings->order[i]] = i;
    return strings->ranks;
}

gsize kx_strings_memory(const KxStrings *strings)
{
    return strings->bytes->allocated_len + strings->offsets->len * 3 * sizeof(guint32) +
           strings->n_slots * sizeof(guint32);
}
