/* SPDX-License-Identifier: Apache-2.0 */
/* What the logger looks like inside. Private to the log folder. */
#pragma once

#include <stdatomic.h>

#include "log/log-file.h"
#include "log/log.h"

typedef struct KxLogSlot {
    GMutex lock;
    KxLogFile file;
    KxLogConfig *config; /* g_atomic_rc_box, never changed, replaced as a whole */
} KxLogSlot;

struct KxLogger {
    char *directory;
    KxLogSink external;
    gpointer external_data;
    gint64 (*clock)(gpointer data);
    gpointer clock_data;
    GMutex configure_lock; /* taken before a slot's lock */
    _Atomic guint64 debug;
    KxLogSlot slots[KX_LOG_COUNT];
};

/* Checks ranges and the file name of a configuration. */
gboolean kx_log_config_check(const KxLogConfig *config, GError **error);

/* A reference-counted copy; free with kx_log_config_unref(). */
KxLogConfig *kx_log_config_copy(const KxLogConfig *config);
void kx_log_config_unref(KxLogConfig *config);
