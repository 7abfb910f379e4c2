/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the core's side. */
#pragma once

#include "base/lock.h"
#include "convert/convert.h"

typedef enum {
    KX_SLOT_NONE,
    KX_SLOT_STARTING,
    KX_SLOT_IDLE,
    KX_SLOT_BUSY,   /* the thread that uses it owns `fd` */
    KX_SLOT_ENDING, /* the keeper has been told, its answer is to come */
} KxSlotState;

/* A process, or room for one. */
typedef struct {
    guint index;
    KxSlotState state;
    int fd;         /* -1: none */
    gboolean ended; /* while it was BUSY */
    guint served;
    gint64 started, idle_since; /* monotonic microseconds */
} KxSlot;

struct KxConvert {
    KxLogger *logger;
    KxConvertTell tell;
    gpointer data;
    KxMutex lock; /* of all that follows */
    KxCond changed;
    KxSlot slots[KX_CONVERTERS_MAX];
    gboolean stopped;
    gint64 pause_until; /* no process is started before: the last one did not come up */
    KxConvertCounts counts;
    GQueue bad; /* char *: digests of contents that are not tried again, the newest first */
};

/* convert-ask.c: one request to the process at the other end, without the lock. FALSE with
 * *ret_broken: the process did not answer as it should and is to be ended. */
gboolean kx_convert_ask(int fd, guint32 request, const char *type, const char *file_name,
                        GBytes *content, char **ret_text, gboolean *ret_broken, GError **error);
