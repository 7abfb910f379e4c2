/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message on its way to one next hop: what the core asked for and what became of it. A task is
 * worked on by one thread from the finding of a host to the last reply.
 */
#pragma once

#include "base/lock.h"
#include "courier/resolver.h"
#include "courier/smtp-conn.h"
#include "courier/sts-cache.h"
#include "courier/tls-note.h"
#include "ipc/message.h"

typedef struct {
    char *address;
    char *orcpt;
    guint notify; /* KxNotify */
    guint code;   /* of the reply; 0: there is none yet */
    char *status; /* "5.1.1 no such user" */
    guint peer;   /* KxPeerFlags */
} KxMailRecipient;

typedef struct {
    char *about, *text;
} KxMailLine;

typedef struct {
    guint32 number;
    KxMailAskKind kind;
    guint seconds;   /* most that any wait takes; 0: as long as RFC 5321 says */
    gint64 deadline; /* of a question about DNS, monotonic: no more is asked after that */
    char *id;        /* of the message */
    char *route;
    gboolean mx;
    guint port;
    KxMailTls tls;
    char *user, *password; /* "": no sign-in */
    char *pop3_host;       /* where that is done instead (SMTP-27), or "" */
    guint pop3_port;       /* 0: the usual one */
    char *source;          /* addresses to connect from, separated by a comma, or "" */
    char *from;
    guint flags; /* KxSmtpMailFlags */
    guint64 size, skip;
    GBytes *head; /* sent before the rest of the content */
    char *envid, *ret;
    gint64 deliver_by; /* Unix seconds; 0: not said (RFC 2852) */
    guint priority;    /* with KX_PRIORITY_BASE; 0: not said (RFC 6710) */
    int fd;
    gint cancelled;        /* atomic: nobody waits for it any more, so content is not begun */
    GPtrArray *recipients; /* of KxMailRecipient */

    KxMutex progress_lock; /* of what follows */
    guint phase, percent;  /* KxMailPhase; of the content */
    char *talks_to;        /* a host, or NULL */
    gboolean progressed;   /* since it was last asked */

    /* results */
    guint code; /* for recipients without one of their own */
    char *status;
    char *unsafe;    /* why the last host that did not protect the message enough did not; NULL: all
                        did, or it needs no more than usual */
    gboolean failed; /* some host failed otherwise */
    gboolean reached;
    gboolean needs_7bit; /* nothing was sent: the server takes no 8-bit content */
    gboolean committed;  /* content was begun: the server may have taken it, whatever it said */
    char *host, *ip, *protection;

    /* questions */
    GBytes *body; /* to be posted; NULL: nothing */
    char *body_type;
    char *ca;         /* who vouches for the web server (PEM); NULL: the usual */
    GPtrArray *lines; /* of KxMailLine: an explanation */
    GBytes *answer;   /* of a web server; NULL: none */

    /* reports of TLS (RFC 8460) */
    char *rua;               /* where the domain of the route wants them; NULL: nowhere */
    KxTlsResult sts_problem; /* why its policy could not be had */
    GPtrArray *notes;        /* of KxTlsNote */
} KxMailTask;

KxMailTask *kx_mail_task_new(guint32 number, const KxMsgMailTask *message, int fd); /* takes fd */
KxMailTask *kx_mail_task_new_question(guint32 number, const KxMsgMailAsk *message);
void kx_mail_task_add(KxMailTask *task, const KxMsgMailRecipient *message);
void kx_mail_task_set_body(KxMailTask *task, const KxMsgMailBody *message);
void kx_mail_task_set_trust(KxMailTask *task, const KxMsgMailTrust *message);
void kx_mail_task_free(KxMailTask *task);

/* Bytes that are sent. */
guint64 kx_mail_task_length(const KxMailTask *task);

/* How far it has come; `host` NULL: no word about that. */
void kx_mail_task_progress(KxMailTask *task, KxMailPhase phase, guint percent, const char *host);
/* The same in the form of a message, if it has changed since the last call; then `*ret_host` is to
 * be freed. */
