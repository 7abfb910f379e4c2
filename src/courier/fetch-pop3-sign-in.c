/* SPDX-License-Identifier: Apache-2.0 */
/* From a POP3 server's greeting to being signed in: RFC 1939, STLS (2595), AUTH (5034). */
#include "base/error.h"
#include "courier/fetch-pop3-private.h"

static gboolean offers(const KxFetch *fetch, KxFetchAuth auth)
{
    KxSlice stamp;
    const char *mechanism = kx_fetch_mechanism(auth);
    if (auth == KX_FETCH_AUTH_APOP)
        return kx_pop3_timestamp(kx_fetch_slice(fetch->greeting), &stamp);
    return mechanism && kx_pop3_has_capability(fetch, "SASL", mechanism);
}

static gboolean expect_signed_in(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    return kx_pop3_read_reply(fetch, line, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || kx_fetch_fail_sign_in(text, error));
}

static gboolean auth_user(KxFetch *fetch, GError **error)
{
    return kx_fetch_say(fetch, error, "USER %s", fetch->login) && expect_signed_in(fetch, error) &&
           kx_fetch_say(fetch, error, "PASS %s", fetch->password) && expect_signed_in(fetch, error);
}

static gboolean auth_apop(KxFetch *fetch, GError **error)
{
    KxSlice stamp;
    if (!kx_pop3_timestamp(kx_fetch_slice(fetch->greeting), &stamp))
        return kx_fail(error, KX_ERR_DENIED, "the server does not offer APOP");
    g_autoptr(GString) text = g_string_new_len(stamp.data, (gssize)stamp.len);
    g_string_append(text, fetch->password);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text->str, -1);
    return kx_fetch_say(fetch, error, "APOP %s %s", fetch->login, digest) &&
           expect_signed_in(fetch, error);
}

static gboolean auth_sasl(KxFetch *fetch, KxFetchAuth auth, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    KxFetchReply reply;
    KxSlice text;
    if (!kx_fetch_say(fetch, error, "AUTH %s", kx_fetch_mechanism(auth)))
        return FALSE;
    for (guint step = 0; step < KX_FETCH_STEPS_MAX; step++) {
        if (!kx_pop3_read_reply(fetch, line, &reply, &text, error))
            return FALSE;
        if (reply == KX_REPLY_GOOD)
            return kx_fetch_check_signed_in(fetch, error);
        if (reply != KX_REPLY_GO_ON)
            return kx_fetch_fail_sign_in(text, error);
        g_autofree char *answer = kx_fetch_respond(fetch, auth, step, text, error);
        if (!answer || !kx_fetch_say(fetch, error, "%s", answer))
            return FALSE;
    }
    return kx_fail(error, KX_ERR_PROTOCOL, "the server does not come to an end of the sign-in");
}

static gboolean authenticate(KxFetch *fetch, GError **error)
{
    KxFetchAuth auth = kx_fetch_choose_auth(fetch, offers);
    if (auth == KX_FETCH_AUTH_APOP)
        return auth_apop(fetch, error);
    return auth == KX_FETCH_AUTH_USER ? auth_user(fetch, error) : auth_sasl(fetch, auth, error);
}

static gboolean greet(KxFetch *fetch, GError **error)
{
    KxFetchReply reply;
    KxSlice text;
    fetch->greeting = g_string_new(NULL);
    fetch->capabilities = g_string_new(NULL);
    return kx_pop3_read_reply(fetch, fetch->greeting, &reply, &text, error) &&
           (reply == KX_REPLY_GOOD || kx_pop3_fail("the connection", text, error)) &&
           kx_pop3_ask_capabilities(fetch, error);
}

/* What was said before TLS counts for nothing afterwards, the timestamp for APOP aside. */
gboolean kx_pop3_sign_in(KxFetch *fetch, GError **error)
{
    if (!greet(fetch, error))
        return FALSE;
    if (fetch->task.tls == KX_FETCH_STARTTLS &&
        (!kx_fetch_say(fetch, error, "STLS") || !kx_pop3_expect_good(fetch, "TLS", error) ||
         !kx_fetch_start_tls(fetch, error) || !kx_pop3_ask_capabilities(fetch, error)))
        return FALSE;
    return authenticate(fetch, error);
}
