/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of src/store/ share.
 *
 * Locks, in the order in which they may be taken:
 *   the lock of a KxSortTable (sort-data.c), held over disk waits
 *   account->write_lock   one writer at a time: index commits, loading, rebuilding; held over disk
 * waits account->reader_lock  the pool of read connections account->state_lock   what is in memory;
 * never held over disk waits store->lock           the table of accounts, reference counts
 *   store->watch_lock     watches of folders (watch.c)
 *   account->events_lock  watches of the account (account-watch.c); nothing of the store is taken
 * inside account->queue_lock   deliveries waiting for a commit (deliver.c); nothing is taken inside
 * Two write locks are never held together, but for a trylock when idle accounts are closed.
 *
 * A change goes: new values are computed in a KxTxn, committed to the index, and only then
 * published to memory under the state lock. So memory never shows what the disk does not have.
 */
#pragma once

#include <pthread.h>

#include "db/db.h"
#include "store/acl.h"
#include "store/change.h"
#include "store/content.h"
#include "store/folder.h"
#include "store/incoming.h"
#include "store/store.h"
#include "store/summary.h"
#include "store/view.h"
#include "store/watch.h"

#define KX_MAIL_DIR    "store/mail"
#define KX_PUBLIC_DIR  "store/public"
#define KX_ARCHIVE_DIR "store/archive"
#define KX_TMP_DIR     "store/tmp"
#define KX_OPEN_DIR    "store/open" /* <domain>/<user>: this account has an index open for writing */
#define KX_PUBLIC      "#public"
#define KX_ARCHIVE     "#archive"

enum {
    KX_ACCOUNT_ID = 1,      /* the index of one account is a file of its own */
    KX_DIR_MAX = 3800,      /* bytes of a folder's directory, so that a file below fits PATH_MAX */
    KX_UID_RESERVE = 1000,  /* UIDs one write of #folder covers */
    KX_TOMBSTONES = 100000, /* kept per folder; pruned when a fifth more have gathered */
    KX_STORE_HOOKS = 2,     /* listeners */
    KX_OPEN_INDEXES = 1000, /* open at once */
    KX_IDLE_SECONDS = 30,   /* until index and folders nobody has open are closed */
    KX_IDLE_OPEN_SECONDS = 600, /* until the items of a folder somebody has open leave memory */
    KX_KEYWORD_SETS = 50000,    /* different sets in one folder */
    KX_ORPHAN_GAP = 64, /* missing UIDs after which no more unfinished deliveries are expected */
};
#define KX_CHANGED_MANY 0 /* in the log: more items than are worth a list */
#define KX_UID_MAX      G_GUINT64_CONSTANT(0xfffffff0)

/* ---- what the index keeps of account and folder besides items ---- */

typedef struct {
    guint64 modseq;       /* highest given out */
    guint64 swept;        /* files of items removed up to here are durably gone */
    guint32 next_folder;  /* id */
    guint32 uid_validity; /* highest given out */
    guint64 bytes;
    guint64 items;
} KxAccountMeta;

typedef struct {
    guint32 uid_validity;
    guint32 uid_next;
    guint32 uid_bound; /* #folder says so: UIDs below may be in use */
    guint32 messages, unseen, deleted;
    guint32 tombstones;
    guint64 size;
    guint64 highest_modseq;
    guint64 floor_modseq;   /* tombstones up to here may be missing */
    guint64 changed_modseq; /* of the last change or removal of an item */
} KxFolderMeta;

/* All that the index keeps of an item's content. */
typedef enum {
    KX_FACT_CACHE = 1 << 0,
    KX_FACT_SUMMARY = 1 << 1,
    KX_FACT_PREVIEW = 1 << 2,
    KX_FACT_ALL = KX_FACT_CACHE | KX_FACT_SUMMARY | KX_FACT_PREVIEW,
} KxFactKind;

typedef struct {
    KxItemCache cache;
    GBytes *summary; /* kx_summary_pack() */
    char *preview;   /* RFC 8970 */
} KxItemFacts;
void kx_item_facts_clear(KxItemFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxItemFacts, kx_item_facts_clear)

/* ---- items in memory ---- */

