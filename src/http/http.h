/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core half of HTTP (RFC 9110): requests find their application by the beginning of their path.
 * An application is a handler that runs in a worker, may block, and fills in a response; framing,
 * caps, HEAD, long answers under the credit window and keep-alive are done here and in the edge.
 *
 * Threads: applications are added before the first request; handlers are called from several
 * threads at once.
 */
#pragma once

#include "core/session.h"

typedef enum {
    KX_HTTP_GET = 1 << 0, /* HEAD too: the handler sees GET */
    KX_HTTP_POST = 1 << 1,
    KX_HTTP_PUT = 1 << 2,
    KX_HTTP_PATCH = 1 << 3,
    KX_HTTP_DELETE = 1 << 4,
    KX_HTTP_OPTIONS = 1 << 5,
} KxHttpMethod;

const char *kx_http_method_name(KxHttpMethod method);

/* One request, complete with its body; borrowed by the handler. */
typedef struct {
    KxSession *session; /* who asks from where; HTTP signs in with each request anew, so it has no
                           user */
    KxHttpMethod method;
    char *path;   /* as it was sent, percent-encoded; begins with the application's prefix */
    char *query;  /* what followed "?", or "" */
    char *fields; /* "name" NUL "value" NUL for each; see kx_http_request_field() */
    size_t fields_len;
    gboolean has_body; /* there was one, maybe an empty one */
    const char *body;  /* NUL-terminated */
    size_t body_len;
} KxHttpRequest;

/* The first field of that name (given in lower case), or NULL. The value is bytes without control
 * characters, not always UTF-8. */
const char *kx_http_request_field(const KxHttpRequest *request, const char *name);

/* The value of a cookie (RFC 6265 section 5.4), new, or NULL. */
char *kx_http_request_cookie(const KxHttpRequest *request, const char *name);

/* The segments of a path after `prefix`, decoded: "/api/a/b%2Fc" is "a", "b/c". NULL: malformed. */
char **kx_http_path_segments(const char *path, const char *prefix);

/* The parameters of a query (application/x-www-form-urlencoded): name, value, name, value ... NULL:
 * malformed. */
char **kx_http_query_pairs(const char *query);

typedef struct {
    guint status;     /* 204 and 304 have no body */
    const char *type; /* of the body, static text */
    GString *fields;  /* further fields, "Name: value\r\n"; begins empty */
    GBytes *body;     /* NULL: empty */
    gboolean later;   /* hold it up for a moment: a sign-in failed */
} KxHttpResponse;

/* A field of the response. The value must not come from a client unless it was checked. */
void kx_http_response_field(KxHttpResponse *response, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* An error as JSON (RFC 9457). `detail` is a sentence for a person, UTF-8. */
void kx_http_response_problem(KxHttpResponse *response, guint status, const char *detail);

/* 405 with the methods that there are. */
void kx_http_response_methods(KxHttpResponse *response, guint methods);

/* The answer to OPTIONS. */
void kx_http_response_options(KxHttpResponse *response, guint methods);

typedef struct {
    const char *prefix; /* "/api/" */
    guint services;     /* 1 << KxServiceId for each on which it can be reached */
    guint methods;      /* KxHttpMethod that any of its resources knows */
    size_t body_max;    /* bytes */
    void (*handle)(gpointer data, const KxHttpRequest *request, KxHttpResponse *response);
} KxHttpApp;

/* The applications; KxCore.http. */
typedef struct KxHttp KxHttp;
KxHttp *kx_http_new(void);
void kx_http_free(KxHttp *http);
/* The first whose prefix fits is taken. `app` must stay. */
void kx_http_add(KxHttp *http, const KxHttpApp *app, gpointer data);

extern const KxHandler kx_http_handler;
