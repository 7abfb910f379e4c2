/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of directories, and how much one is asked: one that stands still must not hold up
 * those who have nothing to do with it (DIR-06). */
#include "mapping/mapping-private.h"

KxMapDomain *kx_map_domain(KxMapping *mapping, const char *name)
{
    KxMapDomain *known = g_hash_table_lookup(mapping->domains, name);
    if (known == NULL) {
        known = g_new0(KxMapDomain, 1);
        known->name = g_strdup(name);
        known->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        known->awaited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(mapping->domains, known->name, known);
    }
    return known;
}

void kx_map_domain_free(gpointer data)
{
    KxMapDomain *domain = data;
    g_hash_table_unref(domain->said);
    g_hash_table_unref(domain->awaited);
    g_free(domain->name);
    g_free(domain);
}

/* ---- places ---- */

gboolean kx_map_enter(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    gboolean entered = !mapping->stopping && !known->down && known->checking < KX_MAP_CHECKING;
    known->checking += entered;
    kx_mutex_unlock(&mapping->lock);
    return entered;
}

void kx_map_leave(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    kx_map_domain(mapping, domain)->checking--;
    kx_mutex_unlock(&mapping->lock);
}

/* ---- whether it answers ---- */

static gint64 in_seconds(gint64 seconds)
{
    return g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

/* With the lock held. A directory that is away is tried again by the thread of it, and by nobody
 * who waits. */
static void note_state(KxMapDomain *known, const KxMapAnswer *answer, gboolean whole)
{
    gboolean bad =
        answer->state != KX_DIRECTORY_GOOD && (whole || answer->state != KX_DIRECTORY_TOO_MANY);
    known->down = bad && answer->state != KX_DIRECTORY_FAILED &&
                  answer->state != KX_DIRECTORY_TOO_MANY; /* else it did answer */
    if (whole)
        known->unread = bad;
    if (known->down)
        known->due = MIN(known->due, in_seconds(KX_MAP_DOWN_SECONDS));
}

void kx_map_note(KxMapping *mapping, const char *domain, const KxMapAnswer *answer, gboolean whole)
{
    if (answer->state == KX_DIRECTORY_NOT_ASKED)
        return;
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    gboolean was = known->down || known->unread;
    note_state(known, answer, whole);
    gboolean is = known->down || known->unread, down = known->down, quiet = mapping->stopping;
    kx_mutex_unlock(&mapping->lock);
    if (is && !was && !quiet)
        kx_log(mapping->logger, KX_LOG_ERROR, "The directory of %s cannot be used: %s. %s", domain,
               answer->text,
               down ? "Its users cannot sign in; mail for them is taken"
                    : "What is changed there does not count here");
    else if (!is && was)
        kx_log(mapping->logger, KX_LOG_WARNING, "The directory of %s can be used again", domain);
}

gboolean kx_map_is_down(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    gboolean down = kx_map_domain(mapping, domain)->down;
    kx_mutex_unlock(&mapping->lock);
    return down;
}

/* ---- looks at all ---- */

void kx_map_put_off(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    known->due = MIN(known->due, in_seconds(KX_MAP_DOWN_SECONDS));
    kx_mutex_unlock(&mapping->lock);
}

/* With the lock held. Never at once after the last one: strangers can cause it. */
static void hurry(KxMapDomain *known)
{
    known->due = MIN(known->due, known->looked + KX_MAP_HURRY_SECONDS * G_USEC_PER_SEC);
}

void kx_map_hurry(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    hurry(kx_map_domain(mapping, domain));
    kx_mutex_unlock(&mapping->lock);
}

guint kx_map_begin_look(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    guint look = ++kx_map_domain(mapping, domain)->looks;
    kx_mutex_unlock(&mapping->lock);
    return look;
}

void kx_map_end_look(KxMapping *mapping, const char *domain, guint look, gboolean ok)
{
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    known->looked = g_get_monotonic_time();
    if (ok)
        known->last_good = MAX(known->last_good, look);
    kx_mutex_unlock(&mapping->lock);
}

gboolean kx_map_await(KxMapping *mapping, const char *domain, const char *name)
{
    enum { MOST = 1000 };
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    guint look = GPOINTER_TO_UINT(g_hash_table_lookup(known->awaited, name));
    gboolean in_vain = look > 0 && known->last_good >= look;
    if (!in_vain) {
        hurry(known);
        if (g_hash_table_size(known->awaited) >= MOST)
            g_hash_table_remove_all(known->awaited);
        if (look == 0)
            g_hash_table_insert(known->awaited, g_strdup(name), GUINT_TO_POINTER(known->looks + 1));
    }
    kx_mutex_unlock(&mapping->lock);
    return !in_vain;
}

gboolean kx_map_is_news(KxMapping *mapping, const char *domain, const char *text)
{
    enum { MOST = 10000 };
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    if (g_hash_table_size(known->said) >= MOST)
        g_hash_table_remove_all(known->said);
    gboolean news = g_hash_table_add(known->said, g_strdup(text));
    kx_mutex_unlock(&mapping->lock);
    return news;
}
