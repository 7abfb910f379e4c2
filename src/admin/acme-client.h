/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to an authority by ACME (RFC 8555): its directory, nonces, signed requests, the account.
 * The courier carries each request; nothing here touches the network. One thread for each client;
 * calls wait.
 */
#pragma once

#include <jansson.h>
#include <openssl/evp.h>

#include "flow/ask.h"

typedef struct KxAcmeClient KxAcmeClient;

typedef struct {
    guint code;        /* 200 to 299 */
    char *text;        /* the body */
    json_t *json;      /* the same, if it is JSON; else NULL */
    char *location;    /* or NULL */
    guint retry_after; /* seconds; 0: nothing said */
} KxAcmeAnswer;

void kx_acme_answer_clear(KxAcmeAnswer *answer);

/* Reads the directory. The key is the account's, borrowed. */
KxAcmeClient *kx_acme_client_new(KxAsks *asks, const char *directory, EVP_PKEY *key,
                                 GError **error);
void kx_acme_client_free(KxAcmeClient *client);

/* The text of that name in an answer, "" if there is none. */
const char *kx_acme_text(const json_t *object, const char *name);

/* Where the terms of service are, or NULL. */
const char *kx_acme_client_terms(const KxAcmeClient *client);

/* Finds the key's account, or makes it. `contact` may be "". */
gboolean kx_acme_client_sign_up(KxAcmeClient *client, const char *contact, gboolean agreed,
                                GError **error);

/* A signed request; `payload` NULL reads. What the authority refuses is an error with its own
 * words: KX_ERR_DENIED, or KX_ERR_BUSY if it is overloaded or wants to be left alone for a while.
 */
gboolean kx_acme_client_post(KxAcmeClient *client, const char *url, const json_t *payload,
                             KxAcmeAnswer *ret_answer, GError **error);

/* Begins an order for names. */
gboolean kx_acme_client_order(KxAcmeClient *client, const char *const *names,
                              KxAcmeAnswer *ret_answer, GError **error);

/* What is to be shown for a challenge's token (section 8.1); free it. */
char *kx_acme_client_authorization(KxAcmeClient *client, const char *token, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAcmeClient, kx_acme_client_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxAcmeAnswer, kx_acme_answer_clear)
