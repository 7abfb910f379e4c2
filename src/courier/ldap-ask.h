/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to LDAP servers (DIRECTORY_TASK in ipc/message-list.h): who is there, and whether a
 * password is somebody's. Each in a thread of its own, which sends what it finds to the core over
 * the question's channel as it comes, so that no answer is held in memory.
 *
 * Threads: all functions are for the thread of the event loop.
 */
#pragma once

#include "courier/crew.h"

typedef struct KxLdapPool KxLdapPool;

/* Hosts are found and certificates trusted as by the mail pool, which must outlive it. */
KxLdapPool *kx_ldap_pool_new(KxMailPool *mail);
/* FALSE: questions are still under way; the process is to end without freeing anything that they
 * work with. */
gboolean kx_ldap_pool_free(KxLdapPool *pool);

/* Takes the descriptor. */
void kx_ldap_pool_begin(KxLdapPool *pool, const KxMsgDirectoryTask *task, int channel);
