/* SPDX-License-Identifier: Apache-2.0 */
/* What this folder takes from libcurl, libldap with liblber, and libunbound (base/library.h). */
#pragma once

#include <curl/curl.h>
#include <ldap.h>
#include <openldap.h>
#include <unbound.h>

#include "base/library.h"

/* clang-format off */
#define KX_LIBCURL(F)                                                                              \
    F(curl_easy_cleanup) F(curl_easy_getinfo) F(curl_easy_init) F(curl_easy_perform)               \
    F(curl_easy_setopt) F(curl_easy_strerror) F(curl_free) F(curl_global_init)                     \
    F(curl_slist_append) F(curl_slist_free_all) F(curl_url) F(curl_url_cleanup) F(curl_url_get)    \
    F(curl_url_set)
KX_LIBCURL(KX_SYMBOL_DECLARE)

#define KX_LIBLDAP(F)                                                                              \
    F(ber_free) F(ber_memfree) F(ber_sockbuf_add_io) F(ber_sockbuf_ctrl) F(ldap_control_find)      \
    F(ldap_control_free) F(ldap_controls_free) F(ldap_create_page_control) F(ldap_err2string)      \
    F(ldap_extended_operation_s) F(ldap_first_attribute) F(ldap_get_dn) F(ldap_get_option)         \
    F(ldap_get_values_len) F(ldap_init_fd) F(ldap_memfree) F(ldap_msgfree) F(ldap_next_attribute)  \
    F(ldap_parse_pageresponse_control) F(ldap_parse_result) F(ldap_result) F(ldap_sasl_bind_s)     \
    F(ldap_search_ext) F(ldap_set_option) F(ldap_unbind_ext) F(ldap_value_free_len)
KX_LIBLDAP(KX_SYMBOL_DECLARE)

#define KX_LIBUNBOUND(F)                                                                           \
    F(ub_ctx_add_ta) F(ub_ctx_create) F(ub_ctx_delete) F(ub_ctx_set_fwd) F(ub_ctx_set_option)      \
    F(ub_ctx_zone_remove) F(ub_resolve) F(ub_resolve_free) F(ub_strerror)
KX_LIBUNBOUND(KX_SYMBOL_DECLARE)
/* clang-format on */

/* All of them; only the first call does something. Before there are threads. */
gboolean kx_courier_open_libraries(GError **error);
