/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core half of IMAP (RFC 9051, RFC 3501): what commands work with. One command, one file
 * (cmd-*.c); the table of commands is in commands.c.
 *
 * A command parses all its arguments first and does nothing before it knows they are good; then it
 * acts, writes its untagged responses, and ends by kx_imap_ok(), kx_imap_no() or kx_imap_bad(),
 * exactly once. These bring the client up to date (EXISTS, EXPUNGE, FETCH) as far as the command's
 * table flags allow, write the tagged line and answer the request. Long answers set a cursor on the
 * session instead, whose last step ends the command.
 */
#pragma once

#include "base/error.h"
#include "core/session.h"
#include "imap/parser.h"
#include "imap/seqset.h"
#include "imap/wire.h"
#include "mime/casemap.h"
#include "mime/crlf.h"
#include "store/incoming.h"
#include "store/view.h"

typedef enum {
    KX_IMAP_IN_AUTH = 1 << 0,     /* allowed when signed in, nothing selected */
    KX_IMAP_IN_SELECTED = 1 << 1, /* allowed with a folder selected */
    KX_IMAP_NO_EXPUNGE = 1 << 2,  /* no EXPUNGE may be sent during it (RFC 9051 section 7.5.1) */
    KX_IMAP_NO_SYNC = 1 << 3,     /* sends no unsolicited data at its end (SELECT, LOGOUT, ...) */
    KX_IMAP_WRITES = 1 << 4,      /* refused in a folder opened with EXAMINE */
    KX_IMAP_HAS_UID = 1 << 5,     /* exists with the UID prefix too */
    KX_IMAP_NO_NUMBERS = 1 << 6,  /* and has nothing to do with sequence numbers without it */
    KX_IMAP_TELLS = 1 << 10, /* what it does to the selected folder is told whatever NOTIFY says */
} KxImapCommandFlags;

typedef struct KxImap KxImap;
typedef struct KxImapMailbox KxImapMailbox;
typedef struct KxImapNotify KxImapNotify;
typedef void (*KxImapFunc)(KxImap *imap, KxImapParser *args);

typedef struct {
    const char *name; /* capitals */
    KxImapFunc func;
    guint flags;
    KxImapFunc literal; /* the text ends in a large literal's header: may it come? NULL: never */
} KxImapCommand;

/* Extensions switched on by ENABLE or by use. */
typedef enum {
    KX_IMAP_REV2 = 1 << 0,
    KX_IMAP_CONDSTORE = 1 << 1,
    KX_IMAP_UTF8 = 1 << 2,
    KX_IMAP_QRESYNC = 1 << 3,
    KX_IMAP_UIDONLY = 1 << 4,
    KX_IMAP_METADATA = 1 << 8,
} KxImapEnabled;

struct KxImap {
    KxSession *session;
    KxAccount *account;
    guint enabled; /* KxImapEnabled */
    /* the selected folder */
    KxView *view;            /* NULL if none is selected */
    KxImapMailbox *selected; /* as it was when it was selected */
    gboolean examined;       /* by EXAMINE */
    gboolean read_only;      /* for that, or for want of rights */
    guint watch; /* kx_folder_watch() id while its changes are told outside of commands, else 0 */
    gboolean idling;
    guint keywords_told; /* keywords of the folder the client has been told in FLAGS */
    gboolean compressed;
    gboolean ending;       /* BYE was said: close after the answer */
    KxCollation collation; /* the active comparator (RFC 5255) */
    GPtrArray *contexts;   /* searches whose changes are told (search-context.h), or NULL */
    char **lost_contexts;  /* tags of those that a restart of the core has ended, or NULL */
    struct KxImapNews
        *news;            /* changes of the folder on their way to the client (sync.c), or NULL */
    KxImapNotify *notify; /* what NOTIFY asked for (notify.h); NULL: never used */
    /* the command in progress */
    char *tag;
    const KxImapCommand *command;
    gboolean uid;          /* with the UID prefix */
    guint reply_code;      /* KxImapCode of its answer */
    gboolean removed;      /* it removed messages: its OK tells HIGHESTMODSEQ (RFC 7162 3.2.7) */
    guint32 limit_uid;     /* it did no more than imap.message-limit, down to here; 0: all of it */
    GPtrArray *spools;     /* KxIncoming * of large literals, in order */
    KxCrlf spool_crlf;     /* line endings of the one that is coming in */
    gboolean spool_binary; /* it is a literal8: line endings stay as they are */
    GError *spool_error;   /* it is useless already; told at the command's end */
    /* kept between commands by message commands; kx_imap_messages_reset() frees both */
    struct KxImapMessage *message; /* the one last read (fetch-message.h), or NULL */
    GArray *saved; /* UIDs that "$" stands for (RFC 5182), ascending; NULL means none */
};

