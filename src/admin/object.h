/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about objects share: options made from directory/object-list.h, and mailboxes.
 */
#pragma once

#include "admin/command.h"

/* The options of a call as fields. The array borrows the texts; free it with g_free(). */
KxField *kx_call_fields(const KxCall *call, guint *ret_n);

/* The account of a user, but only if it has a directory: looking must not make one.
 * KX_ERR_NOT_FOUND. */
KxAccount *kx_call_account(const KxCall *call, const KxUser *user, GError **error);

/* An account that is there, by the name of a user or as kx_account_name() has it: public folders,
 * the archive, and mailboxes of users who are gone too. KX_ERR_NOT_FOUND. */
KxAccount *kx_call_any_account(const KxCall *call, const char *name, GError **error);

/* A list of texts; NULL counts as empty. */
json_t *kx_json_strings(char *const *texts);

/* For the options: one row of KX_FIELD becomes one KxOption. */
#define KX_OPTION_OF_kx_field_bool               KX_OPTION_TEXT, "yes|no"
#define KX_OPTION_OF_kx_field_text               KX_OPTION_TEXT, "TEXT"
#define KX_OPTION_OF_kx_field_domains            KX_OPTION_TEXT, "DOMAIN,..."
#define KX_OPTION_OF_kx_field_ip                 KX_OPTION_TEXT, "ADDRESS"
#define KX_OPTION_OF_kx_field_password           KX_OPTION_SECRET, "SECRET"
#define KX_OPTION_OF_kx_field_locals             KX_OPTION_TEXT, "NAME,..."
#define KX_OPTION_OF_kx_field_ranges             KX_OPTION_TEXT, "ENTRY,..."
#define KX_OPTION_OF_kx_field_size               KX_OPTION_TEXT, "SIZE"
#define KX_OPTION_OF_kx_field_count              KX_OPTION_TEXT, "NUMBER"
#define KX_FIELD_OPTION(name, normalise, manual) {name, KX_OPTION_OF_##normalise, manual},
