/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of attachments, for search. The work is done by processes of the convert role, which have
 * nothing but the content they are given; here is the core's side: it asks the keeper for such a
 * process when there is something to do, hands it one content after the other, and has it ended
 * when it is idle, has served for long enough, or has failed. At most KX_CONVERTERS_MAX run at a
 * time.
 *
 * Content on which a process died is remembered (by digest) and not tried again in this run.
 *
 * All functions may be called from any thread.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"
#include "log/log.h"

typedef struct KxConvert KxConvert;

/* Tells the keeper. Called with a lock held: must not call back. */
typedef void (*KxConvertTell)(gpointer data, guint index, KxConverterAction action);

KxConvert *kx_convert_new(KxLogger *logger, KxConvertTell tell, gpointer data);
/* Nobody may be in a call any more. */
void kx_convert_free(KxConvert *convert);

/* Everybody who waits, now and later, gets KX_ERR_BUSY. */
void kx_convert_stop(KxConvert *convert);

/*
 * The text of the content: valid UTF-8 of at most KX_CONVERT_TEXT_MAX bytes, free with g_free.
 * `type` is the declared one, with parameters; `file_name` may be NULL, and is written to the log
 * when the content breaks the process. Waits for a process and for its answer.
 *
 * KX_ERR_INVALID: there is no text in this type. KX_ERR_CORRUPT, KX_ERR_DENIED (encrypted),
 * KX_ERR_TOO_BIG: not this content, ever. KX_ERR_FAILED: its process died of it, or had to be
 * killed; not again in this run. KX_ERR_BUSY: too many wait, no process could be started, or we
 * stop; later perhaps.
 */
gboolean kx_convert_text(KxConvert *convert, const char *type, const char *file_name,
                         GBytes *content, char **ret_text, GError **error);

/* What the keeper says: a channel to a process that is ready (taken over); a process is no more. */
void kx_convert_ready(KxConvert *convert, guint index, int fd);
void kx_convert_ended(KxConvert *convert, guint index);

/* To be called about once a second: ends processes that have nothing to do. */
void kx_convert_tick(KxConvert *convert);

typedef struct {
    guint64 done;   /* contents whose text was found, or that have none */
    guint64 failed; /* contents that broke a process */
    guint waiting;  /* callers that wait for a process */
} KxConvertCounts;
KxConvertCounts kx_convert_counts(KxConvert *convert);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConvert, kx_convert_free)
