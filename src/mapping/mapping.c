/* SPDX-License-Identifier: Apache-2.0 */
/* The life of it, the thread that looks at all, and what administrators ask for. */
#include "mapping/mapping.h"

#include <sys/socket.h>

#include "base/error.h"
#include "directory/names.h"
#include "mapping/mapping-private.h"

enum { REFRESH = 60 }; /* seconds */

/* ---- the thread ---- */

/* A changed domain is looked at at once; with nobody who could ask, none is. */
static gboolean is_due(KxMapping *mapping, const KxDomain *domain)
{
    gint64 now = g_get_monotonic_time();
    guint64 every = domain->directory_refresh > 0 ? domain->directory_refresh : REFRESH;
    kx_mutex_lock(&mapping->lock);
    KxMapDomain *known = kx_map_domain(mapping, domain->name);
    gboolean due = mapping->courier.send != NULL &&
                   (now >= known->due || known->generation != domain->generation);
    if (due) {
        known->due = now + (gint64)every * G_USEC_PER_SEC;
        known->generation = domain->generation;
    }
    kx_mutex_unlock(&mapping->lock);
    return due;
}

static void log_report(KxMapping *mapping, const KxDomain *domain, const KxMappingReport *report)
{
    kx_debug(mapping->logger, KX_DEBUG_DIRECTORY_LOOKUP,
             "Directory of %s: %u users, %u groups; %u added, %u changed, %u gone, %u left out",
             domain->name, report->users, report->groups, report->added, report->changed,
             report->gone, report->left_out);
}

static void look(KxMapping *mapping)
{
    g_autoptr(GPtrArray) domains = kx_mapped_domains(mapping->directory);
    for (guint i = 0; i < domains->len; i++) {
        const KxDomain *domain = domains->pdata[i];
        KxMappingReport report;
        if (!is_due(mapping, domain))
            continue;
        if (kx_map_is_down(mapping, domain->name))
            kx_map_begin_probe(mapping, domain->name);
        else if (kx_map_pass(mapping, domain, NULL, &report, NULL))
            log_report(mapping, domain, &report);
        else
            kx_map_put_off(mapping, domain->name);
    }
}

static gpointer run(gpointer data)
{
    KxMapping *mapping = data;
    kx_mutex_lock(&mapping->lock);
    while (!mapping->stopping) {
        kx_mutex_unlock(&mapping->lock);
        look(mapping);
        kx_mutex_lock(&mapping->lock);
        gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC;
        while (!mapping->stopping && g_get_monotonic_time() < until)
            kx_cond_wait_until(&mapping->changed, &mapping->lock, until);
    }
    kx_mutex_unlock(&mapping->lock);
    return NULL;
}

/* ---- life ---- */

KxMapping *kx_mapping_start(KxDirectory *directory, KxLogger *logger)
{
    KxMapping *mapping = g_new0(KxMapping, 1);
    mapping->directory = directory;
    mapping->logger = logger;
    kx_mutex_init(&mapping->passing);
    kx_mutex_init(&mapping->lock);
    kx_cond_init(&mapping->changed);
    mapping->channels = g_array_new(FALSE, FALSE, sizeof(int));
    mapping->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kx_map_domain_free);
    mapping->errands = g_hash_table_new(g_str_hash, g_str_equal);
    mapping->nobodies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    KxMapper mapper = kx_map_live;
    mapper.data = mapping;
    kx_directory_set_mapper(directory, &mapper);
    mapping->thread = g_thread_new("mapping", run, mapping);
    return mapping;
}

void kx_mapping_stop(KxMapping *mapping)
{
    kx_directory_set_mapper(mapping->directory, NULL);
    kx_mutex_lock(&mapping->lock);
    mapping->stopping = TRUE;
    for (guint i = 0; i < mapping->channels->len; i++)
        shutdown(g_array_index(mapping->channels, int, i), SHUT_RDWR);
    kx_cond_broadcast(&mapping->changed);
    while (mapping->threads > 0)
        kx_cond_wait(&mapping->changed, &mapping->lock);
    GThread *thread = g_steal_pointer(&mapping->thread);
    kx_mutex_unlock(&mapping->lock);
    if (thread != NULL)
        g_thread_join(thread);
}