typedef struct KxWatch KxWatch;
typedef struct KxSortTable KxSortTable; /* sort-data.c */
void kx_sort_table_unref(KxSortTable *table);

typedef struct {
    guint32 uid;
    guint32 flags : 8;
    guint32 keywords : 24; /* number of a set in the folder's keyword table, 0 none */
    guint64 modseq;
    guint64 size;
    gint64 internal_date;
    gint64 save_date;
} KxEntry;

typedef struct {
    guint64 modseq;
    guint32 uid;
} KxLogEntry;

typedef struct {
    gboolean loaded;
    GPtrArray *names; /* char *, order of first use */
    guint n_saved;    /* so many are in the index */
    GPtrArray *sets;  /* KxKeywordSet *, [0] is NULL: the empty set */
    GHashTable *by_members;
} KxKeywordTable;

struct KxFolder {
    KxAccount *account;
    guint refs; /* all of the following under the state lock; written with the write lock held as
                   well */
    gboolean gone;
    KxFolder *parent;
    guint n_children;
    guint32 id;
    char *name, *path, *dir;
    KxFolderType type;
    guint special_use;
    KxAcl *acl;
    KxFolderMeta meta;

    guint32 recent_uid; /* items from here on were told to nobody; under the state lock alone */
    guint32 recent;
    gint64 used; /* monotonic microseconds */

    gboolean loaded; /* the next seven are there */
    KxEntry *entries;
    guint n, room;
    KxKeywordTable keywords;
    GArray *removed;       /* KxLogEntry, removals that not every view has taken over */
    GArray *changed;       /* KxLogEntry, latest flag changes; a UID may be KX_CHANGED_MANY */
    guint64 changed_floor; /* flag changes up to here may be missing in it */

    guint64 snapshot_modseq; /* of the file of items, snapshot-private.h; write lock alone */
    guint snapshot_items;    /* 0: there is none */

    KxSortTable *sort; /* a reference, or NULL */

    KxView *views;
    KxWatch *watches; /* watch_lock */
    gboolean queued;  /* watch_lock */
};

struct KxView {
    KxFolder *folder;
    KxView *next, *previous;
    guint32 uid_next;
    guint64 expunge_modseq;
    guint64 change_modseq;
    guint64 taken;   /* removals up to this modseq are in `pending` */
    GArray *pending; /* guint32 UIDs removed since expunge_modseq, ascending; known are those <
                        uid_next */
    GArray *recent;  /* KxUidRange claimed */
    GArray *own;     /* KxLogEntry: flag changes this session made itself */
    gboolean stale;  /* what it knew can no longer be told */
};

typedef struct {
    guint32 from, to; /* to is exclusive */
} KxUidRange;

typedef struct KxTicket KxTicket;
typedef struct KxRedo KxRedo; /* redo.c */
KxRedo *kx_redo_new(void);
void kx_redo_free(KxRedo *redo);

struct KxAccount {
    KxStore *store;
    KxAccountKind kind;
    char *name, *dir, *index;
    char *marker; /* of an index that is open for writing */

    guint refs;       /* store->lock */
    gboolean closing; /* store->lock */
    gint64 used;      /* atomic; monotonic microseconds */
    guint64 inode;    /* atomic; of the open index */
    int open;         /* atomic; the writer connection is there */
    int ready;        /* atomic; folders are in memory */

    pthread_mutex_t write_lock;
    KxDb *db;
    gboolean marked;     /* the marker of an open account is there */
    GHashTable *unswept; /* directories with files removed but not synced */
    guint64 sweep_to;
    KxRedo *redo; /* messages whose files are not durable yet; redo-private.h */

    pthread_mutex_t reader_lock;
    pthread_cond_t reader_cond;
    GPtrArray *readers; /* idle */
    guint busy_readers;
    gboolean readers_blocked;

    pthread_mutex_t state_lock;
    KxAccountMeta meta;
    GHashTable *by_path; /* owns; folders that are gone live until their last reference */
    GHashTable *by_id;
    GHashTable *subscriptions;
    gboolean recent_dirty;
    int n_loaded; /* atomic; folders with items in memory */

