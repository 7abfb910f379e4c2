/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite file layer used by every connection: the system's own, but paths are taken as they
 * are. SQLite normally turns a name into an absolute path and so needs every parent directory to be
 * searchable; the roles work relative to the data directory and own nothing above it.
 */
#pragma once

/* Name to pass to sqlite3_open_v2(); registers the layer on first use. Thread-safe. */
const char *kx_vfs_name(void);
