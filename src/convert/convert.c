/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that convert, as the core sees them: who waits for one, who has one, when it goes.
 */
#include "convert/convert-private.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/limits.h"

enum {
    SERVED_MAX = 50,   /* contents, then a process is replaced: an intruder does not live long */
    LIFE_SECONDS = 30, /* the same by time; shorter than KX_CONVERT_CPU_SECONDS less one content */
    IDLE_SECONDS = 3,
    WAITING_MAX = 64,
    PAUSE_SECONDS = 10, /* after one that did not come up */
    BAD_MAX = 4096,     /* digests kept */
    LOGGED_MAX = 200,   /* bytes of a name in the log */
};

KxConvert *kx_convert_new(KxLogger *logger, KxConvertTell tell, gpointer data)
{
    KxConvert *convert = g_new0(KxConvert, 1);
    convert->logger = logger;
    convert->tell = tell;
    convert->data = data;
    kx_mutex_init(&convert->lock);
    kx_cond_init(&convert->changed);
    g_queue_init(&convert->bad);
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        convert->slots[i] = (KxSlot){.index = i, .fd = -1};
    return convert;
}

void kx_convert_free(KxConvert *convert)
{
    if (!convert)
        return;
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        if (convert->slots[i].fd >= 0)
            close(convert->slots[i].fd);
    g_queue_clear_full(&convert->bad, g_free);
    kx_cond_clear(&convert->changed);
    kx_mutex_clear(&convert->lock);
    g_free(convert);
}

/* ---- slots, with the lock held ---- */

static void close_slot(KxSlot *slot)
{
    if (slot->fd >= 0)
        close(slot->fd);
    slot->fd = -1;
}

static void end_slot(KxConvert *convert, KxSlot *slot)
{
    close_slot(slot);
    slot->state = slot->ended ? KX_SLOT_NONE : KX_SLOT_ENDING;
    if (!slot->ended)
        convert->tell(convert->data, slot->index, KX_CONVERTER_END);
    kx_cond_broadcast(&convert->changed);
}

static KxSlot *find_slot(KxConvert *convert, KxSlotState state)
{
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        if (convert->slots[i].state == state)
            return &convert->slots[i];
    return NULL;
}

static gboolean has_served(const KxSlot *slot)
{
    return slot->served >= SERVED_MAX ||
           g_get_monotonic_time() - slot->started > (gint64)LIFE_SECONDS * G_USEC_PER_SEC;
}

/* One is on its way for each who waits, as far as there is room. */
static void start_slot(KxConvert *convert)
{
    guint starting = 0;
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        starting += convert->slots[i].state == KX_SLOT_STARTING;
    KxSlot *slot = find_slot(convert, KX_SLOT_NONE);
    if (!slot || starting >= convert->counts.waiting)
        return;
    *slot = (KxSlot){.index = slot->index, .state = KX_SLOT_STARTING, .fd = -1};
    convert->tell(convert->data, slot->index, KX_CONVERTER_START);
}

/* NULL: none is to be had. */
static KxSlot *take_slot(KxConvert *convert, GError **error)
{
    KxSlot *slot = NULL;
    if (convert->counts.waiting >= WAITING_MAX) {
        kx_fail(error, KX_ERR_BUSY, "too many attachments wait for their text");
        return NULL;
    }
    convert->counts.waiting++;
    while (!convert->stopped && g_get_monotonic_time() >= convert->pause_until &&
           !(slot = find_slot(convert, KX_SLOT_IDLE))) {
        start_slot(convert);
        kx_cond_wait(&convert->changed, &convert->lock);
    }
    convert->counts.waiting--;
    if (!slot) {
        kx_fail(error, KX_ERR_BUSY,
                convert->stopped ? "the server is stopping"
                                 : "no process that converts could be started");
        return NULL;
    }
    slot->state = KX_SLOT_BUSY;
    slot->served++;
    convert->tell(convert->data, slot->index, KX_CONVERTER_BUSY);
    return slot;
}

static void give_back(KxConvert *convert, KxSlot *slot, gboolean broken)
{
    if (broken || slot->ended || convert->stopped || has_served(slot)) {
        end_slot(convert, slot);
        return;
    }
    slot->state = KX_SLOT_IDLE;
    slot->idle_since = g_get_monotonic_time();
    convert->tell(convert->data, slot->index, KX_CONVERTER_IDLE);
    kx_cond_signal(&convert->changed);
}

/* ---- what the keeper says ---- */

void kx_convert_ready(KxConvert *convert, guint index, int fd)
{
    kx_mutex_lock(&convert->lock);
    KxSlot *slot = index < KX_CONVERTERS_MAX ? &convert->slots[index] : NULL;
    if (slot && slot->state == KX_SLOT_STARTING && !convert->stopped) {
        slot->fd = fd;
        slot->state = KX_SLOT_IDLE;
        slot->started = slot->idle_since = g_get_monotonic_time();
        kx_cond_signal(&convert->changed);
    } else {
        close(fd);
    }
    kx_mutex_unlock(&convert->lock);
}