    pthread_mutex_t events_lock;
    GPtrArray *watches; /* KxAccountWatch */
    int n_watches;      /* atomic; their number */

    pthread_mutex_t queue_lock;
    KxTicket *queue_head, *queue_tail;
    gboolean leading;
};

struct KxStore {
    KxLogger *logger;
    KxStoreHooks hooks[KX_STORE_HOOKS];
    KxLimitsFunc limits;
    gpointer limits_data;
    pthread_mutex_t lock;
    pthread_cond_t closed;
    GHashTable *accounts;
    guint64 next_temp; /* atomic */
    int n_open;        /* atomic; indexes open */
    gint64 sort_bytes; /* atomic; of all KxSortTable */
    int max_open;
    guint snapshot_min; /* items of a folder that gets a snapshot */

    pthread_mutex_t watch_lock;
    pthread_cond_t watch_cond;
    GQueue watch_queue; /* KxFolder with a reference */
    KxWatch *watch_running;
    guint next_watch;
    gboolean stopping;
    pthread_t watcher;
    pthread_key_t actor; /* kx_store_act_for() */
};

/* ---- paths.c: names ---- */

/* NFC, INBOX in capitals, all limits checked: KX_ERR_INVALID, KX_ERR_TOO_BIG. */
char *kx_path_normalise(const char *path, GError **error);
char *kx_path_escape(const char *name);        /* directory name of one level */
char *kx_path_unescape(const char *directory); /* NULL if kx_path_escape() would not have made it */
int kx_path_compare(const char *a, const char *b); /* INBOX first, children after their parent */
char *kx_path_to_dir(KxAccount *account, const char *path);
char *kx_path_for_log(KxAccount *account, const char *path); /* ~user@domain/Folder (LOG-58) */

/* What an account is called and where it lies. */
typedef struct {
    KxAccountKind kind;
    char *name, *dir, *marker;
} KxPlace;
void kx_place_clear(KxPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxPlace, kx_place_clear)
gboolean kx_place_of_user(const char *domain, const char *user, KxPlace *ret_place, GError **error);
gboolean kx_place_of_public(const char *domain, KxPlace *ret_place, GError **error);
void kx_place_of_archive(KxPlace *ret_place);
gboolean kx_place_of_name(const char *name, KxPlace *ret_place,
                          GError **error); /* as kx_account_name() has it */
/* By the names of the directories of domain and user; a marker has the same. */
gboolean kx_place_of_directory(const char *directory, const char *file, KxPlace *ret_place);

/* ---- files.c: files and directories below the data directory ---- */

char *kx_message_file(const char *dir, guint32 uid);
guint32 kx_message_uid(const char *file_name); /* 0 if it is not one of ours */
char *kx_temp_name(KxStore *store);
/* Makes a file that is not there yet; FALSE: errno says why. */
typedef gboolean (*KxMakeFile)(const char *path, gpointer data);
/* Makes a file in the folder under its next free UID, which meta then passes. Write lock held. */
gboolean kx_make_message(KxFolder *folder, KxFolderMeta *meta, KxMakeFile make, gpointer data,
                         guint32 *ret_uid, GError **error);
/* The same by a hard link. KX_ERR_NOT_FOUND if `from` has vanished. */
gboolean kx_link_message(KxFolder *folder, KxFolderMeta *meta, const char *from, guint32 *ret_uid,
                         GError **error);
void kx_remove_tree(const char *path); /* what cannot be removed stays */
void kx_remove_content(const char *path);
void kx_bury(KxStore *store,
             const char *dir); /* removes a directory, in one step as seen from outside */
gboolean kx_sync_path(const char *path, GError **error); /* file or directory */

typedef struct {
    guint32 id, uid_validity, uid_bound;
    KxFolderType type;
    guint special_use;
    KxAcl *acl; /* a reference where it was read, borrowed where it is written */
} KxFolderFile;
void kx_folder_file_clear(KxFolderFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxFolderFile, kx_folder_file_clear)
gboolean kx_folder_file_write(const char *dir, const KxFolderFile *file, gboolean sync,
                              GError **error);