void kx_mapping_free(KxMapping *mapping)
{
    if (mapping == NULL)
        return;
    kx_mapping_stop(mapping);
    g_array_unref(mapping->channels);
    g_hash_table_unref(mapping->domains);
    g_hash_table_unref(mapping->nobodies);
    g_hash_table_unref(mapping->errands);
    kx_cond_clear(&mapping->changed);
    kx_mutex_clear(&mapping->lock);
    kx_mutex_clear(&mapping->passing);
    g_free(mapping);
}

void kx_mapping_on_gone(KxMapping *mapping, void (*gone)(gpointer data), gpointer data)
{
    mapping->gone = gone;
    mapping->gone_data = data;
}

void kx_mapping_set_courier(KxMapping *mapping, const KxQueueCourier *courier)
{
    kx_mutex_lock(&mapping->lock);
    mapping->courier = courier != NULL ? *courier : (KxQueueCourier){0};
    kx_mutex_unlock(&mapping->lock);
}

/* ---- for administrators ---- */

KxDomain *kx_map_find_domain(KxMapping *mapping, const char *name, GError **error)
{
    KxDomain *domain = kx_domain_get(mapping->directory, name, error);
    if (domain == NULL || domain->directory != KX_DIRECTORY_NONE)
        return domain;
    kx_fail(error, KX_ERR_INVALID,
            "the domain '%s' has no directory: set directory and directory-hosts", domain->name);
    kx_domain_free(domain);
    return NULL;
}

gboolean kx_mapping_refresh(KxMapping *mapping, const char *name, KxMappingReport *ret_report,
                            GError **error)
{
    g_autoptr(KxDomain) domain = kx_map_find_domain(mapping, name, error);
    if (domain == NULL || !kx_map_pass(mapping, domain, NULL, ret_report, error))
        return FALSE;
    log_report(mapping, domain, ret_report);
    return TRUE;
}

static void free_test(gpointer data)
{
    KxMappingTest *test = data;
    g_free(test->host);
    g_free(test->ip);
    g_free(test->tls);
    g_free(test->text);
    g_free(test);
}

static gboolean count(KxMapping *mapping, const KxDomain *domain, const char *host, KxObject object,
                      KxMappingTest *test, guint *ret_n)
{
    g_auto(KxMapAnswer) answer = {0};
    gboolean users = object == KX_OBJECT_USER;
    KxAttribute what = users ? KX_ATTRIBUTE_NAME : KX_ATTRIBUTE_GROUP_NAME;
    KxMapQuestion question = {.domain = domain,
                              .hosts = host,
                              .filter =
                                  users ? kx_attribute_users(domain) : kx_attribute_groups(domain),
                              .first = what,
                              .end = what + 1,
                              .most = KX_MAP_ENTRIES_MAX};
    gboolean ok = kx_map_ask(mapping, &question, &answer);
    *ret_n = answer.entries->len;
    test->state = answer.state;
    g_free(test->ip);
    g_free(test->tls);
    test->ip = g_steal_pointer(&answer.ip);
    test->tls = g_steal_pointer(&answer.tls);
    test->text = ok ? NULL : g_steal_pointer(&answer.text);
    return ok;
}

GPtrArray *kx_mapping_test(KxMapping *mapping, const char *name, GError **error)
{
    g_autoptr(KxDomain) domain = kx_map_find_domain(mapping, name, error);
    if (domain == NULL)
        return NULL;
    GPtrArray *tests = g_ptr_array_new_with_free_func(free_test);
    for (guint i = 0; domain->directory_hosts[i] != NULL; i++) {
        const char *host = domain->directory_hosts[i];
        KxMappingTest *test = g_new0(KxMappingTest, 1);
        test->host = g_strdup(host);
        if (count(mapping, domain, host, KX_OBJECT_USER, test, &test->users))
            count(mapping, domain, host, KX_OBJECT_GROUP, test, &test->groups);
        g_ptr_array_add(tests, test);
    }
    return tests;
}
