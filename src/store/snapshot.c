/* SPDX-License-Identifier: Apache-2.0 */
#include "store/snapshot-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"

#define MAGIC G_GUINT64_CONSTANT(0x317374695f78796b) /* also tells the order of bytes */

enum { HASH_SIZE = 32, SETS_MAX = 16 * 1024 * 1024, PIECE = 256 * 1024 };

/* Behind it stand the sets of keywords, each as its length (guint16) and its bytes, and the
 * entries as they are in memory. */
typedef struct {
    guint64 magic;
    guint64 inode;  /* of the index */
    guint64 modseq; /* all changes up to here are in it */
    guint32 folder, uid_validity, uid_next;
    guint32 entry_size, entries, sets_len;
    guint8 hash[HASH_SIZE]; /* of all of it, with zeros here */
} Header;

static char *path_of(const KxFolder *folder)
{
    return g_build_filename(folder->dir, "#items", NULL);
}

/* Of the header and the sets; the entries are to follow. */
static void begin_hash(crypto_generichash_state *state, const Header *header, const void *sets)
{
    Header plain = *header;
    memset(plain.hash, 0, HASH_SIZE);
    crypto_generichash_init(state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(state, (const guint8 *)&plain, sizeof plain);
    crypto_generichash_update(state, sets, header->sets_len);
}

/* ---- reading ---- */

static gboolean read_all(int fd, void *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = read(fd, (guint8 *)bytes + done, len - done);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return FALSE;
        done += n > 0 ? (size_t)n : 0;
    }
    return TRUE;
}

static gboolean header_holds(const KxFolder *folder, const Header *header)
{
    const KxFolderMeta *meta = &folder->meta;
    return header->magic == MAGIC && header->inode == folder->account->inode &&
           header->folder == folder->id && header->uid_validity == meta->uid_validity &&
           header->uid_next > 0 && header->uid_next <= meta->uid_next &&
           header->modseq >= meta->changed_modseq && header->modseq <= meta->highest_modseq &&
           header->entry_size == sizeof(KxEntry) && header->entries <= meta->messages &&
           header->sets_len <= SETS_MAX;
}

/* Numbers in the folder's table by those in the snapshot; NULL if the sets make no sense. */
static GArray *map_sets(KxFolder *folder, const guint8 *sets, size_t len)
{
    g_autoptr(GArray) map = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 none = 0;
    g_array_append_val(map, none);
    for (size_t at = 0; at < len;) {
        size_t bytes = at + 2 <= len ? (size_t)(sets[at] | sets[at + 1] << 8) : 0;
        if (bytes == 0 || bytes > len - at - 2)
            return NULL;
        int set = kx_keywords_set_from_bytes(&folder->keywords, sets + at + 2, bytes);
        if (set < 0)
            return NULL;
        guint32 number = (guint32)set;
        g_array_append_val(map, number);
        at += 2 + bytes;
    }
    return g_steal_pointer(&map);
}

static gboolean take_entries(const Header *header, const GArray *map, KxEntry *entries)
{
    guint32 last = 0;
    for (guint i = 0; i < header->entries; i++) {
        KxEntry *entry = &entries[i];
        if (entry->uid <= last || entry->uid >= header->uid_next || entry->keywords >= map->len)
            return FALSE;
        last = entry->uid;
        entry->flags &= KX_FLAG_ALL;
        entry->keywords = g_array_index(map, guint32, entry->keywords) & 0xffffff;
    }
    return TRUE;
}

/* While one piece is hashed the next is on its way from the disk. */
static gboolean read_entries(int fd, crypto_generichash_state *state, void *entries, size_t len)
{
    for (size_t done = 0, n; done < len; done += n) {
        guint8 *piece = (guint8 *)entries + done;
        n = MIN(len - done, (size_t)PIECE);
        if (!read_all(fd, piece, n))
            return FALSE;
        crypto_generichash_update(state, piece, n);
    }
    return TRUE;
}

static void make_room(KxItemScan *scan, guint n)
{
    if (scan->room >= n)
        return;
    g_free(scan->entries);
    scan->entries = g_new(KxEntry, n);
    scan->room = n;
}

