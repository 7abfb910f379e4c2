/* SPDX-License-Identifier: Apache-2.0 */
/* A user's own password (HOST-24). It takes the present one rather than a session, for most users
 * have no rights to open one. */
#include <string.h>

#include "admin/api-private.h"
#include "base/error.h"

/* FALSE: the response says why not. */
static gboolean may_change(KxApi *api, const char *login, KxHttpResponse *response)
{
    KxDirectory *directory = api->core->directory;
    g_autoptr(KxUser) user = kx_user_get(directory, login, NULL);
    g_autoptr(KxDomain) domain = user ? kx_domain_get(directory, user->domain, NULL) : NULL;
    const char *against =
        !domain ? "The account is gone"
        : domain->password_change == KX_OVERRIDE_NO
            ? "Users of the domain cannot change their passwords themselves"
        : user->source != KX_SOURCE_INTERNAL
            ? "The password is in the directory of the domain: change it there"
        : user->authentication != KX_AUTHENTICATION_PASSWORD
            ? "The password is kept elsewhere, not by this server: change it there"
            : NULL;
    if (against)
        kx_http_response_problem(response, 403, against);
    return !against;
}

static void change(KxApi *api, const char *login, const char *password, KxHttpResponse *response)
{
    g_autoptr(GError) error = NULL;
    const KxField field = {"password", password};
    const KxChange change = {.verb = KX_CHANGE_SET,
                             .object = KX_OBJECT_USER,
                             .name = login,
                             .fields = &field,
                             .n_fields = 1};
    const KxAdmin self = {.name = login, .level = KX_LEVEL_FULL};
    if (kx_object_change(api->core->directory, &self, &change, 1, NULL, &error))
        response->status = 204;
    else
        kx_http_response_problem(
            response, g_error_matches(error, KX_ERROR, KX_ERR_INVALID) ? 400 : 500, error->message);
}

void kx_api_password_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    if (request->method != KX_HTTP_POST) {
        kx_http_response_methods(response, KX_HTTP_POST);
        return;
    }
    json_auto_t *body = kx_api_body(request, response);
    KxApiProof proof;
    const char *next = json_string_value(json_object_get(body, "new-password"));
    if (!body)
        return;
    if (!kx_api_proof_read(body, 3, &proof) || !next) {
        kx_http_response_problem(
            response, 400,
            "It takes \"user\", \"password\" and \"new-password\", all texts, and "
            "\"code\" of a second factor");
        return;
    }
    g_autofree char *login = kx_api_take_password(api, request, &proof, response);
    if (!login || !may_change(api, login, response))
        return;
    if (g_str_equal(proof.password, next))
        kx_http_response_problem(response, 400, "The new password is the old one");
    else
        change(api, login, next, response);
}
