/* SPDX-License-Identifier: Apache-2.0 */
/* How much is asked, and what is remembered of it: a directory that stands still must not hold up
 * those who have nothing to do with it (DIR-06). */
#include "mapping/mapping-private.h"

KxMapDomain *kx_map_domain(KxMapping *mapping, const char *name)
{
    KxMapDomain *known = g_hash_table_lookup(mapping->domains, name);
    if (known == NULL) {
        known = g_new0(KxMapDomain, 1);
        known->name = g_strdup(name);
        known->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(mapping->domains, known->name, known);
    }
    return known;
}

/* ---- places ---- */

/* With the lock held. Of a directory that is away one question at a time finds out if it is back.
 */
static gboolean may_ask(KxMapping *mapping, const char *domain)
{
    KxMapDomain *known = kx_map_domain(mapping, domain);
    gint64 now = g_get_monotonic_time();
    if (!known->down)
        return TRUE;
    if (now < known->until)
        return FALSE;
    known->until = now + KX_MAP_DOWN_SECONDS * G_USEC_PER_SEC;
    return TRUE;
}

static gboolean take_place(KxMapping *mapping)
{
    gint64 until = g_get_monotonic_time() + KX_MAP_WAIT_SECONDS * G_USEC_PER_SEC;
    if (mapping->places == 0 && mapping->waiting >= KX_MAP_WAITING)
        return FALSE;
    mapping->waiting++;
    while (mapping->places == 0 && !mapping->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&mapping->changed, &mapping->lock, until);
    mapping->waiting--;
    if (mapping->places == 0 || mapping->stopping)
        return FALSE;
    mapping->places--;
    return TRUE;
}

gboolean kx_map_enter(KxMapping *mapping, const char *domain)
{
    kx_mutex_lock(&mapping->lock);
    gboolean entered = may_ask(mapping, domain) && take_place(mapping);
    kx_mutex_unlock(&mapping->lock);
    return entered;
}

void kx_map_leave(KxMapping *mapping)
{
    kx_mutex_lock(&mapping->lock);
    mapping->places++;
    kx_cond_broadcast(&mapping->changed);
    kx_mutex_unlock(&mapping->lock);
}

/* ---- what is known ---- */

void kx_map_note(KxMapping *mapping, const char *domain, const KxMapAnswer *answer)
{
    if (answer->state == KX_DIRECTORY_NOT_ASKED)
        return;
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain);
    gboolean was = known->down;
    known->down = answer->state != KX_DIRECTORY_GOOD && answer->state != KX_DIRECTORY_TOO_MANY;
    gboolean down = known->down;
    if (down)
        known->until = g_get_monotonic_time() + KX_MAP_DOWN_SECONDS * G_USEC_PER_SEC;
    gboolean quiet = mapping->stopping;
    kx_mutex_unlock(&mapping->lock);
    if (down && !was && !quiet)
        kx_log(mapping->logger, KX_LOG_ERROR,
               "The directory of %s cannot be used: %s. Its users cannot sign in; mail for them is "
               "taken",
               domain, answer->text);
    else if (!down && was)
        kx_log(mapping->logger, KX_LOG_WARNING, "The directory of %s can be used again", domain);
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

static char *nobody_key(const char *domain, const char *name)
{
    g_autofree char *folded = g_utf8_casefold(name, -1);
    return g_strdup_printf("%s@%s", folded, domain);
}

gboolean kx_map_knows_nobody(KxMapping *mapping, const char *domain, const char *name)
{
    g_autofree char *key = nobody_key(domain, name);
    kx_mutex_lock(&mapping->lock);
    const gint64 *until = g_hash_table_lookup(mapping->nobodies, key);
    gboolean known = until != NULL && g_get_monotonic_time() < *until;
    kx_mutex_unlock(&mapping->lock);
    return known;
}

void kx_map_remember_nobody(KxMapping *mapping, const char *domain, const char *name)
{
    gint64 *until = g_new(gint64, 1);
    *until = g_get_monotonic_time() + KX_MAP_NOBODY_SECONDS * G_USEC_PER_SEC;
    kx_mutex_lock(&mapping->lock);
    if (g_hash_table_size(mapping->nobodies) >= KX_MAP_NOBODIES_MAX)
        g_hash_table_remove_all(mapping->nobodies);
    g_hash_table_replace(mapping->nobodies, nobody_key(domain, name), until);
    kx_mutex_unlock(&mapping->lock);
}