/* `code` is a response code without brackets, or NULL. */
void kx_imap_ok(KxImap *imap, const char *code, const char *text);
void kx_imap_no(KxImap *imap, const char *code, const char *text);
void kx_imap_bad(KxImap *imap, const char *text);
void kx_imap_bad_code(KxImap *imap, const char *code, const char *text);
void kx_imap_no_error(KxImap *imap, const GError *error); /* NO with the response code that fits */
void kx_imap_end(KxImap *imap, guint reply_code); /* an answer without a tagged line (IDLE) */
gboolean kx_imap_check(
    KxImap *imap, KxImapParser *args); /* args read to the end without error? else BAD, FALSE */

/* The mailbox name that is all a command has; NULL: BAD was sent. The parser owns it. */
const char *kx_imap_mailbox_argument(KxImap *imap, KxImapParser *args);

/* Looks what changed in the selected folder, see KxChanges, and sends as much of it as the session
 * takes now. FALSE: there is more, for kx_imap_tell_news(). If the folder is gone, says BYE. */
gboolean kx_imap_sync(KxImap *imap, gboolean allow_expunge);

/* Goes on telling; TRUE if nothing is left. */
gboolean kx_imap_tell_news(KxImap *imap);
void kx_imap_drop_news(KxImap *imap);

/* What the client knows of the folder: the view without the news that are on their way. */
void kx_imap_save_view(KxImap *imap, KxViewState *ret_state);

/* A client with QRESYNC that keeps the highest modseq it has seen, `told`, must not pass over a
 * removal or a change that it is not told of yet: it is told how far it may count on what it knows.
 */
void kx_imap_cap_modseq(KxImap *imap, guint64 told);

/* EXPUNGE is VANISHED (RFC 7162 section 3.2.10, RFC 9586 section 3.4). */
gboolean kx_imap_tells_vanished(const KxImap *imap);

/* Sends FLAGS and PERMANENTFLAGS; with `news_only` if the folder got keywords the client has not
 * been told. */
void kx_imap_tell_flags(KxImap *imap, gboolean news_only);

/* Leaves the selected folder without removing anything. */
void kx_imap_deselect(KxImap *imap);

/* NO for a target that does not exist: with TRYCREATE (APPEND, COPY, MOVE). */
void kx_imap_no_target(KxImap *imap, const GError *error);

/* Mailbox names are UTF-8 on the wire, and quoted strings may be (RFC 9051 section 5.1, 4.3.1). */
gboolean kx_imap_is_utf8(const KxImap *imap);

/* Writing: strings as quoted or literal, whichever is legal; mailbox names as the client's mode
 * wants them. */
void kx_imap_write_string(KxImap *imap, const char *bytes, size_t len);
void kx_imap_write_mailbox(KxImap *imap, const char *path);
void kx_imap_append_mailbox(KxImap *imap, GString *out, const char *path);
void kx_imap_write_flags(KxImap *imap, const KxItem *item, gboolean recent); /* "(\Seen ...)" */

/* Flags of a STORE or APPEND: "(\Seen $Junk)" or, for STORE, without parentheses. \Recent is
 * refused. */
typedef struct {
    guint flags;
    GPtrArray *keywords; /* char *, NULL-terminated for the store's functions */
} KxImapFlags;
void kx_imap_flags_clear(KxImapFlags *flags);
gboolean kx_imap_parse_flags(KxImapParser *args, gboolean bare_allowed, KxImapFlags *ret);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxImapFlags, kx_imap_flags_clear)

/* messages.c: what the commands that work on messages share. */

/* The messages the command's sequence set means (imap->uid says which kind): their UIDs, ascending,
 * or their sequence numbers as KxSeqRange, ascending and apart. FALSE: BAD was sent. */
gboolean kx_imap_resolve(KxImap *imap, const KxSeqSet *set, GArray **ret_uids);
gboolean kx_imap_resolve_seqs(KxImap *imap, const KxSeqSet *set, GArray **ret_ranges);

/* Another folder is selected, none any more, or the session ends: forget what belonged to the last.
 */
void kx_imap_messages_reset(KxImap *imap);