gboolean kx_mail_task_news(KxMailTask *task, KxMsgMailProgress *ret_progress, char **ret_host);

/* What holds for all recipients that have no result of their own. */
void kx_mail_task_result(KxMailTask *task, guint code, const char *status);
/* The same for a host that does not give the protection that the sender requires with REQUIRETLS;
 * `status` begins with 5, as it is for good if no other host does (RFC 8689 section 4.2.1). */
void kx_mail_task_unsafe(KxMailTask *task, const char *status);
void kx_mail_task_settle_unsafe(KxMailTask *task); /* no host is left to be tried */
gboolean kx_mail_task_requires_tls(const KxMailTask *task);
/* Whether every recipient has its reply, or a new try elsewhere would be no use. */
gboolean kx_mail_task_is_settled(const KxMailTask *task);

/* ---- mail-session.c: a server that has greeted ---- */

typedef enum {
    KX_MAIL_HAS_PIPELINING = 1 << 0,
    KX_MAIL_HAS_8BITMIME = 1 << 1,
    KX_MAIL_HAS_SMTPUTF8 = 1 << 2,
    KX_MAIL_HAS_DSN = 1 << 3,
    KX_MAIL_HAS_SIZE = 1 << 4,
    KX_MAIL_HAS_STARTTLS = 1 << 5,
    KX_MAIL_HAS_CHUNKING = 1 << 6,
    KX_MAIL_HAS_BINARYMIME = 1 << 7,
    KX_MAIL_HAS_AUTH_PLAIN = 1 << 8,
    KX_MAIL_HAS_AUTH_LOGIN = 1 << 9,
    KX_MAIL_HAS_REQUIRETLS = 1 << 10,
    KX_MAIL_HAS_DELIVERBY = 1 << 11,
    KX_MAIL_HAS_PRIORITY = 1 << 12,
} KxMailFeatures;

typedef struct {
    KxSmtpConn *conn;
    char *host;
    guint features;
    guint64 size_max; /* 0: none said */
    gboolean used;    /* carried a message before: it may have been closed meanwhile */
} KxMailSession;

typedef struct KxPop3Before KxPop3Before;

/* What all tasks work with. */
typedef struct {
    KxResolver *resolver;
    SSL_CTX *tls;
    char *helo;
    gboolean dane;
    KxStsCache *sts; /* NULL: policies of MTA-STS do not count */
    guint sts_port;
    gboolean reports; /* connections are noted for those who want reports */
    KxPop3Before *pop3;
} KxMailTools;

/* ---- mail-guard.c: what has to protect the connection to a host ---- */

typedef struct {
    KxMailTls tls;
    char *host;      /* by which the server is known: SNI, and a name of its certificate */
    char *names[2];  /* more of these */
    GPtrArray *tlsa; /* KxTlsa; NULL: no DANE */
    gboolean broken; /* TLS was tried and did not come about */

    /* for reports */
    KxTlsPolicyType type;
    const KxStsPolicy *policy; /* borrowed; NULL: none */
    gboolean unnamed;          /* the policy does not name the host */
    gboolean tried;            /* whether there is TLS was seen */
    KxTlsResult result;        /* and what of it */
    char *ip, *source, *reason;
} KxMailGuard;

/* `secure` says whether DNSSEC vouches for the host being one of the task's. FALSE: nothing may be
 * sent to the host for now, and the task has the result. */
gboolean kx_mail_guard_find(const KxMailTools *tools, KxMailTask *task, const char *host,
                            const KxHostAnswer *answer, gboolean secure, const KxStsPolicy *policy,
                            KxMailGuard *ret_guard);
/* The policy of the task's domain, the caller's; NULL: there is none, or it does not matter. */
KxStsPolicy *kx_mail_guard_policy(const KxMailTools *tools, KxMailTask *task);
void kx_mail_guard_clear(KxMailGuard *guard);

/* Connects, greets, and protects the connection as the guard asks. NULL: the task has the result,
 * and another host may be tried. */
KxMailSession *kx_mail_session_open(const KxMailTools *tools, KxMailTask *task, const char *host,
                                    const KxHostAddress *address, KxMailGuard *guard);
