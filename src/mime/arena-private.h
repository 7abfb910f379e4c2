/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator for what one parsed message or address list owns: many small objects, freed
 * together. Private to src/mime. Not thread-safe while it grows.
 */
#pragma once

#include <glib.h>

typedef struct KxMimeArena KxMimeArena;

KxMimeArena *kx_mime_arena_new(void);
void kx_mime_arena_free(KxMimeArena *arena);

/* Zeroed memory, aligned for any object. Never NULL. */
void *kx_mime_arena_alloc(KxMimeArena *arena, size_t size);

/* A NUL-terminated copy. */
char *kx_mime_arena_strndup(KxMimeArena *arena, const char *text, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMimeArena, kx_mime_arena_free)