/* A command that shows the client knows CONDSTORE (RFC 7162 section 3.1): from now on FETCH
 * responses carry MODSEQ. The first time, and with a folder selected, its HIGHESTMODSEQ is told. */
void kx_imap_use_condstore(KxImap *imap);

/* commands.c: reads tag and name, checks what the table asks, and runs the command, or its
 * `literal`. */
void kx_imap_run(KxImap *imap, const char *text, size_t len);
void kx_imap_run_literal(KxImap *imap, const char *text, size_t len);

/* append.c: content on its way in. */

/* A message not yet begun, and one that lies in memory; NULL with an error. */
KxIncoming *kx_imap_new_incoming(KxImap *imap, GError **error);
KxIncoming *kx_imap_take_bytes(KxImap *imap, KxSlice bytes, gboolean binary, GError **error);

/* A message with binary parts (RFC 3516) as one that any client can read. Takes `incoming`. */
KxIncoming *kx_imap_make_safe(KxImap *imap, KxIncoming *incoming, GError **error);

/* Makes room for a large literal and tells the edge to let it come, or answers NO. `binary`: line
 * endings stay as they are. */
void kx_imap_begin_spool(KxImap *imap, gboolean binary);
void kx_imap_spool(KxImap *imap, KxSlice data);
void kx_imap_drop_spools(KxImap *imap);

/* idle.c: what belongs to IDLE besides its command. */
void kx_imap_idle_done(KxImap *imap, KxSlice tag);
void kx_imap_idle_resume(KxImap *imap);
void kx_imap_idle_stop(KxImap *imap);

/* The selected folder is watched while the client is told its changes outside of commands: call
 * when that may have changed. */
void kx_imap_watch_selected(KxImap *imap);
void kx_imap_unwatch_selected(KxImap *imap); /* before it is left */

extern const KxHandler kx_imap_handler;

/* Each cmd-*.c. */
#define KX_IMAP_COMMAND(name) void kx_imap_cmd_##name(KxImap *imap, KxImapParser *args)
KX_IMAP_COMMAND(append);
KX_IMAP_COMMAND(append_literal);
KX_IMAP_COMMAND(cancelupdate);
KX_IMAP_COMMAND(capability);
KX_IMAP_COMMAND(check);
KX_IMAP_COMMAND(close);
KX_IMAP_COMMAND(comparator);
KX_IMAP_COMMAND(compress);
KX_IMAP_COMMAND(copy);
KX_IMAP_COMMAND(create);
KX_IMAP_COMMAND(delete);
KX_IMAP_COMMAND(deleteacl);
KX_IMAP_COMMAND(enable);
KX_IMAP_COMMAND(esearch);
KX_IMAP_COMMAND(examine);
KX_IMAP_COMMAND(expunge);
KX_IMAP_COMMAND(fetch);
KX_IMAP_COMMAND(getacl);
KX_IMAP_COMMAND(genurlauth);
KX_IMAP_COMMAND(getquota);
KX_IMAP_COMMAND(getquotaroot);
KX_IMAP_COMMAND(getmetadata);
KX_IMAP_COMMAND(id);
KX_IMAP_COMMAND(idle);
KX_IMAP_COMMAND(language);
KX_IMAP_COMMAND(list);
KX_IMAP_COMMAND(listrights);
KX_IMAP_COMMAND(logout);
KX_IMAP_COMMAND(lsub);
KX_IMAP_COMMAND(move);
KX_IMAP_COMMAND(myrights);
KX_IMAP_COMMAND(namespace);
KX_IMAP_COMMAND(noop);
KX_IMAP_COMMAND(notify);
KX_IMAP_COMMAND(rename);
KX_IMAP_COMMAND(replace);
KX_IMAP_COMMAND(replace_literal);
KX_IMAP_COMMAND(resetkey);
KX_IMAP_COMMAND(search);
KX_IMAP_COMMAND(select);
KX_IMAP_COMMAND(setquota);
KX_IMAP_COMMAND(sort);
KX_IMAP_COMMAND(setacl);
KX_IMAP_COMMAND(setmetadata);
KX_IMAP_COMMAND(setmetadata_literal);
KX_IMAP_COMMAND(status);
KX_IMAP_COMMAND(store);
KX_IMAP_COMMAND(subscribe);
KX_IMAP_COMMAND(uidbatches);
KX_IMAP_COMMAND(unauthenticate);
KX_IMAP_COMMAND(thread);
KX_IMAP_COMMAND(unselect);
KX_IMAP_COMMAND(unsubscribe);
KX_IMAP_COMMAND(urlfetch);
