/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed messages between the roles. One table (ipc/message-list.h) declares every message, who may
 * send it to whom, and its fields; structs, packing and parsing come from it. A parsed message
 * points into the bytes it was parsed from. A reader refuses what is short, long, of unknown type,
 * from a role that may not send it, over a field's limit, or has a NUL in a text: the caller then
 * drops the peer.
 *
 * On the wire: type u16, 0 u16, session u32, then the fields in order; integers little-endian,
 * texts and blobs with a u32 length.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_ROLE_KEEPER = 1 << 0,
    KX_ROLE_EDGE = 1 << 1,
    KX_ROLE_CORE = 1 << 2,
    KX_ROLE_COURIER = 1 << 3,
    KX_ROLE_CONVERT = 1 << 4,
    KX_ROLE_KERBEROS = 1 << 5,
    KX_ROLE_PAM = 1 << 6, /* a service of its own, which the keeper does not start */
} KxRole;

const char *kx_role_name(KxRole role);

/* Bytes of no one's own; not NUL-terminated. */
typedef struct {
    const char *data;
    size_t len;
} KxSlice;
#define KX_SLICE_STR(text) ((KxSlice){(text), strlen(text)})

enum {
    KX_MESSAGE_MAX = 116 * 1024, /* bytes of a packed message */
    KX_CHUNK_MAX = 64 * 1024,    /* bytes of content or output put into one message */
    KX_MESSAGE_FDS = 1,
};

typedef enum {
#define KX_MESSAGE(NAME, Struct, from, to, files) KX_MSG_##NAME,
#include "ipc/message-list.h"
#undef KX_MESSAGE
    KX_MSG_COUNT
} KxMessageType;

#define KX_MEMBER_U32                  guint32
#define KX_MEMBER_U64                  guint64
#define KX_MEMBER_STR                  const char *
#define KX_MEMBER_BLOB                 KxSlice
#define KX_MEMBER(S, type, name, most) KX_MEMBER_##type name;
#define KX_MESSAGE(NAME, Struct, from, to, files)                                                  \
    typedef struct {                                                                               \
        KX_FIELDS_##NAME(KX_MEMBER, Struct) char end_[0];                                          \
    } Struct;
#include "ipc/message-list.h"
#undef KX_MESSAGE

typedef struct {
    KxMessageType type;
    guint32 session; /* 0: none */
    union {
#define KX_MESSAGE(NAME, Struct, from, to, files) Struct NAME;
#include "ipc/message-list.h"
#undef KX_MESSAGE
    };      /* message->COMMAND.kind */
    int fd; /* a descriptor that came along, or -1; the receiver owns it and sets it to -1 on taking
               it */
} KxMessage;

const char *kx_message_name(KxMessageType type);
guint kx_message_files(KxMessageType type);

/* Packs `body` (the struct of `type`); a NULL text packs as empty. Returns the length, or 0 if a
 * field is over its limit or the whole does not fit `room` (KX_MESSAGE_MAX always suffices when
 * limits are kept). */
size_t kx_message_pack(KxMessageType type, guint32 session, const void *body, char *out,
                       size_t room);

/* Texts in the result are NUL-terminated in place: `bytes` is changed and must stay while the
 * message is used, and have room for one more byte after len. */
gboolean kx_message_parse(char *bytes, size_t len, KxRole from, KxRole to, KxMessage *ret_message,
                          GError **error);

/* ---- words used in fields ---- */

enum { KX_CONVERTERS_MAX = 2 }; /* processes that convert at a time; their index */

typedef enum { KX_SESSION_NEW, KX_SESSION_RESUMED, KX_SESSION_REFUSED } KxSessionStart;
typedef enum { KX_SASL_CONTINUE, KX_SASL_OK, KX_SASL_FAILED, KX_SASL_BUSY } KxSaslStatus;
/* The logs a role without files may write to; the same numbers as KxLogId (checked in the core). */
enum {
    KX_EDGE_LOG_SECURITY = 2,
    KX_EDGE_LOG_WARNING = 3,
    KX_EDGE_LOG_ERROR = 5,
    KX_EDGE_LOG_DEBUG = 7
};

/* SYSLOG.transport: KxSyslogTransport of log/log.h, or */
enum { KX_SYSLOG_TO_JOURNAL = 3 };

/* A header before all else (PROXY protocol); the command XCLIENT of SMTP. */
typedef enum { KX_PROXY_HEADER, KX_PROXY_XCLIENT, KX_PROXY_KINDS } KxProxyKind;

/* GSSAPI of SASL (RFC 4752); GSS-SPNEGO of SASL; Negotiate of HTTP (RFC 4559); NTLM of SASL. */
typedef enum { KX_GSS_KERBEROS, KX_GSS_SPNEGO, KX_GSS_NEGOTIATE, KX_GSS_NTLM } KxGssMechanism;
typedef enum {
    KX_GSS_CONTINUE, /* the client answers the token */
    KX_GSS_DONE,
    KX_GSS_FAILED,
    KX_GSS_LATER, /* it cannot be said now */
} KxGssState;
typedef enum { KX_KERBEROS_GOOD, KX_KERBEROS_WRONG, KX_KERBEROS_UNREACHABLE } KxKerberosState;

