/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that must survive a power cut. All paths may be relative; the roles that open files work
 * relative to the data directory (their current directory), so that no parent needs to be
 * searchable.
 */
#pragma once

#include <glib.h>

/* Makes the directory and its parents (mode 0700) and syncs each parent that gained an entry. */
gboolean kx_mkdir_durable(const char *path, GError **error);

/* fsync of a directory, after an entry in it was made, renamed or removed. */
gboolean kx_sync_dir(const char *path, GError **error);

/* Replaces the file atomically and durably: temporary beside it, fsync, rename, fsync of the
 * directory. */
gboolean kx_write_file_durable(const char *path, const void *bytes, size_t len, int mode,
                               GError **error);

/* Writes all bytes to the descriptor, going on after EINTR and short writes. */
gboolean kx_write_all(int fd, const void *bytes, size_t len, GError **error);

/* Reads a whole file of at most `max` bytes; KX_ERR_TOO_BIG beyond, KX_ERR_NOT_FOUND if absent. */
gboolean kx_read_file(const char *path, size_t max, char **ret_bytes, size_t *ret_len,
                      GError **error);
