/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the API. */
#pragma once

#include "admin/api.h"
#include "admin/command.h"
#include "directory/rights.h"

#define KX_API_PREFIX "/api/v1/"

/* ---- api-route.c ---- */

/* One command as a resource and a method. */
typedef struct {
    const KxCommand *command;
    KxHttpMethod method;
    char *path;      /* "users/{user}" */
    char **segments; /* "users", "{user}" */
    char **params;   /* names of the command's arguments, in order; those in the path come first */
    guint n_in_path;
    gboolean repeats; /* the last argument is a list */
    guint number;     /* of the routes of its command, from 0 */
} KxApiRoute;

GPtrArray *kx_api_routes_new(void); /* of KxApiRoute, in the order of the commands */

/* The route of a path; NULL if there is none, with all methods that the path knows (0: it does not
 * exist). Texts beat parameters: settings/schema is no setting. */
const KxApiRoute *kx_api_route_find(const GPtrArray *routes, char *const *segments,
                                    KxHttpMethod method, guint *ret_methods);

/* The route that shows what this one makes, or NULL. */
const KxApiRoute *kx_api_route_of_new(const GPtrArray *routes, const KxApiRoute *route);

/* The body is a JSON object with properties; otherwise parameters are in the query. */
gboolean kx_api_route_has_body(const KxApiRoute *route);

/* The route answers with a list, of which pages can be asked for. */
gboolean kx_api_route_lists(const KxApiRoute *route);

/* A parameter that picks from a list: "search" (only where the list is read), "sort", "offset" or
 * "limit". */
gboolean kx_api_route_pages_by(const KxApiRoute *route, const char *name);

/* The request has a CSV table as its body. */
gboolean kx_api_route_takes_table(const KxApiRoute *route);

/* ---- api-session.c ---- */

/* Who asks. */
typedef struct {
    char *login; /* NULL: nobody signed in */
    KxAdminRights rights;
    char *domain; /* his, if he administers it; or NULL */
    gboolean read_only;
    char *csrf; /* of a session; NULL for a token */
} KxApiActor;
void kx_api_actor_clear(KxApiActor *actor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxApiActor, kx_api_actor_clear)

typedef struct KxApiSessions KxApiSessions;
KxApiSessions *kx_api_sessions_new(KxDirectory *directory);
void kx_api_sessions_free(KxApiSessions *sessions);

/* A session of a user; the text is its cookie. ret_csrf is the caller's. */
char *kx_api_session_open(KxApiSessions *sessions, const char *login, char **ret_csrf);
/* Its login, NULL if there is no such session, or its time is over. */
char *kx_api_session_use(KxApiSessions *sessions, const char *cookie, char **ret_csrf);
void kx_api_session_end(KxApiSessions *sessions, const char *cookie);

/* ---- api-sign-in.c ---- */

typedef struct KxApiThrottle KxApiThrottle;
typedef struct KxApiCodes KxApiCodes;

#define KX_API_COOKIE "__Host-keryx-admin"

struct KxApi {
    KxCore *core;
    const KxServerHooks *server;
    GPtrArray *routes;
    KxApiSessions *sessions;
    KxApiThrottle *throttle;
    gint waiting; /* atomic: sign-ins that are asked about elsewhere */
    KxApiCodes *codes;
    GBytes *document; /* OpenAPI */
};

/* Workers serve everybody: no more than a few may wait for an answer from elsewhere. FALSE: enough
 * do. Either way kx_api_waited() follows. */
gboolean kx_api_may_wait(KxApi *api);
void kx_api_waited(KxApi *api);

/* The client is on this host. */
gboolean kx_api_is_here(const KxHttpRequest *request);

/* FALSE: the response says why not. */
gboolean kx_api_actor(KxApi *api, const KxHttpRequest *request, KxApiActor *ret_actor,
                      KxHttpResponse *response);

/* POST, GET and DELETE of "session". */
void kx_api_session_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response);

/* What somebody shows; `code` may be NULL. */
typedef struct {
    const char *name, *password, *code;
} KxApiProof;

/* Reads it from a body that has `n` texts beside the code. FALSE: one is absent, or there are
 * others. */
gboolean kx_api_proof_read(const json_t *body, guint n, KxApiProof *ret_proof);

/* The login of whose name, password and code these are; NULL: the response says why not, and it
 * counted as a sign-in that failed. */
char *kx_api_take_password(KxApi *api, const KxHttpRequest *request, const KxApiProof *proof,
                           KxHttpResponse *response);

/* ---- api-ticket.c ---- */

/* Tells a client that has shown nothing that it may show a ticket, if that is so. */
void kx_api_offer_ticket(KxApi *api, KxHttpResponse *response);
/* The one that a request shows, or NULL; of the request. */
const char *kx_api_ticket_of(const KxHttpRequest *request);
/* Whose it is; NULL: the response says why not. */
char *kx_api_take_ticket(KxApi *api, const KxHttpRequest *request, const char *ticket,
                         KxHttpResponse *response);

/* ---- api-code.c ---- */

KxApiCodes *kx_api_codes_new(void);
void kx_api_codes_free(KxApiCodes *codes);

/* Of a user who has a second factor; each code is taken once. */
gboolean kx_api_code_take(KxApiCodes *codes, const KxUser *user, const char *code);

/* ---- api-password.c ---- */

/* POST of "self/password". */
void kx_api_password_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response);

/* ---- api-request.c ---- */

/* The body as JSON, or an empty object if there is none. NULL: the response says why not. */
json_t *kx_api_body(const KxHttpRequest *request, KxHttpResponse *response);

/* What a client wants to see of a list. */
typedef struct {
    guint offset, limit;
    char *search;     /* or NULL */
    char *sort;       /* key, with "-" before it for the other direction; or NULL */
    const char *type; /* of the answer: "text/csv", "application/xml", or NULL for JSON */
} KxApiPage;
void kx_api_page_clear(KxApiPage *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxApiPage, kx_api_page_clear)

/* The request for kx_admin_run() that an HTTP request stands for. NULL: the response says why not.
 */
json_t *kx_api_command(const KxApiRoute *route, const KxApiActor *actor,
                       const KxHttpRequest *request, KxApiPage *ret_page, KxHttpResponse *response);

/* ---- api-answer.c ---- */

void kx_api_respond_json(KxHttpResponse *response, guint status, const json_t *json);

/* An answer of kx_admin_run() as a response. */
void kx_api_answer(KxApi *api, const KxHttpRequest *request, const KxApiRoute *route,
                   const KxApiPage *page, json_t *answer, KxHttpResponse *response);

/* The ETag of an answer to GET, and 304 if the client has it already (RFC 9110 section 13.1.2).
 * `tag` without quotes; NULL: one that is made of the body. */
void kx_api_tag(const KxHttpRequest *request, const char *tag, KxHttpResponse *response);

/* ---- api-throttle.c ---- */

/* Sign-ins that fail, by the address they come from (IPv6: its /64). */
KxApiThrottle *kx_api_throttle_new(void);
void kx_api_throttle_free(KxApiThrottle *throttle);

/* Seconds until that address may try again; 0: now. `max`: failures in a minute, 0 for any number.
 */
guint kx_api_throttle_check(KxApiThrottle *throttle, const char *ip, guint max);
void kx_api_throttle_failed(KxApiThrottle *throttle, const char *ip);

/* api-page.c: {"items", "total", "offset", "limit"} of a list, or of what is one page already
 * ({"items", "total"}). A new reference. */
json_t *kx_api_page_of(json_t *result, const KxApiPage *page);