/* What PAM says to a sign-in. */
typedef enum {
    KX_PAM_GOOD,
    KX_PAM_WRONG,
    KX_PAM_UNKNOWN,          /* it knows no such user */
    KX_PAM_EXPIRED,          /* the account */
    KX_PAM_PASSWORD_EXPIRED, /* the password, which is right */
    KX_PAM_DENIED,           /* the account may not, now or from there or at all */
    KX_PAM_REFUSED,          /* it was not asked: the helper does not ask about such */
    KX_PAM_UNREACHABLE,      /* it cannot be asked */
    KX_PAM_STATES,
} KxPamState;

typedef enum { KX_SECRET_TICKET_SEAL = 1, KX_SECRET_TLS_TICKETS = 2 } KxSecretPurpose;

typedef enum {
    KX_REPLY_PARTIAL =
        1 << 0, /* output goes on in the next message; the request is not answered yet */
    KX_REPLY_MORE =
        1 << 1, /* the request is not answered yet: send MORE when the client has read */
    KX_REPLY_CLOSE = 1 << 2, /* close when the output is sent */
    KX_REPLY_ASK = 1 << 3,   /* of PUSH: send DRAINED when the client has read it */
} KxReplyFlags;

typedef enum {
    KX_SMTP_8BITMIME = 1 << 0,
    KX_SMTP_BINARYMIME = 1 << 1,
    KX_SMTP_UTF8 = 1 << 2,
    KX_SMTP_EXTENDED = 1 << 3,     /* the client said EHLO, not HELO */
    KX_SMTP_REQUIRETLS = 1 << 4,   /* never without TLS that is verified (RFC 8689) */
    KX_SMTP_TLS_OPTIONAL = 1 << 5, /* rather without TLS than not at all: "TLS-Required: No" */
    KX_SMTP_CONVERTED = 1 << 6,    /* of a task: what can be is 7bit, the rest goes as it is */
    /* what becomes of it when it is late (RFC 2852) */
    KX_SMTP_BY_RETURN = 1 << 7, /* it goes back */
    KX_SMTP_BY_NOTIFY = 1 << 8, /* the sender is told */
    KX_SMTP_BY_TRACE = 1 << 9,  /* and also of each server that it is given to */
} KxSmtpMailFlags;

/* Of a message (RFC 6710); in messages and files KX_PRIORITY_BASE is added, so that 0 is none. */
enum { KX_PRIORITY_LEAST = -9, KX_PRIORITY_MOST = 9, KX_PRIORITY_BASE = 10 };

/* What the server that took a recipient knows. */
typedef enum {
    KX_PEER_DSN = 1 << 0,       /* it takes over reports of success (RFC 3461 section 5.2.1) */
    KX_PEER_DELIVERBY = 1 << 1, /* it knows when the message is late (RFC 2852) */
} KxPeerFlags;

typedef enum {
    KX_CONVERTER_START,
    KX_CONVERTER_BUSY,
    KX_CONVERTER_IDLE,
    KX_CONVERTER_END,
} KxConverterAction;
/* How a connection to another server is protected. */
typedef enum {
    KX_MAIL_TLS_NEVER,
    KX_MAIL_TLS_MAY,    /* if the server offers it, whoever it proves to be (RFC 7435) */
    KX_MAIL_TLS_MUST,   /* or the message waits; the certificate may be anybody's */
    KX_MAIL_TLS_VERIFY, /* or the message waits; the certificate must be the server's */
    KX_MAIL_TLS_WRAP,   /* as VERIFY, from the first byte on (RFC 8314) */
} KxMailTls;

/* The same to an LDAP server. */
typedef enum {
    KX_DIRECTORY_TLS, /* from the first byte on */
    KX_DIRECTORY_STARTTLS,
    KX_DIRECTORY_PLAIN,
} KxDirectoryTls;

/* How far a question for one has come. */
typedef enum {
    KX_DIRECTORY_GOOD,
    KX_DIRECTORY_UNREACHABLE, /* no server answers */
    KX_DIRECTORY_NO_TLS,      /* none has TLS that counts */
    KX_DIRECTORY_REFUSED,     /* it does not take the user and his password */
    KX_DIRECTORY_NO_BASE,     /* there is nothing of the name of the base */
    KX_DIRECTORY_TOO_MANY,    /* more entries fit than may */
    KX_DIRECTORY_NOT_ASKED,   /* nothing was sent: that is no fault of the directory */
    KX_DIRECTORY_FAILED,      /* anything else */
} KxDirectoryState;

/* What protects mail to a domain, and what became of a connection to one of its hosts (RFC 8460
 * section 4.3). Kept on disk: new ones come last. */
