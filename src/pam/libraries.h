/* SPDX-License-Identifier: Apache-2.0 */
/* What this folder takes from libpam (base/library.h). */
#pragma once

#include <security/pam_appl.h>

#include "base/library.h"

/* clang-format off */
#define KX_LIBPAM(F)                                                                               \
    F(pam_acct_mgmt) F(pam_authenticate) F(pam_end) F(pam_get_item) F(pam_set_item) F(pam_start)   \
    F(pam_strerror)
KX_LIBPAM(KX_SYMBOL_DECLARE)
/* clang-format on */

/* For the life of the process; only the first call does something. */
gboolean kx_pam_open_library(GError **error);