gboolean kx_folder_file_read(const char *dir, KxFolderFile *ret_file, GError **error);
/* What #folder says of a folder in memory; the write lock is held. */
KxFolderFile kx_folder_file_of(const KxFolder *folder);
/* Makes #folder cover meta->uid_next; the write lock is held. */
gboolean kx_folder_reserve_uid(KxFolder *folder, KxFolderMeta *meta, GError **error);

/* ---- index.c, index-facts.c: the statements ---- */

KxDb *kx_index_open(const char *path, KxDbFlags flags, GError **error);
KxStmt *kx_index_stmt(KxDb *db, const char *sql, GError **error); /* the first parameter is bound */
gboolean kx_index_read_account(KxDb *db, KxAccountMeta *ret_meta, GError **error);
gboolean kx_index_write_account(KxDb *db, const KxAccountMeta *meta, GError **error);
gboolean kx_index_add_folder(KxDb *db, const KxFolderFile *file, guint32 parent, const char *name,
                             const KxFolderMeta *meta, guint32 recent_uid, GError **error);
gboolean kx_index_write_folder(KxDb *db, guint32 id, const KxFolderMeta *meta, guint32 recent_uid,
                               GError **error);
gboolean kx_index_move_folder(KxDb *db, guint32 id, guint32 parent, const char *name,
                              GError **error);
gboolean kx_index_write_acl(KxDb *db, guint32 id, const KxAcl *acl, GError **error);
gboolean kx_index_remove_folder(KxDb *db, guint32 id, GError **error);
gboolean kx_index_set_removing(KxDb *db, guint32 id, const char *path, GError **error);
gboolean kx_index_read_removing(KxDb *db, guint32 *ret_id, char **ret_path, GError **error);
gboolean kx_index_add_item(KxDb *db, guint32 folder, const KxEntry *entry, GBytes *keywords,
                           GError **error);
gboolean kx_index_write_flags(KxDb *db, guint32 folder, const KxEntry *entry, GBytes *keywords,
                              GError **error);
/* Those from UID to UID, of which there are n. */
gboolean kx_index_remove_items(KxDb *db, guint32 folder, guint32 from, guint32 to, guint n,
                               guint64 modseq, GError **error);
gboolean kx_index_add_tombstone(KxDb *db, guint32 folder, guint32 uid, guint64 modseq,
                                GError **error);
gint64 kx_index_item_key(guint32 folder, guint32 uid);
gboolean kx_index_add_facts(KxDb *db, guint32 folder, guint32 uid, const KxItemFacts *facts,
                            GError **error); /* what is there of them, in place of the row */
gboolean kx_index_read_facts(KxDb *db, guint32 folder, guint32 uid, guint what,
                             KxItemFacts *ret_facts, GError **error); /* those that are NULL */
/* Of n UIDs from the first on, to as many others. */
gboolean kx_index_copy_facts(KxDb *db, guint32 folder, guint32 uid, guint n, guint32 to_folder,
                             guint32 to_uid, GError **error);
gboolean kx_index_read_uids(KxDb *db, guint32 folder, guint32 from, guint max, GArray *uids,
                            GError **error);
gboolean kx_index_add_keyword(KxDb *db, guint32 folder, guint number, const char *name,
                              GError **error);
gboolean kx_index_subscribe(KxDb *db, const char *path, gboolean on, GError **error);
void kx_index_read_item(KxStmt *stmt, KxEntry *ret_entry); /* but for keywords, column 6 */
extern const char KX_SQL_ITEMS[], KX_SQL_FOLDERS[], KX_SQL_KEYWORDS[], KX_SQL_TOMBSTONES[],
    KX_SQL_SUBSCRIPTIONS[];

/* ---- account.c, connection.c: opening and closing ---- */

KxAccount *kx_account_new(KxStore *store, const KxPlace *place);
void kx_account_free(KxAccount *account);
/* Folders into memory, index sound or rebuilt; without `create` only an account that is there. */
gboolean kx_account_open(KxAccount *account, gboolean create, GError **error);
gboolean kx_account_load(KxAccount *account, GError **error);      /* write lock held */
gboolean kx_account_connect(KxAccount *account, GError **error);   /* write lock held */
gboolean kx_account_disconnect(KxAccount *account, gboolean wait); /* write lock held */
gboolean kx_account_mark(KxAccount *account,
                         GError **error); /* write lock held; before the first change */
