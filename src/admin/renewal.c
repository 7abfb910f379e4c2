/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/renewal.h"

#include <string.h>

#include "admin/acme-certificate.h"
#include "admin/certificate-age.h"
#include "admin/certificate-expiry.h"
#include "admin/certificate-info.h"
#include "admin/certificate-store.h"
#include "admin/ocsp.h"
#include "base/error.h"
#include "base/lock.h"

enum {
    LOOK = 3600,       /* seconds from one look to the next */
    DAY = 86400,       /* the same, for warnings */
    START_MS = 5000,   /* until services listen */
    RETRY_FIRST = 600, /* seconds after a failure; doubled each time */
    RETRY_MOST = 86400,
};

/* A certificate that could not be had. */
typedef struct {
    guint failures;
    gint64 next; /* Unix seconds */
    char *error;
} Trouble;

struct KxRenewal {
    KxCore *core;
    KxRenewalTools tools;
    KxProofs *proofs;
    GThread *thread;
    KxMutex turn; /* one gets certificates at a time; taken before `lock` */
    KxMutex lock; /* of what follows */
    KxCond changed;
    GHashTable *troubles; /* the names wanted, with blanks between -> Trouble */
    char *terms;
    char *seen;       /* settings that matter here */
    guint generation; /* of these settings */
    gboolean look, stopping;
    gint64 warned; /* Unix seconds; the thread's own */
};

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

static void trouble_free(gpointer data)
{
    Trouble *trouble = data;
    g_free(trouble->error);
    g_free(trouble);
}

static gboolean is_stopping(KxRenewal *renewal)
{
    kx_mutex_lock(&renewal->lock);
    gboolean stopping = renewal->stopping;
    kx_mutex_unlock(&renewal->lock);
    return stopping;
}

/* ---- getting certificates ---- */

static gboolean pause_for(gpointer data, guint ms)
{
    KxRenewal *renewal = data;
    gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
    kx_mutex_lock(&renewal->lock);
    while (!renewal->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&renewal->changed, &renewal->lock, until);
    gboolean on = !renewal->stopping;
    kx_mutex_unlock(&renewal->lock);
    return on;
}

/* Two certificates may have the same name by mistake, so their troubles go by all of the names. */
static char *key_of(const char *const *names)
{
    return g_strjoinv(" ", (char **)names);
}

/* What failed with settings that are others by now says nothing about these. */
static void note_trouble(KxRenewal *renewal, guint generation, const char *const *names,
                         const char *why)
{
    g_autofree char *name = kx_acme_certificate_name(names);
    char *key = key_of(names);
    kx_mutex_lock(&renewal->lock);
    if (renewal->stopping || generation != renewal->generation) {
        kx_mutex_unlock(&renewal->lock);
        g_free(key);
        return;
    }
    Trouble *trouble = g_hash_table_lookup(renewal->troubles, key);
    if (!trouble) {
        trouble = g_new0(Trouble, 1);
        g_hash_table_insert(renewal->troubles, g_steal_pointer(&key), trouble);
    }
    g_free(key);
    g_free(trouble->error);
    trouble->error = g_strdup(why);
    gint64 pause = MIN((gint64)RETRY_FIRST << MIN(trouble->failures, 20U), (gint64)RETRY_MOST);
    trouble->failures++;
    trouble->next = now_seconds() + pause;
    kx_mutex_unlock(&renewal->lock);
    kx_log(renewal->core->logger, KX_LOG_WARNING,
           "Certificate '%s' cannot be had from the authority: %s; tried again in %d minutes", name,
           why, (int)(pause / 60));
}

static void forget_trouble(KxRenewal *renewal, const char *const *names)
{
    g_autofree char *key = key_of(names);
    kx_mutex_lock(&renewal->lock);
    g_hash_table_remove(renewal->troubles, key);
    kx_mutex_unlock(&renewal->lock);
}

/* Of entries that begin with the same name the first has it: else each would take the place of
 * the other's certificate, again and again. */
