/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching a policy (RFC 8461 section 3.3). */
#include "base/error.h"
#include "base/text.h"
#include "courier/sts-cache.h"
#include "courier/web.h"

G_STATIC_ASSERT((int)KX_STS_TEXT_MAX == (int)KX_WEB_BODY_MAX);

/* With parameters or without. */
static gboolean is_plain_text(const char *type)
{
    return type && kx_ascii_equal(type, strcspn(type, "; \t"), "text/plain");
}

static KxStsPolicy *read_answer(const KxWebAnswer *answer, GError **error)
{
    if (answer->code != 200) {
        kx_fail(error, KX_ERR_PROTOCOL, "the policy host answers with %u", answer->code);
        return NULL;
    }
    if (!is_plain_text(answer->type)) {
        kx_fail(error, KX_ERR_INVALID, "the policy is not text/plain");
        return NULL;
    }
    return kx_sts_policy_parse(answer->body->str, answer->body->len, error);
}

KxStsPolicy *kx_sts_fetch(KxResolver *resolver, SSL_CTX *tls, const char *domain, guint port,
                          GError **error)
{
    g_auto(KxWebAnswer) answer = {0};
    g_autofree char *url =
        g_strdup_printf("https://mta-sts.%s:%u/.well-known/mta-sts.txt", domain, port);
    return kx_web_ask(resolver, tls, &(KxWebRequest){.url = url}, &answer, error)
               ? read_answer(&answer, error)
               : NULL;
}