void kx_mail_session_free(KxMailSession *session); /* says QUIT without waiting for the reply */

/* ---- mail-note.c: for reports of TLS ---- */

/* Finds out whether the task's connections are noted. */
void kx_mail_note_begin(const KxMailTools *tools, KxMailTask *task);
/* What became of TLS on a connection that the guard was for. */
void kx_mail_note(KxMailTask *task, const char *host, const KxMailGuard *guard);

/* ---- mail-pop3.c: signing in over POP3 before mail is sent (SMTP-27) ---- */

KxPop3Before *kx_pop3_before_new(void);
void kx_pop3_before_free(KxPop3Before *before);
/* Does it, if the task wants it and it was not done a moment ago. FALSE: the task has the result.
 * From any thread. */
gboolean kx_pop3_before_mail(const KxMailTools *tools, KxMailTask *task);

/* ---- mail-route.c ---- */

typedef struct {
    GPtrArray *names;          /* char *, in the order in which they are to be tried */
    gboolean secure;           /* DNSSEC vouches for these being the right ones */
    const KxStsPolicy *policy; /* of the domain; NULL: none */
} KxMailHosts;

/* FALSE: the task has its result. */
gboolean kx_mail_find_hosts(const KxMailTools *tools, KxMailTask *task, KxMailHosts *hosts);

/* Finds the hosts of the task's next hop and gives them the message, until one has answered for all
 * recipients. A session that can carry more is returned; it belongs to `route_key`. */
KxMailSession *kx_mail_deliver(const KxMailTools *tools, KxMailTask *task, KxMailSession *session);
/* Sessions of one key carry the same tasks. */
char *kx_mail_route_key(const KxMailTask *task);

/* ---- mail-say.c ---- */

gboolean kx_mail_say_mail(KxMailSession *session, const KxMailTask *task, GError **error);
gboolean kx_mail_say_rcpt(KxMailSession *session, const KxMailRecipient *recipient, GError **error);
/* Seconds until the message is late; only if it has a time for that. */
gint64 kx_mail_time_left(const KxMailTask *task);

/* ---- mail-send.c ---- */

/* One transaction. FALSE: the session is of no use any more. The task has its results, unless the
 * session was used before and turned out to be closed: then it has none. */
gboolean kx_mail_send(KxMailSession *session, KxMailTask *task);

/* ---- mail-ask.c ---- */

/* The same for questions to a server that has greeted. */
gboolean kx_mail_verify(KxMailSession *session, KxMailTask *task);
gboolean kx_mail_etrn(KxMailSession *session, KxMailTask *task);
/* Explains what becomes of mail that takes the task's route, in lines; nothing is sent. */
void kx_mail_explain(const KxMailTools *tools, KxMailTask *task);
/* Asks the web server that the task's recipient names, which is a URL. */
void kx_mail_web(const KxMailTools *tools, KxMailTask *task);
/* Posts the task's body to its recipients, which are URLs. */
void kx_mail_post(const KxMailTools *tools, KxMailTask *task);
/* Whether the domain that is the route has MX records or addresses. */
void kx_mail_ask_domain(const KxMailTools *tools, KxMailTask *task);
/* The TXT records of the recipients, which are names in DNS. */
void kx_mail_ask_texts(const KxMailTools *tools, KxMailTask *task);
/* Whether the client may send for the sender (courier/spf.h). */
void kx_mail_ask_spf(const KxMailTools *tools, KxMailTask *task);
/* Questions about the addresses of a host. TRUE: it was one. */
gboolean kx_mail_ask_address(KxMailTask *task, const KxHostAddress *address);

/* What both kinds share: a reply becomes the result of a recipient; the connection broke, always
 * FALSE. */
void kx_mail_settle(const KxMailSession *session, KxMailRecipient *recipient,
                    const KxSmtpReply *reply);
gboolean kx_mail_broke(KxMailSession *session, KxMailTask *task, const GError *error);
gboolean kx_mail_reset(KxMailSession *session, KxSmtpReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMailSession, kx_mail_session_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxMailGuard, kx_mail_guard_clear)
