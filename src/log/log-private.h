/* SPDX-License-Identifier: Apache-2.0 */
/* What the logger looks like inside. Private to the log folder. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "log/log-file.h"
#include "log/log.h"

/* A configuration is never changed, but replaced as a whole; who still uses the old one holds it.
 */
typedef struct KxLogHeldConfig {
    KxLogConfig values;
    atomic_uint holders;
} KxLogHeldConfig;

/* POSIX locks and C11 atomics rather than GLib's, which ThreadSanitizer cannot see through. */
typedef struct KxLogSlot {
    pthread_mutex_t lock;
    KxLogFile file;
    KxLogHeldConfig *config;
} KxLogSlot;

struct KxLogger {
    char *directory;
    KxLogSink external;
    gpointer external_data;
    gint64 (*clock)(gpointer data);
    gpointer clock_data;
    pthread_mutex_t configure_lock; /* taken before a slot's lock */
    _Atomic guint64 debug;
    KxLogSlot slots[KX_LOG_COUNT];
};

/* Checks ranges and the file name of a configuration. */
gboolean kx_log_config_check(const KxLogConfig *config, GError **error);

/* A copy with one holder; the last to drop it frees it. */
KxLogHeldConfig *kx_log_config_copy(const KxLogConfig *config);
KxLogHeldConfig *kx_log_config_hold(KxLogHeldConfig *config);
void kx_log_config_drop(KxLogHeldConfig *config);
