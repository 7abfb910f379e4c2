/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the core half. */
#pragma once

#include "base/buf.h"
#include "http/http.h"

/* A request that is being received, worked on, or held up. */
typedef struct {
    KxHttpRequest request;
    const KxHttpApp *app; /* NULL: none, and the response says so */
    gpointer app_data;
    guint flags;   /* KxHttpRequestFlags of its first message */
    gboolean head; /* answer without the body */
    KxBuf body;
    KxHttpResponse response;
} KxHttpExchange;

/* request.c: takes over what the edge says. NULL: the edge breaks the rules. */
KxHttpExchange *kx_http_exchange_new(KxSession *session, const KxMsgHttpRequest *message);
void kx_http_exchange_free(KxHttpExchange *exchange);

/* response.c: writes the response and ends the request. The exchange is taken. */
void kx_http_exchange_answer(KxSession *session, KxHttpExchange *exchange);
