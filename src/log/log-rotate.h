/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of rotated files: mail.log, mail.log.1 (the newest) ... each with its ".idx".
 * Private to the log folder. The log's lock is held.
 */
#pragma once

#include <glib.h>

/* Shifts every file up by one, the live one to ".1", so that with a new live file there are at most
 * `keep` files. FALSE with errno if the live file could not be moved: it is then still in place. */
gboolean kx_log_rotate_files(const char *path, guint keep);

/* Removes rotated files beyond `keep` files in all. */
void kx_log_rotate_trim(const char *path, guint keep);