void kx_account_touch(KxAccount *account);
gboolean kx_account_create(KxAccount *account, GError **error);
gboolean kx_account_shut(KxAccount *account, gboolean wait); /* write lock held: a clean end */
void kx_store_arrived(KxAccount *account);                   /* items were added */
void kx_store_make_room(KxStore *store);                     /* for one more open index */
/* Closes what was not used since `before`, for folders somebody has open `before_open` (monotonic
 * time). */
void kx_store_close_idle(KxStore *store, gint64 before, gint64 before_open);

/* Work on the index with the write lock held. If it fails with KX_ERR_CORRUPT the index is rebuilt
 * and the work is done once more. */
typedef gboolean (*KxWork)(KxAccount *account, gpointer data, GError **error);
gboolean kx_account_write(KxAccount *account, KxWork work, gpointer data, GError **error);
typedef gboolean (*KxReadWork)(KxAccount *account, KxDb *db, gpointer data, GError **error);
gboolean kx_account_read(KxAccount *account, KxReadWork work, gpointer data, GError **error);

/* ---- txn.c ---- */

typedef struct {
    KxAccount *account;
    KxDb *db;
    KxAccountMeta meta;
    GPtrArray *folders; /* KxTxnFolder */
    gboolean begun;
} KxTxn;
gboolean kx_txn_begin(KxTxn *txn, KxAccount *account, GError **error); /* write lock held */
KxFolderMeta *kx_txn_folder(KxTxn *txn, KxFolder *folder); /* the values that will be committed */
gboolean kx_txn_commit(KxTxn *txn, GError **error);
/* May the account grow by so much more than the transaction says already? KX_ERR_OVERQUOTA. What
 * does not grow always may. */
gboolean kx_txn_admit(const KxTxn *txn, gint64 bytes, gint64 items, GError **error);
void kx_txn_publish(KxTxn *txn); /* state lock held */
void kx_txn_end(KxTxn *txn);     /* rolls back what was not committed */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxTxn, kx_txn_end)
gboolean kx_account_flush(KxAccount *account,
                          GError **error); /* what was left for the next commit */

/* ---- tree.c: folders in memory; state lock held ---- */

KxFolder *kx_tree_add(KxAccount *account, guint32 id, KxFolder *parent, const char *name);
void kx_tree_remove(KxAccount *account, KxFolder *folder);
void kx_tree_move(KxAccount *account, KxFolder *folder, KxFolder *parent, const char *name);
KxFolder *kx_tree_find(KxAccount *account, const char *path); /* path is normalised */
void kx_tree_set_acl(KxFolder *folder, KxAcl *acl);           /* takes a reference of its own */
void kx_tree_free_folder(KxFolder *folder);
GPtrArray *kx_tree_sorted(KxAccount *account); /* borrowed KxFolder */
KxFolder *kx_folder_ref_locked(KxFolder *folder);
gboolean kx_folder_check_new(KxAccount *account, const char *path,
                             GError **error); /* write lock held */
gboolean kx_folder_create_parents(KxAccount *account, const char *path,
                                  GError **error); /* the same */
gboolean kx_folder_clear_way(KxAccount *account, const char *dir, GError **error);
KxFolder *kx_folder_by_id(KxAccount *account,
                          guint32 id); /* a new reference, takes the lock itself */

/* ---- items.c: items in memory; state lock held ---- */

gboolean kx_folder_load(KxFolder *folder, GError **error); /* write lock held, state lock not */
gboolean kx_folder_load_keywords(KxFolder *folder, GError **error); /* the same */
void kx_folder_unload(KxFolder *folder);
/* Takes the state lock with the items there; FALSE (not locked) if they cannot be had. */
gboolean kx_folder_lock_loaded(KxFolder *folder, GError **error);
guint kx_items_lower(KxFolder *folder,
                     guint32 uid); /* index of the first item with at least this UID */
KxEntry *kx_items_find(KxFolder *folder, guint32 uid);
void kx_items_append(KxFolder *folder, const KxEntry *entry);
void kx_items_remove(KxFolder *folder, const guint32 *uids, guint n, guint64 modseq);
void kx_items_change(KxFolder *folder, GArray *results,
                     guint64 modseq); /* KxFlagsResult; write lock held as well */
