/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of net/conn.h about signing in, for connections without a socket: the settings decide,
 * but for policies and methods other than the usual ones. Included once, after struct KxConn;
 * `FAKE_LOOPBACK` says whether the client is on this host, `FAKE_BINDING` whether there is a
 * channel to bind to.
 */
#pragma once

#include "settings/sasl.h"

KxSignInRight kx_conn_may_sign_in(KxConn *conn, gboolean loopback)
{
    gboolean may = conn->secure || (loopback && FAKE_LOOPBACK(conn) &&
                                    kx_settings_bool(conn->settings, KX_SET_AUTH_CLEAR_LOOPBACK));
    return may ? KX_SIGN_IN_ANYHOW : KX_SIGN_IN_NO;
}

/* As a new server offers them: there are no tokens. */
static KxSaslOffer fake_offer(KxConn *conn, KxSignInRight right)
{
    static const char *const NONE[] = {NULL};
    static const char *const SOME[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", NULL};
    return (KxSaslOffer){right == KX_SIGN_IN_NO ? NONE : SOME, FAKE_BINDING(conn),
                         right == KX_SIGN_IN_ANYHOW};
}

char *kx_conn_mechanisms(KxConn *conn, KxSignInRight right, const char *before)
{
    KxSaslOffer offer = fake_offer(conn, right);
    return kx_sasl_names(&offer, before);
}

const char *kx_conn_find_mechanism(KxConn *conn, KxSignInRight right, const char *name, size_t len)
{
    KxSaslOffer offer = fake_offer(conn, right);
    const KxSaslMechanism *mechanism = kx_sasl_find(name, len);
    return mechanism && kx_sasl_is_offered(&offer, mechanism) ? mechanism->name : NULL;
}

void kx_conn_request_sasl(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data)
{
    kx_conn_request(conn, KX_MSG_SASL,
                    &(KxMsgSasl){.mechanism = mechanism, .initial = initial, .data = data});
}
