/* SPDX-License-Identifier: Apache-2.0 */
/* See arena-private.h. */
#include "mime/arena-private.h"
#include <stddef.h>

#define FIRST_CHUNK 3072
#define MAX_CHUNK   (256 * 1024)
#define ALIGNMENT   _Alignof(max_align_t)

typedef struct Chunk {
    struct Chunk *older;
    max_align_t bytes[];
} Chunk;

struct KxMimeArena {
    char *free; /* next free byte of the newest chunk */
    size_t left;
    size_t next_size;
    Chunk *newest; /* NULL while the memory behind this struct suffices */
    max_align_t bytes[];
};

KxMimeArena *kx_mime_arena_new(void)
{
    KxMimeArena *arena = g_malloc(FIRST_CHUNK);
    arena->free = (char *)arena->bytes;
    arena->left = FIRST_CHUNK - sizeof(KxMimeArena);
    arena->next_size = FIRST_CHUNK * 2;
    arena->newest = NULL;
    return arena;
}

void kx_mime_arena_free(KxMimeArena *arena)
{
    if (!arena)
        return;
    for (Chunk *chunk = arena->newest; chunk;) {
        Chunk *older = chunk->older;
        g_free(chunk);
        chunk = older;
    }
    g_free(arena);
}

static void add_chunk(KxMimeArena *arena, size_t size)
{
    size_t room = MAX(arena->next_size, size);
    Chunk *chunk = g_malloc(sizeof(Chunk) + room);
    chunk->older = arena->newest;
    arena->newest = chunk;
    arena->free = (char *)chunk->bytes;
    arena->left = room;
    arena->next_size = MIN(arena->next_size * 2, MAX_CHUNK);
}

static char *take(KxMimeArena *arena, size_t size, size_t alignment)
{
    size_t pad = -(size_t)(guintptr)arena->free & (alignment - 1);
    if (pad + size > arena->left) {
        add_chunk(arena, size);
        pad = 0;
    }
    char *result = arena->free + pad;
    arena->free = result + size;
    arena->left -= pad + size;
    return result;
}

void *kx_mime_arena_alloc(KxMimeArena *arena, size_t size)
{
    return memset(take(arena, size, ALIGNMENT), 0, size);
}

char *kx_mime_arena_strndup(KxMimeArena *arena, const char *text, size_t len)
{
    char *copy = take(arena, len + 1, 1);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
