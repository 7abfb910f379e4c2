/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administration API: the commands of admin/command.h as resources below /api/v1/ on the
 * service "admin". What there is, is said by the tables of commands (`api` of a command), and so
 * are the OpenAPI document (/api/v1/openapi.json, for everybody) and docs/api.md.
 *
 * Programs sign in with a token (directory/tokens.h), people with a session: POST session gives a
 * cookie, and a text that requests which change something must bring along in X-CSRF-Token.
 * Sessions are in memory; after a restart of the core one signs in again.
 */
#pragma once

#include "admin/admin.h"
#include "http/http.h"

typedef struct KxApi KxApi;

/* `server` stays until the API is freed. */
KxApi *kx_api_new(KxCore *core, const KxServerHooks *server);
void kx_api_free(KxApi *api);

/* Its data is a KxApi. */
extern const KxHttpApp kx_api_app;

/* The OpenAPI document (3.1). A new reference. */
json_t *kx_api_document(void);
