/* SPDX-License-Identifier: Apache-2.0 */
/* What templates for accounts are to other objects. All with `changing` held and the tables locked
 * for writing. */
#pragma once

#include "directory/object.h"

/* Gives a new user what its template says and the change does not. KX_ERR_NOT_FOUND: there is none
 * of that name; KX_ERR_INVALID: it is for another domain. */
gboolean kx_template_apply(KxDirectory *directory, KxObjectChange *change, GError **error);

/* The name of a template that is for that domain, or NULL. */
const char *kx_template_of_domain(KxDirectory *directory, const char *domain);

/* A group of that domain has the name `in` instead of `out`; NULL: it goes. */
void kx_templates_regroup(KxDirectory *directory, const char *domain, const char *out,
                          const char *in, GPtrArray *more);
