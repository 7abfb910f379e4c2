/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: starts, watches and restarts the other roles, binds their sockets, and hands them
 * sockets, channels and keys. It reads no byte from a client.
 *
 * Stopping goes in the order of the data: edges first (no new work, clients are told), then the
 * core (finishes what it has), then the converters and the courier.
 */
#pragma once

#include <glib.h>

/* Runs until the server is stopped; the current directory is the data directory. Returns the exit
 * status. */
int kx_keeper_run(guint edges, GPtrArray *notes);
