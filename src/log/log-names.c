/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of logs and debug topics, and the debug mask. */
#include "log/log-private.h"

static const char *const SLUGS[KX_LOG_COUNT] = {
#define X(id, slug, title, severity, kb, keep) slug,
    KX_LOG_LIST(X)
#undef X
};

static const char *const TITLES[KX_LOG_COUNT] = {
#define X(id, slug, title, severity, kb, keep) title,
    KX_LOG_LIST(X)
#undef X
};

static const KxDebugTopicInfo TOPICS[KX_DEBUG_COUNT] = {
#define X(id, slug, title, group) {slug, title, group},
    KX_DEBUG_TOPICS(X)
#undef X
};

G_STATIC_ASSERT(KX_DEBUG_COUNT < 64);

const char *kx_log_slug(KxLogId log)
{
    return SLUGS[log];
}

const char *kx_log_title(KxLogId log)
{
    return TITLES[log];
}

gboolean kx_log_from_slug(const char *slug, KxLogId *ret_log)
{
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        if (g_str_equal(slug, SLUGS[id])) {
            *ret_log = id;
            return TRUE;
        }
    }
    return FALSE;
}

const KxDebugTopicInfo *kx_debug_topic_info(KxDebugTopic topic)
{
    return &TOPICS[topic];
}

gboolean kx_debug_topic_from_slug(const char *slug, KxDebugTopic *ret_topic)
{
    for (KxDebugTopic topic = 0; topic < KX_DEBUG_COUNT; topic++) {
        if (g_str_equal(slug, TOPICS[topic].slug)) {
            *ret_topic = topic;
            return TRUE;
        }
    }
    return FALSE;
}

void kx_logger_set_debug(KxLogger *logger, guint64 mask)
{
    atomic_store_explicit(&logger->debug, mask & KX_DEBUG_ALL, memory_order_relaxed);
}

guint64 kx_logger_get_debug(const KxLogger *logger)
{
    return atomic_load_explicit(&logger->debug, memory_order_relaxed);
}

gboolean kx_debug_on(const KxLogger *logger, KxDebugTopic topic)
{
    return logger && (kx_logger_get_debug(logger) & KX_DEBUG_BIT(topic)) != 0;
}