static gboolean check_single(const KxSettings *settings, const char *const *names, GError **error)
{
    const char *const *entry = kx_settings_list(settings, KX_SET_ACME_CERTIFICATES);
    for (; entry && *entry; entry++) {
        g_auto(GStrv) others = kx_acme_names(*entry);
        if (g_str_equal(others[0], names[0]))
            return g_strv_equal((const char *const *)others, names) ||
                   kx_fail(error, KX_ERR_INVALID,
                           "another entry of acme.certificates begins with %s too", names[0]);
    }
    return TRUE;
}

static gboolean get(KxRenewal *renewal, const KxSettings *settings, const char *const *names,
                    GError **error)
{
    KxAcmeProof proof = {0};
    g_autofree char *terms = NULL;
    g_autoptr(GError) why = NULL;
    kx_mutex_lock(&renewal->lock);
    guint generation = renewal->generation;
    kx_mutex_unlock(&renewal->lock);
    kx_proofs_use(renewal->proofs, kx_settings_text(settings, KX_SET_ACME_CHALLENGE), &proof);
    proof.pause = pause_for;
    proof.pauses = renewal;
    gboolean got = check_single(settings, names, &why) &&
                   kx_acme_get(renewal->core->asks, renewal->core->logger, settings, &proof, names,
                               &terms, &why);
    if (terms) {
        kx_mutex_lock(&renewal->lock);
        g_free(renewal->terms);
        renewal->terms = g_steal_pointer(&terms);
        kx_mutex_unlock(&renewal->lock);
    }
    if (got) {
        forget_trouble(renewal, names);
        renewal->tools.certificates_changed(renewal->tools.means.data);
        return TRUE;
    }
    note_trouble(renewal, generation, names, why->message);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean is_due(KxRenewal *renewal, const char *const *names)
{
    g_autofree char *name = kx_acme_certificate_name(names);
    g_autofree char *key = key_of(names);
    gint64 now = now_seconds();
    kx_mutex_lock(&renewal->lock);
    const Trouble *trouble = g_hash_table_lookup(renewal->troubles, key);
    gboolean held_up = trouble && trouble->next > now;
    kx_mutex_unlock(&renewal->lock);
    if (held_up)
        return FALSE;
    g_autoptr(X509) certificate = kx_certificate_read_first(name);
    return kx_acme_due(certificate, names) <= now;
}

static void renew_due(KxRenewal *renewal)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(renewal->core->directory);
    const char *const *entry = kx_settings_list(settings, KX_SET_ACME_CERTIFICATES);
    kx_mutex_lock(&renewal->turn);
    for (; entry && *entry && !is_stopping(renewal); entry++) {
        g_auto(GStrv) names = kx_acme_names(*entry);
        if (is_due(renewal, (const char *const *)names))
            get(renewal, settings, (const char *const *)names, NULL);
    }
    kx_mutex_unlock(&renewal->turn);
}

static gboolean is_meant(const char *wanted, const char *const *names)
{
    g_autofree char *name = kx_acme_certificate_name(names);
    return !wanted || g_str_equal(wanted, name) || g_strv_contains(names, wanted);
}

gboolean kx_renewal_now(KxRenewal *renewal, const char *wanted, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(renewal->core->directory);
    const char *const *entry = kx_settings_list(settings, KX_SET_ACME_CERTIFICATES);
    gboolean any = FALSE, good = TRUE;
    if (!kx_mutex_trylock(&renewal->turn))
        return kx_fail(error, KX_ERR_BUSY,
                       "certificates are being got just now; keryx cert acme status shows them");
    for (; entry && *entry && !is_stopping(renewal); entry++) {
        g_auto(GStrv) names = kx_acme_names(*entry);
        if (!is_meant(wanted, (const char *const *)names))
            continue;
        any = TRUE;
        if (!get(renewal, settings, (const char *const *)names, good ? error : NULL))
            good = FALSE;
    }
    kx_mutex_unlock(&renewal->turn);
    if (any)
        return good;
    return kx_fail(error, KX_ERR_NOT_FOUND,
                   wanted ? "acme.certificates has no '%s'"
                          : "acme.certificates names no certificate%s",
                   wanted ? wanted : "");
}

