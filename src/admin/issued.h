/* SPDX-License-Identifier: Apache-2.0 */
/* What `keryx token` and `keryx user app-password` share: secrets that the server makes. */
#pragma once

#include "admin/command.h"
#include "directory/issued.h"

/* Makes one; `wish` has kind, name and user, the options --scopes and --expires say the rest.
 * `presets`: scopes without that option. The result has `key` with the name, and "secret". */
json_t *kx_issued_make(const KxCall *call, KxIssuedWish *wish, guint presets, const char *key,
                       GError **error);
/* Prints the secret alone. */
void kx_issued_show(const json_t *result, FILE *out);
/* Without what is secret; `user` as in kx_issued_list(). */
json_t *kx_issued_rows(const KxCall *call, KxIssuedKind kind, const char *user, const char *key,
                       GError **error);
/* And its sessions end. */
json_t *kx_issued_take(const KxCall *call, KxIssuedKind kind, const char *user, const char *name,
                       GError **error);

/* keryx user app-password */
json_t *kx_app_password_run_add(const KxCall *call, GError **error);
json_t *kx_app_password_run_list(const KxCall *call, GError **error);
json_t *kx_app_password_run_remove(const KxCall *call, GError **error);
