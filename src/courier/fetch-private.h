/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with a mailbox elsewhere, in the courier. The protocol's part (fetch-pop3.c,
 * fetch-imap.c) is a table of functions; what both have in common, and the talk with the core, is
 * in fetch.c. A session belongs to its thread; everything waits, within the times of the task.
 *
 * Functions with an error return FALSE when the session cannot go on.
 */
#pragma once

#include "courier/fetch-parse.h"
#include "courier/mail-task.h"
#include "courier/scram-client.h"

/* A message of the mailbox. */
typedef struct {
    guint8 id[KX_FETCH_ID];
    guint8 choice; /* KxFetchChoice */
    guint64 size;
    guint64 number; /* by which the protocol asks for it; 0: there is none */
} KxFetchItem;

typedef struct KxFetch KxFetch;

typedef struct {
    const char *name;
    guint16 port, tls_port;
    gboolean (*sign_in)(KxFetch *fetch, GError **error); /* from the greeting on */
    gboolean (*count)(KxFetch *fetch, GError **error);   /* into `listed` */
    gboolean (*list)(KxFetch *fetch, GError **error);    /* into `items` */
    /* Sends the content to the core; ret_state and ret_text say how that went. */
    gboolean (*get)(KxFetch *fetch, const KxFetchItem *item, KxFetchContent *ret_state,
                    char **ret_text, GError **error);
    /* It has been taken and stays; it is to be deleted. `ret_done`: the server says so. */
    gboolean (*keep)(KxFetch *fetch, const KxFetchItem *item, GError **error);
    gboolean (*remove)(KxFetch *fetch, const KxFetchItem *item, gboolean *ret_done, GError **error);
    gboolean (*end)(KxFetch *fetch, GError **error); /* says goodbye, and that deletions count */
} KxFetchProtocolCalls;

struct KxFetch {
    const KxFetchProtocolCalls *protocol;
    const KxMailTools *tools;
    int channel; /* to the core */
    char *host, *login, *password, *folder;
    KxMsgFetchTask task; /* its numbers; the texts are above */
    gint64 deadline;     /* of the whole, monotonic */
    KxSmtpConn *conn;
    GArray *items; /* of KxFetchItem */
    guint listed, deleted;
    GString *piece;       /* content on its way to the core */
    guint64 sent;         /* bytes of it */
    char *buffer;         /* for what the core says */
    KxScramClient *scram; /* of a sign-in by it */

    /* POP3 */
    GString *greeting;
    GString *capabilities; /* upper-case, a line each, in the end an empty one */
    /* IMAP */
    guint tag;
    guint64 validity;
};

extern const KxFetchProtocolCalls kx_fetch_pop3, kx_fetch_imap;

/* ---- fetch-io.c ---- */

/* The next line, without its ending, which stays valid until the next call; or, when it has more
 * than KX_FETCH_LINE_MAX bytes, an error. */
enum { KX_FETCH_LINE_MAX = 16 * 1024 };
gboolean kx_fetch_read_line(KxFetch *fetch, GString *line, GError **error);
/* What has come, at least one byte; consume it with kx_smtp_conn_consume(). */
gboolean kx_fetch_read_some(KxFetch *fetch, KxSlice *ret_bytes, GError **error);
gboolean kx_fetch_say(KxFetch *fetch, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
gboolean kx_fetch_start_tls(KxFetch *fetch, GError **error);

/* More content for the core: what is in `piece`, which is empty afterwards. */
gboolean kx_fetch_send_piece(KxFetch *fetch, GError **error);
/* Whether content of a message that was said to have `size` bytes goes on too long. */
gboolean kx_fetch_is_endless(const KxFetch *fetch, guint64 size);

/* Adds a message by what the server calls it. FALSE: there is no room for more. */
gboolean kx_fetch_add_item(KxFetch *fetch, guint64 number, guint64 size, KxSlice name);
void kx_fetch_digest(KxSlice name, guint8 *ret_id);

static inline KxSlice kx_fetch_slice(const GString *text)
{
    return (KxSlice){text->str, text->len};
}

/* One line that shows what a server said. */
char *kx_fetch_quote(KxSlice text);

/* ---- fetch-auth.c ---- */

/* The name of the SASL mechanism (RFC 4422); NULL: it is none. */
const char *kx_fetch_mechanism(KxFetchAuth auth);
/* Steps that no mechanism has. */
enum { KX_FETCH_STEPS_MAX = 4 };
/* The answer to a challenge, both in base64; `step` counts from 0. "" is an empty answer. NULL: the
 * challenge makes no sense, and the sign-in is to be given up. */
char *kx_fetch_respond(KxFetch *fetch, KxFetchAuth auth, guint step, KxSlice challenge,
                       GError **error);
/* The server is content; it may have had to prove something too. */
gboolean kx_fetch_check_signed_in(const KxFetch *fetch, GError **error);
gboolean kx_fetch_fail_sign_in(KxSlice text, GError **error);
/* By what the server offers: `offers` says whether it does. */
KxFetchAuth kx_fetch_choose_auth(const KxFetch *fetch,
                                 gboolean (*offers)(const KxFetch *fetch, KxFetchAuth auth));
