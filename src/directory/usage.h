/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many mailboxes each domain had at most, month by month in the server's time: what a provider
 * bills by (HOST-03). Every account counts, disabled ones too. Each account that comes or goes is
 * counted in the transaction of that change; kx_usage_note(), called now and then, gives months
 * without such changes their number. Months of domains that are gone stay.
 *
 * Threads: all functions from any thread. Figures are no configuration: no line in the Config log.
 */
#pragma once

#include "directory/directory.h"

enum { KX_USAGE_SECONDS = 3600 }; /* between two calls of kx_usage_note() */

typedef struct {
    char *month; /* "2026-11" */
    char *domain;
    guint64 mailboxes;
} KxDomainUsage;

/* The present number of all domains, for the month of that time. */
gboolean kx_usage_note(KxDirectory *directory, GDateTime *now, GError **error);

/* By month and domain, which may be NULL for all, as `from` and `to` may be; months are text as
 * above. Of KxDomainUsage; free with g_ptr_array_unref(). KX_ERR_INVALID, KX_ERR_FAILED. */
GPtrArray *kx_usage_list(KxDirectory *directory, const char *domain, const char *from,
                         const char *to, GError **error);
