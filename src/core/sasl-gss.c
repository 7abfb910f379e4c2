/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GSSAPI (RFC 4752), GSS-SPNEGO and NTLM: the client shows tokens that only the process with the
 * keys of the host can read (kerberos/kerberos.h); who it is comes from there. Tickets are not
 * guessed, so what is wrong with one counts for no lockout. Behind NTLM stands a password: that
 * counts, for the address, as nobody can tell whose it was.
 */
#include "core/sasl-private.h"
#include "directory/auth-ticket.h"

/* Of this exchange. */
typedef struct {
    KxGssExchange *exchange;
    KxGssAnswer answer; /* the last */
    GBytes *given;      /* that is to be asked about */
    gboolean guessed;   /* a password may stand behind it */
} Gss;

static void gss_free(gpointer data)
{
    Gss *gss = data;
    kx_gss_exchange_free(gss->exchange);
    kx_gss_answer_clear(&gss->answer);
    g_clear_pointer(&gss->given, g_bytes_unref);
    g_free(gss);
}

static gboolean allows_ntlm(KxSession *session)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    const char *const *methods = kx_settings_list(settings, KX_SET_AUTH_METHODS);
    return methods != NULL && g_strv_contains(methods, "NTLM");
}

static void begin(KxSession *session, KxSasl *sasl, KxGssMechanism mechanism)
{
    Gss *gss = g_new0(Gss, 1);
    gboolean ntlm = mechanism != KX_GSS_KERBEROS && allows_ntlm(session);
    gss->exchange = kx_gss_exchange_new(kx_session_core(session)->kerberos, mechanism, ntlm);
    gss->guessed = ntlm;
    sasl->uncounted = !ntlm;
    sasl->state = gss;
    sasl->state_free = gss_free;
    sasl->name = g_strdup_printf("[%s]", session->remote_ip); /* until it is known */
    sasl->lane = g_strdup("tickets");
}

static KxSaslNext respond(KxSession *session, KxSasl *sasl, KxSlice response,
                          KxGssMechanism mechanism)
{
    if (!sasl->state)
        begin(session, sasl, mechanism);
    Gss *gss = sasl->state;
    g_clear_pointer(&gss->given, g_bytes_unref);
    gss->given = g_bytes_new(response.data, response.len);
    return KX_SASL_NEXT_ASK;
}

KxSaslNext kx_sasl_gssapi(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return respond(session, sasl, response, KX_GSS_KERBEROS);
}

KxSaslNext kx_sasl_gss_spnego(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return respond(session, sasl, response, KX_GSS_SPNEGO);
}

KxSaslNext kx_sasl_ntlm(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return respond(session, sasl, response, KX_GSS_NTLM);
}

/* ---- what the process says ---- */

static KxSaslNext let_in(KxSession *session, KxSasl *sasl, const KxGssAnswer *answer)
{
    KxAuthResult result =
        kx_auth_ticket(kx_session_core(session)->directory, answer->name, answer->authzid,
                       session->local_ip, &sasl->user, &sasl->reason);
    g_free(sasl->name);
    sasl->name = sasl->user ? g_strdup_printf("%s@%s", sasl->user->name, sasl->user->domain)
                            : g_strdup(answer->name);
    if (result == KX_AUTH_BUSY)
        return KX_SASL_NEXT_LATER;
    if (!sasl->uncounted && kx_sasl_is_locked(session, sasl)) /* now that it is known who it is */
        return KX_SASL_NEXT_REFUSE;
    return result == KX_AUTH_OK ? KX_SASL_NEXT_ACCEPT : KX_SASL_NEXT_REFUSE;
}

KxSaslNext kx_sasl_ask_gss(KxSession *session, KxSasl *sasl)
{
    Gss *gss = sasl->state;
    size_t len;
    const char *given = g_bytes_get_data(gss->given, &len);
    kx_gss_answer_clear(&gss->answer);
    kx_gss_exchange_step(gss->exchange, (KxSlice){given, len}, &gss->answer);
    sasl->reason = gss->answer.text;
    sasl->uncounted = !gss->guessed;
    switch (gss->answer.state) {
    case KX_GSS_CONTINUE:
        sasl->token = g_steal_pointer(&gss->answer.token);
        return KX_SASL_NEXT_CONTINUE;
    case KX_GSS_DONE:
        sasl->reason = NULL;
        return let_in(session, sasl, &gss->answer);
    case KX_GSS_LATER:
        return KX_SASL_NEXT_LATER;
    case KX_GSS_FAILED:
        break;
    }
    return KX_SASL_NEXT_REFUSE;
}