void kx_convert_ended(KxConvert *convert, guint index)
{
    if (index >= KX_CONVERTERS_MAX)
        return;
    kx_mutex_lock(&convert->lock);
    KxSlot *slot = &convert->slots[index];
    if (slot->state == KX_SLOT_BUSY) {
        slot->ended = TRUE; /* who uses it finds out */
    } else {
        if (slot->state == KX_SLOT_STARTING)
            convert->pause_until = g_get_monotonic_time() + (gint64)PAUSE_SECONDS * G_USEC_PER_SEC;
        close_slot(slot);
        slot->state = KX_SLOT_NONE;
    }
    kx_cond_broadcast(&convert->changed);
    kx_mutex_unlock(&convert->lock);
}

void kx_convert_tick(KxConvert *convert)
{
    gint64 since = g_get_monotonic_time() - (gint64)IDLE_SECONDS * G_USEC_PER_SEC;
    kx_mutex_lock(&convert->lock);
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++) {
        KxSlot *slot = &convert->slots[i];
        if (slot->state == KX_SLOT_IDLE && (slot->idle_since < since || has_served(slot)))
            end_slot(convert, slot);
    }
    kx_mutex_unlock(&convert->lock);
}

void kx_convert_stop(KxConvert *convert)
{
    kx_mutex_lock(&convert->lock);
    convert->stopped = TRUE;
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        if (convert->slots[i].fd >= 0)
            shutdown(convert->slots[i].fd, SHUT_RDWR);
    kx_cond_broadcast(&convert->changed);
    kx_mutex_unlock(&convert->lock);
}

KxConvertCounts kx_convert_counts(KxConvert *convert)
{
    kx_mutex_lock(&convert->lock);
    KxConvertCounts counts = convert->counts;
    kx_mutex_unlock(&convert->lock);
    return counts;
}

/* ---- content that broke a process ---- */

static char *digest_of(GBytes *content)
{
    return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, content);
}

static gboolean is_bad(KxConvert *convert, GBytes *content)
{
    kx_mutex_lock(&convert->lock);
    gboolean any = convert->bad.length > 0;
    kx_mutex_unlock(&convert->lock);
    if (!any)
        return FALSE; /* the digest costs time */
    g_autofree char *digest = digest_of(content);
    kx_mutex_lock(&convert->lock);
    gboolean bad =
        g_queue_find_custom(&convert->bad, digest, (GCompareFunc)(void (*)(void))strcmp) != NULL;
    kx_mutex_unlock(&convert->lock);
    return bad;
}

static void remember_bad(KxConvert *convert, const char *type, const char *file_name,
                         GBytes *content, const char *why)
{
    char *digest = digest_of(content);
    g_autofree char *name = kx_escape_for_log(file_name ? file_name : "", -1, LOGGED_MAX);
    g_autofree char *safe_type = kx_escape_for_log(type, -1, LOGGED_MAX);
    kx_log(convert->logger, KX_LOG_WARNING,
           "No text was found in attachment '%s' of type %s (%zu bytes, SHA-256 %.16s): %s; it is "
           "not tried again before the server restarts",
           name, *safe_type ? safe_type : "unknown", g_bytes_get_size(content), digest, why);
    kx_mutex_lock(&convert->lock);
    g_queue_push_head(&convert->bad, digest);
    if (convert->bad.length > BAD_MAX)
        g_free(g_queue_pop_tail(&convert->bad));
    kx_mutex_unlock(&convert->lock);
}

/* ---- converting ---- */

/* With a process at hand. */
static gboolean run(KxConvert *convert, KxSlot *slot, const char *type, const char *file_name,
                    GBytes *content, char **ret_text, GError **error)
{
    g_autoptr(GError) why = NULL;
    gboolean broken;
    gint64 started = g_get_monotonic_time();
    gboolean ok =
        kx_convert_ask(slot->fd, slot->served, type, file_name, content, ret_text, &broken, &why);
    gboolean late = g_get_monotonic_time() - started >= (gint64)KX_CONVERT_SECONDS * G_USEC_PER_SEC;
    kx_mutex_lock(&convert->lock);
    gboolean stopped = convert->stopped;
    convert->counts.done += !broken;
    convert->counts.failed += broken && !stopped;
    give_back(convert, slot, broken);
    kx_mutex_unlock(&convert->lock);
    if (ok)
        return TRUE;
    if (broken && stopped)
        return kx_fail(error, KX_ERR_BUSY, "the server is stopping");
    if (broken) {
        const char *text = late ? "its conversion took too long" : why->message;
        remember_bad(convert, type, file_name, content, text);
        return kx_fail(error, KX_ERR_FAILED, "%s", text);
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean kx_convert_text(KxConvert *convert, const char *type, const char *file_name,
                         GBytes *content, char **ret_text, GError **error)
{
    if (g_bytes_get_size(content) > KX_CONVERT_CONTENT_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "content of more than %d MiB is not converted",
                       KX_CONVERT_CONTENT_MAX / (1024 * 1024));
    if (is_bad(convert, content))
        return kx_fail(error, KX_ERR_FAILED,
                       "its conversion failed before and is not tried again before the server "
                       "restarts");
    kx_mutex_lock(&convert->lock);
    KxSlot *slot = take_slot(convert, error);
    kx_mutex_unlock(&convert->lock);
    return slot && run(convert, slot, type, file_name, content, ret_text, error);
}
