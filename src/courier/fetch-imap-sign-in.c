/* SPDX-License-Identifier: Apache-2.0 */
/* From an IMAP server's greeting to being signed in: RFC 3501. */
#include "base/error.h"
#include "courier/fetch-imap-private.h"

static gboolean offers(const KxFetch *fetch, KxFetchAuth auth)
{
    const char *mechanism = kx_fetch_mechanism(auth);
    g_autofree char *name = mechanism ? g_strconcat("AUTH=", mechanism, NULL) : NULL;
    return name && kx_imap_has_capability(fetch, name);
}

static gboolean auth_login(KxFetch *fetch, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *login = kx_imap_quote(fetch->login);
    g_autofree char *password = kx_imap_quote(fetch->password);
    gboolean good;
    if (!login || !password)
        return kx_fail(error, KX_ERR_INVALID, "the name or the password cannot be sent");
    g_autofree char *text = g_strdup_printf("LOGIN %s %s", login, password);
    gboolean ok = kx_imap_say(fetch, text, error) &&
                  kx_imap_read(fetch, line, NULL, NULL, &good, NULL, error) &&
                  (good || kx_fetch_fail_sign_in(kx_fetch_slice(line), error));
    explicit_bzero(text, strlen(text));
    return ok;
}

static gboolean auth_sasl(KxFetch *fetch, KxFetchAuth auth, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *text = g_strdup_printf("AUTHENTICATE %s", kx_fetch_mechanism(auth));
    if (!kx_imap_say(fetch, text, error))
        return FALSE;
    for (guint step = 0; step < KX_FETCH_STEPS_MAX; step++) {
        gboolean good = FALSE, more = FALSE;
        if (!kx_imap_read(fetch, line, NULL, NULL, &good, &more, error))
            return FALSE;
        if (!more)
            return good ? kx_fetch_check_signed_in(fetch, error)
                        : kx_fetch_fail_sign_in(kx_fetch_slice(line), error);
        size_t skip = MIN(line->len, (size_t)2);
        KxSlice challenge = {line->str + skip, line->len - skip};
        g_autofree char *answer = kx_fetch_respond(fetch, auth, step, challenge, error);
        if (!answer || !kx_fetch_say(fetch, error, "%s", answer))
            return FALSE;
    }
    return kx_fail(error, KX_ERR_PROTOCOL, "the server does not come to an end of the sign-in");
}

static gboolean authenticate(KxFetch *fetch, GError **error)
{
    KxFetchAuth auth = kx_fetch_choose_auth(fetch, offers);
    return auth == KX_FETCH_AUTH_USER ? auth_login(fetch, error) : auth_sasl(fetch, auth, error);
}

/* What was said before TLS counts for nothing afterwards; what a server can may be more after
 * sign-in. */
gboolean kx_imap_sign_in(KxFetch *fetch, GError **error)
{
    fetch->greeting = g_string_new(NULL);
    fetch->capabilities = g_string_new(NULL);
    if (!kx_fetch_read_line(fetch, fetch->greeting, error))
        return FALSE;
    if (!kx_fetch_has_word(kx_fetch_slice(fetch->greeting), 1, "OK"))
        return kx_imap_fail("the connection", kx_fetch_slice(fetch->greeting), error);
    if (fetch->task.tls == KX_FETCH_STARTTLS &&
        (!kx_imap_command(fetch, "STARTTLS", "TLS", NULL, NULL, error) ||
         !kx_fetch_start_tls(fetch, error)))
        return FALSE;
    return kx_imap_ask_capabilities(fetch, error) && authenticate(fetch, error) &&
           kx_imap_ask_capabilities(fetch, error);
}
