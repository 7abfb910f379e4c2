/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts as CSV (USR-51 to USR-55): Name, Password, FullName, MailAddress, Groups, Description,
 * and any other field by its name. What keryx user export writes keryx user import reads.
 */
#pragma once

#include "admin/cli-private.h"
#include "admin/csv.h"

/* The columns of a table. */
typedef struct {
    char separator;
    guint n;
    guint name;                           /* which column holds the name */
    const char *fields[KX_CSV_CELLS_MAX]; /* of the user; NULL: the name */
} KxUserColumns;

/* From the header. KX_ERR_INVALID says which of three things is wrong: not CSV, the header, the
 * separators. */
gboolean kx_user_columns(const char *header, KxUserColumns *ret_columns, GError **error);

/* One account to add. */
typedef struct {
    GPtrArray *cells;
    GPtrArray *texts; /* made of them */
    GArray *fields;   /* KxField, borrowed from both */
    char *login;      /* in its domain */
} KxUserRow;

/* NULL with KX_ERR_INVALID. */
KxUserRow *kx_user_row(const KxUserColumns *columns, const char *line, const char *domain,
                       GError **error);
void kx_user_row_free(KxUserRow *row);

/* ---- commands ---- */

json_t *kx_user_run_import(const KxCall *call, GError **error);
json_t *kx_user_run_export(const KxCall *call, GError **error);

/* The command line's part: reads and decodes the file, and sends it in pieces. */
int kx_user_import(const KxInvocation *invocation);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxUserRow, kx_user_row_free)