static gboolean read_body(KxFolder *folder, int fd, const Header *header, KxItemScan *scan)
{
    g_autofree guint8 *sets = g_malloc(header->sets_len + 1);
    guint8 hash[HASH_SIZE];
    crypto_generichash_state state;
    if (!read_all(fd, sets, header->sets_len))
        return FALSE;
    begin_hash(&state, header, sets);
    make_room(scan, header->entries);
    if (!read_entries(fd, &state, scan->entries, header->entries * sizeof(KxEntry)))
        return FALSE;
    crypto_generichash_final(&state, hash, HASH_SIZE);
    if (memcmp(hash, header->hash, HASH_SIZE) != 0)
        return FALSE;
    g_autoptr(GArray) map = map_sets(folder, sets, header->sets_len);
    return map && take_entries(header, map, scan->entries);
}

static gboolean read_file(KxFolder *folder, int fd, Header *header, KxItemScan *scan)
{
    struct stat st;
    if (!read_all(fd, header, sizeof *header) || !header_holds(folder, header))
        return FALSE;
    guint64 size = sizeof *header + header->sets_len + header->entries * sizeof(KxEntry);
    if (fstat(fd, &st) < 0 || (guint64)st.st_size != size)
        return FALSE;
    posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
    return read_body(folder, fd, header, scan);
}

guint32 kx_snapshot_read(KxFolder *folder, KxItemScan *scan)
{
    Header header;
    g_autofree char *path = path_of(folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    gboolean holds = read_file(folder, fd, &header, scan);
    close(fd);
    if (!holds) {
        unlink(path);
        return 0;
    }
    scan->n = header.entries;
    folder->snapshot_modseq = header.modseq;
    folder->snapshot_items = header.entries;
    return header.uid_next;
}

/* ---- writing ---- */

static GByteArray *pack_sets(KxKeywordTable *table)
{
    GByteArray *packed = g_byte_array_new();
    for (guint i = 1; i < table->sets->len; i++) {
        gsize len;
        const guint8 *bytes = g_bytes_get_data(kx_keywords_bytes(table, i), &len);
        const guint8 head[] = {(guint8)(len & 0xff), (guint8)(len >> 8)};
        g_byte_array_append(packed, head, sizeof head);
        g_byte_array_append(packed, bytes, (guint)len);
    }
    return packed;
}

/* Those that arrived since are read from the index, which is no work while they are few. */
static gboolean is_due(const KxFolder *folder)
{
    guint min = folder->account->store->snapshot_min;
    if (!folder->loaded || folder->gone || folder->n < min)
        return FALSE;
    return folder->snapshot_items == 0 || folder->snapshot_modseq < folder->meta.changed_modseq ||
           folder->n >= folder->snapshot_items + min;
}

static gboolean write_file(const char *path, Header *header, const guint8 *sets,
                           const KxEntry *entries)
{
    size_t len = header->entries * sizeof(KxEntry);
    crypto_generichash_state state;
    begin_hash(&state, header, sets);
    crypto_generichash_update(&state, (const guint8 *)entries, len);
    crypto_generichash_final(&state, header->hash, HASH_SIZE);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    gboolean ok = kx_write_all(fd, header, sizeof *header, NULL) &&
                  kx_write_all(fd, sets, header->sets_len, NULL) &&
                  kx_write_all(fd, entries, len, NULL);
    close(fd);
    return ok;
}

void kx_snapshot_write(KxFolder *folder)
{
    if (!is_due(folder))
        return;
    g_autofree char *path = path_of(folder);
    g_autoptr(GByteArray) sets = pack_sets(&folder->keywords);
    Header header = {.magic = MAGIC,
                     .inode = folder->account->inode,
                     .modseq = folder->meta.highest_modseq,
                     .folder = folder->id,
                     .uid_validity = folder->meta.uid_validity,
                     .uid_next = folder->meta.uid_next,
                     .entry_size = sizeof(KxEntry),
                     .entries = folder->n,
                     .sets_len = sets->len};
    gboolean ok = sets->len <= SETS_MAX && write_file(path, &header, sets->data, folder->entries);
    folder->snapshot_modseq = ok ? header.modseq : 0;
    folder->snapshot_items = ok ? header.entries : 0;
    if (!ok)
        unlink(path);
}

void kx_snapshot_write_all(KxAccount *account)
{
    GHashTableIter iter;
    gpointer folder;
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &folder))
        kx_snapshot_write(folder);
}
