/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fair-queue.h"

typedef struct {
    GHashTable *by_name;
    GQueue turns; /* of the same; the head is next */
} Ring;

/* An account and what waits for it; or an address and the ring of its accounts. */
typedef struct {
    char *name;
    GQueue items;
    Ring accounts;
} Member;

struct KxFairQueue {
    Ring addresses;
};

static void ring_clear(Ring *ring)
{
    g_queue_clear(&ring->turns);
    g_clear_pointer(&ring->by_name, g_hash_table_unref);
}

static void member_free(gpointer data)
{
    Member *member = data;
    ring_clear(&member->accounts);
    g_queue_clear(&member->items);
    g_free(member->name);
    g_free(member);
}

static Member *get_member(Ring *ring, const char *name)
{
    if (!ring->by_name)
        ring->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, member_free);
    Member *member = g_hash_table_lookup(ring->by_name, name);
    if (!member) {
        member = g_new0(Member, 1);
        member->name = g_strdup(name);
        g_hash_table_insert(ring->by_name, member->name, member);
        g_queue_push_tail(&ring->turns, member);
    }
    return member;
}

/* The turn of the first is over. */
static void end_turn(Ring *ring)
{
    Member *member = g_queue_pop_head(&ring->turns);
    if (g_queue_is_empty(&member->items) && g_queue_is_empty(&member->accounts.turns))
        g_hash_table_remove(ring->by_name, member->name);
    else
        g_queue_push_tail(&ring->turns, member);
}

KxFairQueue *kx_fair_queue_new(void)
{
    return g_new0(KxFairQueue, 1);
}

void kx_fair_queue_free(KxFairQueue *queue)
{
    if (!queue)
        return;
    ring_clear(&queue->addresses);
    g_free(queue);
}

void kx_fair_queue_push(KxFairQueue *queue, const char *address, const char *account, gpointer item)
{
    Member *member = get_member(&queue->addresses, address);
    g_queue_push_tail(&get_member(&member->accounts, account)->items, item);
}

gpointer kx_fair_queue_pop(KxFairQueue *queue)
{
    Member *address = g_queue_peek_head(&queue->addresses.turns);
    if (!address)
        return NULL;
    Member *account = g_queue_peek_head(&address->accounts.turns);
    gpointer item = g_queue_pop_head(&account->items);
    end_turn(&address->accounts);
    end_turn(&queue->addresses);
    return item;
}