typedef enum { KX_TLS_NO_POLICY, KX_TLS_TLSA, KX_TLS_STS, KX_TLS_POLICIES } KxTlsPolicyType;
typedef enum {
    KX_TLS_GOOD,
    KX_TLS_NO_STARTTLS,
    KX_TLS_HOST_MISMATCH,
    KX_TLS_EXPIRED,
    KX_TLS_NOT_TRUSTED,
    KX_TLS_VALIDATION,     /* any other reason */
    KX_TLS_DNSSEC_INVALID, /* TLSA records could not be had, or not be believed */
    KX_TLS_STS_FETCH,
    KX_TLS_STS_INVALID,
    KX_TLS_STS_WEBPKI, /* the certificate of the policy host */
    KX_TLS_RESULTS,
} KxTlsResult;

/* The codes of a verdict about a connection, beside those of SMTP. */
enum {
    KX_SMTP_GREET = 220,
    KX_SMTP_GREET_LATER = 120, /* after smtp.greeting-delay, if the client is silent until then */
};

/* What a task of the courier is about. */
typedef enum {
    KX_MAIL_MESSAGE, /* no question: a message is delivered */
    KX_MAIL_VERIFY,  /* would the host take mail for these addresses? */
    KX_MAIL_ETRN,    /* let it send what it holds for these domains (RFC 1985) */
    KX_MAIL_HAS_IP,  /* are these addresses of its own? */
    KX_MAIL_CONNECT, /* does it accept a connection? */
    KX_MAIL_EXPLAIN, /* how would mail go to the host? Answered by MAIL_LINE */
    KX_MAIL_POST,    /* give MAIL_BODY to these URLs by HTTPS */
    KX_MAIL_DOMAIN,  /* is the domain in DNS? 250, 550, or 451: nobody can say */
    KX_MAIL_WEB,     /* ask the web server of that URL, with MAIL_BODY if there is one, as the user
                        (RFC 7617) if there is one. Answered by the status as the code, MAIL_LINE for
                        some fields, and MAIL_BODY */
    KX_MAIL_OCSP,    /* the same by HTTP: for what is signed (RFC 6960 appendix A) */
    KX_MAIL_TEXTS,   /* the TXT record of each of these names: 250 with it, 550: none, 451 */
    KX_MAIL_SPF,     /* may the host, an address, send for the first name, a sender? The second is
                        what it calls itself. Answered for the first by "pass", "fail", ... */
    KX_MAIL_KINDS,
} KxMailAskKind;

/* What is being done with a task. */
typedef enum {
    KX_MAIL_PHASE_WAITS, /* for a thread */
    KX_MAIL_PHASE_LOOKS_UP,
    KX_MAIL_PHASE_CONNECTS,
    KX_MAIL_PHASE_TALKS,
    KX_MAIL_PHASE_SENDS,
} KxMailPhase;

/* Programs that the keeper runs. */
typedef enum {
    KX_HOOK_LINE_UP,
    KX_HOOK_LINE_DOWN,
    KX_HOOK_DNS_ADD,    /* a TXT record that proves to an authority whose a name is (RFC 8555) */
    KX_HOOK_DNS_REMOVE, /* the same */
    KX_HOOK_COUNT
} KxHook;

typedef enum { KX_FETCH_POP3, KX_FETCH_IMAP } KxFetchProtocol;
typedef enum { KX_FETCH_TLS, KX_FETCH_STARTTLS, KX_FETCH_CLEAR } KxFetchTls;
typedef enum {
    KX_FETCH_AUTH_AUTO,
    KX_FETCH_AUTH_USER, /* USER and PASS; LOGIN in IMAP */
    KX_FETCH_AUTH_PLAIN,
    KX_FETCH_AUTH_LOGIN,
    KX_FETCH_AUTH_CRAM_MD5,
    KX_FETCH_AUTH_APOP,
    KX_FETCH_AUTH_XOAUTH2,
    KX_FETCH_AUTH_OAUTHBEARER,
    KX_FETCH_AUTH_SCRAM_SHA_1,
    KX_FETCH_AUTH_SCRAM_SHA_256,
} KxFetchAuth;

/* Of a message in a mailbox elsewhere. */
typedef enum { KX_FETCH_LEAVE, KX_FETCH_TAKE, KX_FETCH_DELETE } KxFetchChoice;
typedef enum {
    KX_FETCH_WHOLE,
    KX_FETCH_MISSING, /* the server does not give it */
    KX_FETCH_ENDLESS, /* it is larger than it may be */
} KxFetchContent;
enum {
    KX_FETCH_ID = 16,                /* bytes: a digest of what the server calls the message */
    KX_FETCH_ITEM = KX_FETCH_ID + 8, /* and its size, little-endian */
    KX_FETCH_ITEMS = 2000,           /* most in one FETCH_LIST */
    KX_FETCH_MESSAGES_MAX = 200000,  /* of one mailbox that are looked at */
};

typedef enum { KX_CONVERT_PIECE, KX_CONVERT_DONE, KX_CONVERT_FAILED } KxConvertState;

typedef enum { /* RFC 3461 section 4.1; 0 means not given */
               KX_NOTIFY_NEVER = 1 << 0,
               KX_NOTIFY_SUCCESS = 1 << 1,
               KX_NOTIFY_FAILURE = 1 << 2,
               KX_NOTIFY_DELAY = 1 << 3,
} KxNotify;
