/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1.1 request: request line and header fields (RFC 9112 sections 2 to 6). What
 * two programs could read in two ways is refused (RFC 9112 section 11.2): bare CR and LF, folded
 * lines, spaces before a colon, several lengths, a length beside a transfer coding. Pure;
 * thread-safe.
 */
#pragma once

#include <glib.h>

enum {
    KX_HTTP_LINE_MAX = 8000,  /* bytes of the request line */
    KX_HTTP_HEAD_MAX = 40000, /* bytes of the whole head */
    KX_HTTP_FIELDS_MAX = 100, /* header fields */
    KX_HTTP_METHOD_MAX = 32,  /* bytes */
};

/* Why a request is refused: the status to answer, and a sentence for a person (static text without
 * quotes). Status 0: it is not. */
typedef struct {
    guint status;
    const char *why;
} KxHttpFault;

/* How far a head that is still arriving has been looked at; zero to begin with. */
typedef struct {
    size_t at;
    guint lines;
} KxHttpScan;

/* The length of the head with the empty line at its end; 0 if more must come, or with a fault. */
size_t kx_http_head_scan(const char *bytes, size_t len, KxHttpScan *scan, KxHttpFault *ret_fault);

typedef struct {
    char method[KX_HTTP_METHOD_MAX + 1];
    char *target; /* "/path?query", or "*"; never with a scheme */
    char *fields; /* "name" NUL "value" NUL for each field, names in lower case */
    size_t fields_len;
    gboolean http10;
    gboolean keep_alive; /* the client wants to go on with the connection */
    gboolean expect;     /* it waits for 100 (Continue) */
    gboolean chunked;
    gboolean has_length;
    guint64 length; /* 0 unless has_length */
} KxHttpHead;

/* Reads a head of this length, found by kx_http_head_scan(). FALSE with a fault; the head is then
 * empty, but for method and http10 as far as they were read. */
gboolean kx_http_head_parse(const char *bytes, size_t len, KxHttpHead *ret_head,
                            KxHttpFault *ret_fault);
void kx_http_head_clear(KxHttpHead *head);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxHttpHead, kx_http_head_clear)
