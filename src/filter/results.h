/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for what became of a check, and the field Authentication-Results in which they are told
 * (RFC 8601). All text comes out in ASCII, whatever went in.
 */
#pragma once

#include "mime/header.h"

typedef enum {
    KX_CHECK_NONE, /* there was nothing to check */
    KX_CHECK_PASS,
    KX_CHECK_FAIL,
    KX_CHECK_SOFTFAIL,
    KX_CHECK_NEUTRAL,
    KX_CHECK_POLICY, /* right, but not as it must be to count */
    KX_CHECK_TEMPERROR,
    KX_CHECK_PERMERROR,
    KX_CHECK_RESULTS,
} KxCheckResult;

const char *kx_check_word(KxCheckResult result);
/* KX_CHECK_NONE for words that are none. */
KxCheckResult kx_check_find(const char *word);

/* Begins the next result, "; spf=pass"; `reason` may be NULL. */
void kx_results_add(GString *out, const char *method, KxCheckResult result, const char *reason);
/* Adds " smtp.mailfrom=value" to it; nothing if the value is NULL or empty. */
void kx_results_property(GString *out, const char *name, const char *value);

/* The whole field with its line ending, or with another name and something in front that of ARC. */
char *kx_results_field(const char *authserv_id, const GString *results);

/* Whether it is a field of that name which speaks for the server `authserv_id`. */
gboolean kx_results_claims(const KxHeaderField *field, const char *authserv_id);
