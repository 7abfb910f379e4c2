/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items of groupware folders: events, tasks, contacts, notes. Each is a message like any other,
 * with a part of its own kind (text/calendar, RFC 5545; text/vcard, RFC 6350), so that every
 * protocol finds it in #msgs and IMAP shows it as a message with an attachment (AMAIL-04). A note
 * is any message.
 *
 * Pure and thread-safe.
 */
#pragma once

#include "store/folder.h"

/* Can this message be an item of such a folder? */
gboolean kx_groupware_accepts(KxFolderType type, const char *data, size_t len);

/* Is a file of that name a bare item (.ics, .vcf) for such a folder? */
gboolean kx_groupware_is_bare(KxFolderType type, const char *name);

/* A bare item as a message; `from` is the address of the mailbox, `date` Unix seconds. */
GString *kx_groupware_wrap(KxFolderType type, const char *from, gint64 date, const char *data,
                           size_t len);
