/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form in which texts are compared by SEARCH: case folding and compatibility decomposition (in
 * the spirit of i;unicode-casemap, RFC 5051), applied to what is sought and to what is searched.
 *
 * A message's text comes as units: a header field, a part's content, a text. A match never reaches
 * over the end of a unit. Units come in pieces, so that memory stays bounded; who searches a
 * message and who indexes it see the same pieces, which is why the index cannot miss what a search
 * finds. That holds for KX_COLLATION_UNICODE; another collation folds as mime/casemap.h says.
 * Thread-safe.
 */
#pragma once

#include "mime/casemap.h"
#include "mime/part.h"

/* A piece of folded text; with `end` the last one of its unit (it may be empty). TRUE: enough. */
typedef gboolean (*KxTextTake)(gpointer data, const char *folded, size_t len, gboolean end);

/* All of a text at once; bytes that are not UTF-8 are replaced. Free with g_free. */
char *kx_fold(KxCollation collation, const char *text, size_t len, size_t *ret_len);

/* The text as one unit; the message's own header, a unit for each field as "Name: value"; what
 * BODY searches: text parts, and the headers of enclosed messages. They return whether `take` had
 * enough. */
gboolean kx_fold_text(KxCollation collation, const char *text, size_t len, KxTextTake take,
                      gpointer data);
gboolean kx_fold_header(KxCollation collation, const KxMimeMessage *message, KxTextTake take,
                        gpointer data);
gboolean kx_fold_body(KxCollation collation, const KxMimeMessage *message, KxTextTake take,
                      gpointer data);

/* The next character of folded text without what people leave out when they type: combining marks
 * are passed over, letters with a stroke and the like become plain ones. 0 at the end. Each
 * character is mapped alone, so that a part of a text stays a part of it. */
gunichar kx_fold_next_loose(const char **at, const char *end);