/* ---- what authorities say ---- */

static void tell_about(KxRenewal *renewal, const char *name, const GError *error)
{
    gboolean revoked = g_error_matches(error, KX_ERROR, KX_ERR_DENIED);
    kx_log(renewal->core->logger, revoked ? KX_LOG_ERROR : KX_LOG_WARNING,
           "Certificate '%s': whether it is still good (OCSP) could not be had: %s", name,
           error->message);
}

static gboolean refresh(KxRenewal *renewal, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (kx_ocsp_refresh(renewal->core->asks, name, &error))
        return TRUE;
    tell_about(renewal, name, error);
    return g_error_matches(error, KX_ERROR, KX_ERR_DENIED); /* what was shown is gone */
}

static void ask_authorities(KxRenewal *renewal)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(renewal->core->directory);
    g_auto(GStrv) names = kx_certificate_names();
    gboolean changed = FALSE;
    gint64 until;
    for (guint i = 0; names[i] && !is_stopping(renewal); i++)
        if (kx_settings_bool(settings, KX_SET_OCSP_STAPLING) &&
            kx_ocsp_need(names[i], now_seconds(), &until) == KX_OCSP_DUE)
            changed |= refresh(renewal, names[i]);
    if (changed)
        renewal->tools.certificates_changed(renewal->tools.means.data);
}

/* ---- status ---- */

static json_t *status_of(KxRenewal *renewal, const char *const *names)
{
    g_autofree char *name = kx_acme_certificate_name(names);
    g_autofree char *joined = key_of(names);
    g_autoptr(X509) certificate = kx_certificate_read_first(name);
    gint64 due = kx_acme_due(certificate, names);
    const char *state =
        due > 0 ? kx_certificate_age_text(kx_certificate_age(certificate, now_seconds()))
                : "missing";
    json_t *row = json_pack("{s:s, s:s, s:s, s:I}", "name", name, "names", joined, "state", state,
                            "renewal", (json_int_t)due);
    if (!renewal)
        return row;
    kx_mutex_lock(&renewal->lock);
    const Trouble *trouble = g_hash_table_lookup(renewal->troubles, joined);
    if (trouble) {
        json_object_set_new(row, "error", json_string(trouble->error));
        json_object_set_new(row, "next-try", json_integer(trouble->next));
    }
    kx_mutex_unlock(&renewal->lock);
    return row;
}

json_t *kx_renewal_status(KxRenewal *renewal, const KxSettings *settings)
{
    json_t *list = json_array();
    const char *const *entry = kx_settings_list(settings, KX_SET_ACME_CERTIFICATES);
    for (; entry && *entry; entry++) {
        g_auto(GStrv) names = kx_acme_names(*entry);
        json_array_append_new(list, status_of(renewal, (const char *const *)names));
    }
    return list;
}

char *kx_renewal_terms(KxRenewal *renewal)
{
    kx_mutex_lock(&renewal->lock);
    char *terms = g_strdup(renewal->terms);
    kx_mutex_unlock(&renewal->lock);
    return terms;
}

/* ---- the thread ---- */

/* Seconds from now: the next hour, or when something is to be tried again. With the lock held. */
static gint64 next_look(KxRenewal *renewal)
{
    gint64 seconds = LOOK, now = now_seconds();
    GHashTableIter iter;
    gpointer trouble;
    g_hash_table_iter_init(&iter, renewal->troubles);
    while (g_hash_table_iter_next(&iter, NULL, &trouble))
        seconds = MIN(seconds, MAX(((Trouble *)trouble)->next - now, 1));
    return seconds;
}

