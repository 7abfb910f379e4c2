/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to users about their quota (USR-30 to USR-32): when a share of a limit is reached that
 * the setting quota.warning-threshold gives, and when something was refused for want of room. Each
 * kind once in 24 hours at most; the time of the last one is that of a file in the account's
 * directory, so it survives restarts and goes with the account.
 *
 * Thread-safe. May be called for any account, as often as one likes.
 */
#pragma once

#include "directory/directory.h"
#include "flow/queue.h"
#include "store/store.h"

/* `refused`: something was not taken in since the last call. */
void kx_quota_notice(KxStore *store, KxDirectory *directory, KxQueue *queue, KxLogger *logger,
                     const char *account_name, gboolean refused);

/* How much of the limits is used, in whole percent of the fuller one; 0 without limits. */
guint kx_quota_percent(const KxUsage *usage, const KxLimits *limits);