void kx_item_from_entry(KxFolder *folder, const KxEntry *entry, KxItem *ret_item);
void kx_view_take_removed(KxView *view);

/* ---- keywords.c; state lock held for changes ---- */

void kx_keywords_init(KxKeywordTable *table);
void kx_keywords_clear(KxKeywordTable *table);
gboolean kx_keyword_is_valid(const char *keyword);
/* Number of the name; it is added if it is new. -1 if there are too many. */
int kx_keywords_number(KxKeywordTable *table, const char *name);
/* Number of the set of these keyword numbers (sorted, unique); -1 if there are too many sets. */
int kx_keywords_set(KxKeywordTable *table, const guint16 *members, guint n, gboolean limited);
int kx_keywords_set_from_bytes(KxKeywordTable *table, const void *bytes,
                               size_t len); /* -1 does not make sense */
int kx_keywords_apply(KxKeywordTable *table, int set, KxFlagsOp op, const char *const *names);
KxKeywords kx_keywords_names(KxKeywordTable *table, guint set);
GBytes *kx_keywords_bytes(KxKeywordTable *table, guint set); /* borrowed; NULL for the empty set */
gboolean kx_keywords_save(KxDb *db, KxFolder *folder,
                          GError **error); /* those the index does not have */

/* ---- parse.c, content-facts.c, watch.c, oplog.c ---- */

void kx_item_parse(const char *data, size_t len, KxItemFacts *ret_facts); /* all of them */
/* Like kx_folder_read_cache(); without `parse`, what the index lacks stays NULL. */
gboolean kx_folder_read_facts(KxFolder *folder, const guint32 *uids, guint n, guint what,
                              gboolean parse, KxItemFacts *facts, GError **error);
gboolean kx_watch_start(KxStore *store, GError **error);
void kx_watch_stop(KxStore *store);
/* The folder has changed: for those who watch it, and with `kinds` of messages for those who watch
 * the account. */
void kx_watch_signal(KxFolder *folder, guint kinds);

/* ---- account-watch.c ---- */

gconstpointer kx_watch_actor(KxStore *store);
gboolean kx_account_is_watched(KxAccount *account);
void kx_watch_post(KxAccount *account, const KxWatchEvent *event, gconstpointer who);
void kx_watch_post_name(KxAccount *account, KxWatchKinds kind, const char *path,
                        const char *old_path);
void kx_watch_overflow(KxAccount *account);

/* ---- metadata.c ---- */

gboolean kx_index_set_metadata(KxDb *db, guint32 folder, const char *owner, const char *name,
                               GBytes *value, GError **error); /* NULL removes */

/* {DELETE} and the like (LOG-52 to 57). A NULL actor is the system. */
void kx_oplog_delete_folder(KxAccount *account, const char *path);
void kx_oplog_move_folder(KxAccount *account, const KxActor *actor, const char *from,
                          const char *to, guint items);
void kx_oplog_debug(KxAccount *account, const char *path, const char *what); /* folder-operations */

/* ---- rebuild ---- */

/* The index is made anew from the files; what the old one, now index.bad, still says is taken over.
 * Write lock held. `report`: to the Error log, folder by folder (TRB-06). */
gboolean kx_account_rebuild(KxAccount *account, gboolean report, guint *ret_items, GError **error);
gboolean kx_account_quick_check(KxAccount *account,
                                GError **error); /* write lock held, index open */

/* ---- walk.c: what is on disk ---- */

typedef struct {
    char *dir, *path, *name;
    int parent; /* position in the array, -1 at the top */
    KxFolderFile file;
    gboolean has_file; /* #folder was there and made sense */
} KxFoundFolder;
GArray *kx_walk_folders(KxAccount *account); /* parents before children */

typedef struct {
    guint32 uid; /* 0: not named by the server */
    guint64 size;
    gint64 mtime;
    char *name; /* if not named by the server */
} KxFoundFile;
GArray *kx_walk_messages(const char *dir, KxFolderType type); /* by UID, then by time and name */
