/* SPDX-License-Identifier: Apache-2.0 */
/* What incoming.c and deliver.c share. */
#pragma once

#include "store/store-private.h"

struct KxIncoming {
    KxStore *store;
    guint64 size;
    char *buffer; /* all of it, as long as it is small */
    size_t used, room, flushed;
    gboolean shown;  /* kx_incoming_map() has given out the buffer: it must not move any more */
    gboolean direct; /* goes on in the file */
    gboolean broken; /* a write failed halfway */
    char *path;
    int fd; /* -1: no file yet */
    gboolean synced;
    GArray *maps; /* GBytes-like pairs, newest last */
    gboolean parsed;
    KxItemFacts facts;
};

/* Of a file of the store, synced long ago, that goes into a folder by hard link. */
KxIncoming *kx_incoming_of_file(KxStore *store, const char *path, GError **error);

/* The file complete and durable, its time set (an index that is lost takes the internal date from
 * it). */
gboolean kx_incoming_sync(KxIncoming *incoming, gint64 internal_date, GError **error);
/* Writes what kx_incoming_in_memory() into a new file, which the caller has to sync; with `start`
 * that will be soon. FALSE: errno says why. */
gboolean kx_incoming_make_file(const KxIncoming *incoming, const char *path, gint64 internal_date,
                               gboolean start);
/* Small, and nobody has needed a file of it so far. */
gboolean kx_incoming_in_memory(const KxIncoming *incoming);
gboolean kx_incoming_parse(KxIncoming *incoming, GError **error);
