/* SPDX-License-Identifier: Apache-2.0 */
/* Items by the time they came into their folder. Thread-safe. */
#pragma once

#include "store/store.h"

/* UIDs (guint32, ascending) of those that have been in the folder since before `before` (Unix
 * seconds), the oldest first and `max` at most. */
GArray *kx_folder_aged(KxAccount *account, guint32 folder, gint64 before, guint max,
                       GError **error);