/* With the lock held. */
static void wait_for_work(KxRenewal *renewal)
{
    gint64 until = g_get_monotonic_time() + next_look(renewal) * G_USEC_PER_SEC;
    while (!renewal->look && !renewal->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&renewal->changed, &renewal->lock, until);
    renewal->look = FALSE;
}

static void warn_daily(KxRenewal *renewal)
{
    gint64 now = now_seconds();
    if (renewal->warned + DAY > now && renewal->warned <= now)
        return;
    renewal->warned = now;
    kx_certificates_warn(renewal->core->logger);
}

static gpointer work(gpointer data)
{
    KxRenewal *renewal = data;
    warn_daily(renewal);
    pause_for(renewal, START_MS);
    kx_mutex_lock(&renewal->lock);
    while (!renewal->stopping) {
        kx_mutex_unlock(&renewal->lock);
        warn_daily(renewal);
        renew_due(renewal);
        ask_authorities(renewal);
        kx_mutex_lock(&renewal->lock);
        wait_for_work(renewal);
    }
    kx_mutex_unlock(&renewal->lock);
    return NULL;
}

/* Other settings are no reason to ask an authority again that has just refused. */
static char *fingerprint(const KxSettings *settings)
{
    static const KxSettingId ids[] = {KX_SET_ACME_CERTIFICATES, KX_SET_ACME_DIRECTORY,
                                      KX_SET_ACME_CONTACT,      KX_SET_ACME_AGREE,
                                      KX_SET_ACME_CHALLENGE,    KX_SET_OCSP_STAPLING};
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *value = kx_settings_format(settings, ids[i]);
        g_string_append_printf(all, "%s\n", value);
    }
    return g_string_free(all, FALSE);
}

void kx_renewal_settings_changed(KxRenewal *renewal, const KxSettings *settings)
{
    char *seen = fingerprint(settings);
    kx_mutex_lock(&renewal->lock);
    if (g_strcmp0(seen, renewal->seen) != 0) {
        renewal->look = TRUE;
        renewal->generation++;
        g_hash_table_remove_all(renewal->troubles);
        kx_cond_broadcast(&renewal->changed);
    }
    g_free(renewal->seen);
    renewal->seen = seen;
    kx_mutex_unlock(&renewal->lock);
}

void kx_renewal_look(KxRenewal *renewal)
{
    kx_mutex_lock(&renewal->lock);
    renewal->look = TRUE;
    kx_cond_broadcast(&renewal->changed);
    kx_mutex_unlock(&renewal->lock);
}

KxRenewal *kx_renewal_start(KxCore *core, const KxRenewalTools *tools)
{
    KxRenewal *renewal = g_new0(KxRenewal, 1);
    renewal->core = core;
    renewal->tools = *tools;
    renewal->proofs = kx_proofs_new(&tools->means);
    g_autoptr(KxSettings) settings = kx_directory_settings(core->directory);
    renewal->seen = fingerprint(settings);
    renewal->troubles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, trouble_free);
    kx_mutex_init(&renewal->turn);
    kx_mutex_init(&renewal->lock);
    kx_cond_init(&renewal->changed);
    renewal->thread = g_thread_new("renewal", work, renewal);
    return renewal;
}

KxProofs *kx_renewal_proofs(KxRenewal *renewal)
{
    return renewal->proofs;
}

void kx_renewal_stop(KxRenewal *renewal)
{
    kx_mutex_lock(&renewal->lock);
    renewal->stopping = TRUE;
    kx_cond_broadcast(&renewal->changed);
    kx_mutex_unlock(&renewal->lock);
    g_clear_pointer(&renewal->thread, g_thread_join);
}

void kx_renewal_free(KxRenewal *renewal)
{
    if (!renewal)
        return;
    g_hash_table_unref(renewal->troubles);
    kx_proofs_free(renewal->proofs);
    kx_cond_clear(&renewal->changed);
    kx_mutex_clear(&renewal->lock);
    kx_mutex_clear(&renewal->turn);
    g_free(renewal->terms);
    g_free(renewal->seen);
    g_free(renewal);
}
