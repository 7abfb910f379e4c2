/* SPDX-License-Identifier: Apache-2.0 */
/* What this folder takes from MIT's libgssapi_krb5 and libkrb5 (base/library.h). */
#pragma once

#include <gssapi/gssapi_ext.h>
#include <krb5.h>

#include "base/library.h"

/* clang-format off */
#define KX_LIBGSSAPI(F)                                                                            \
    F(gss_accept_sec_context) F(gss_acquire_cred) F(gss_delete_sec_context) F(gss_display_name)    \
    F(gss_display_status) F(gss_indicate_mechs) F(gss_release_buffer) F(gss_release_cred)          \
    F(gss_release_name) F(gss_release_oid_set) F(gss_set_neg_mechs) F(gss_unwrap) F(gss_wrap)
KX_LIBGSSAPI(KX_SYMBOL_DECLARE)

#define KX_LIBKRB5(F)                                                                              \
    F(krb5_build_principal) F(krb5_enctype_to_name) F(krb5_free_context) F(krb5_free_cred_contents) \
    F(krb5_free_default_realm) F(krb5_free_error_message) F(krb5_free_keytab_entry_contents)       \
    F(krb5_free_principal) F(krb5_free_unparsed_name) F(krb5_get_default_realm)                    \
    F(krb5_get_error_message) F(krb5_get_init_creds_opt_alloc) F(krb5_get_init_creds_opt_free)     \
    F(krb5_get_init_creds_opt_set_forwardable) F(krb5_get_init_creds_opt_set_proxiable)            \
    F(krb5_get_init_creds_opt_set_tkt_life) F(krb5_get_init_creds_password)                        \
    F(krb5_get_permitted_enctypes) F(krb5_free_enctypes) F(krb5_init_context)                      \
    F(krb5_init_creds_free) F(krb5_init_creds_init) F(krb5_kt_close)                               \
    F(krb5_kt_default) F(krb5_kt_default_name) F(krb5_kt_end_seq_get) F(krb5_kt_next_entry)        \
    F(krb5_kt_start_seq_get) F(krb5_unparse_name) F(krb5_verify_init_creds)                        \
    F(krb5_verify_init_creds_opt_init) F(krb5_verify_init_creds_opt_set_ap_req_nofail)
KX_LIBKRB5(KX_SYMBOL_DECLARE)
/* clang-format on */

/* All of them; only the first call does something. Before there are threads. */
gboolean kx_kerberos_open_libraries(GError **error);
