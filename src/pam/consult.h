/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PAM says to a sign-in, in a process of its own that ends afterwards: modules may leave
 * behind what they like. Needs root for most of them. One thread.
 */
#pragma once

#include "pam/pam.h"

/* Waits for as long as modules do. `ret_text` is set, for the administrator; free it. */
KxPamState kx_pam_consult(const KxMsgPamCheck *question, char **ret_text);

/* What a result of PAM means: of pam_authenticate(), or with `account` of pam_acct_mgmt(). */
KxPamState kx_pam_state_of(int code, gboolean account);
