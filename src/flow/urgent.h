/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that does not wait for the schedule (NET-06 to NET-08): when the queue says that there is
 * some, a thread brings the line up if the settings allow it, has the whole queue sent, and brings
 * the line down when that is over.
 */
#pragma once

#include "directory/directory.h"
#include "flow/line.h"
#include "flow/queue.h"

typedef struct KxUrgent KxUrgent;

/* The objects are borrowed. */
KxUrgent *kx_urgent_start(KxDirectory *directory, KxQueue *queue, KxLine *line, KxLogger *logger);
void kx_urgent_stop(KxUrgent *urgent); /* the line must be stopped; frees it */
