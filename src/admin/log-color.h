/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which color the highlighting rules give a line of a log (LOG-11). One thread; made for one
 * request, as rules change.
 */
#pragma once

#include "directory/directory.h"

typedef struct KxLogColors KxLogColors;

KxLogColors *kx_log_colors_new(KxDirectory *directory);
void kx_log_colors_free(KxLogColors *colors);

/* "#rrggbb", or NULL; borrowed. An expression that takes too long for a line does not fit it. */
const char *kx_log_color(const KxLogColors *colors, const char *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLogColors, kx_log_colors_free)
