/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of IMAP say to each other inside KX_MSG_COMMAND and KX_MSG_REPLY, and the
 * limits both keep.
 *
 * A command travels as one text: its line with the content of its literals in place, each line
 * ending in CRLF. A literal with a message that kx_imap_is_spooled() is spooled: the edge first
 * sends the text up to and including the literal's header (LITERAL); if the core answers CONTINUE,
 * the content follows as SPOOL messages; then comes the next LITERAL or the final COMMAND, each
 * time with the whole text, in which spooled literals have their header and nothing else. So a
 * literal's size and place alone tell where its bytes are.
 */
#pragma once

#include <glib.h>

#include "settings/sasl.h"

enum {
    KX_IMAP_TAG_MAX = 128,           /* bytes of a tag */
    KX_IMAP_LINE_MAX = 64 * 1024,    /* bytes of one line of a command */
    KX_IMAP_COMMAND_MAX = 96 * 1024, /* bytes of a command with its inline literals */
    KX_IMAP_INLINE_MAX = 16 * 1024,  /* bytes of a literal inside the text */
    KX_IMAP_INLINE_END =
        48 * 1024, /* bytes of a text after which messages are no longer put into it */
    KX_IMAP_EARLY_MAX = KX_SASL_LINE_MAX, /* bytes of a line or a whole command before sign-in */
};

/* Does a message of that size, whose literal's header ends so many bytes into the text, travel
 * beside it? */
static inline gboolean kx_imap_is_spooled(size_t before, guint64 size)
{
    return size > KX_IMAP_INLINE_MAX || before + size > KX_IMAP_INLINE_END;
}

/* KX_MSG_COMMAND.kind */
typedef enum {
    KX_IMAP_KIND_COMMAND,     /* a complete command */
    KX_IMAP_KIND_LITERAL,     /* the beginning of one: may this literal come? */
    KX_IMAP_KIND_ABORT,       /* forget what was spooled: the rest of the command was unusable */
    KX_IMAP_KIND_DONE,        /* the end of IDLE; data is the tag of the IDLE command */
    KX_IMAP_KIND_RESUME_IDLE, /* after a restart of the core: idle on */
    KX_IMAP_KIND_RESUME,      /* the same: notify on (NOTIFY) */
} KxImapKind;

/* KX_MSG_REPLY.code */
typedef enum {
    KX_IMAP_CODE_NONE,            /* nothing more than the output */
    KX_IMAP_CODE_CONTINUE,        /* to LITERAL: let it come */
    KX_IMAP_CODE_REFUSED,         /* to LITERAL: the command has been answered */
    KX_IMAP_CODE_IDLING,          /* the next line is DONE */
    KX_IMAP_CODE_DEFLATE,         /* compress from here on */
    KX_IMAP_CODE_UNAUTHENTICATED, /* nobody is signed in any more: forget the session */
    KX_IMAP_CODE_NOTIFYING,       /* the client wants to hear of changes at any time */
} KxImapCode;
