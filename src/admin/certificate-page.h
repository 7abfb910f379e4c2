/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate in use for everybody to save and trust (CERT-19): /certificate.pem is it with its
 * chain, /certificate.crt in DER what stands last in the chain, which is the certificate itself if
 * it vouches for itself, and /certificate.mobileconfig that as a profile for devices of Apple
 * (CERT-22, CERT-23). Over TLS only; nobody has to sign in, as each handshake shows the same.
 */
#pragma once

#include "http/http.h"

/* Needs no data. */
extern const KxHttpApp kx_certificate_app;
