/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the core's side. */
#pragma once

#include "base/lock.h"
#include "kerberos/kerberos.h"

struct KxKerberos {
    KxKerberosTell tell;
    gpointer data;
    KxMutex lock; /* of what follows */
    KxCond changed;
    int fd;          /* to the process; -1: there is none */
    gboolean wanted; /* the keeper was told */
    gboolean stopped;
    GArray *channels;  /* int: of questions under way */
    GHashTable *quiet; /* realm -> gint64 *, until when it is not asked */
};

/* A channel on which a question travels, or -1: the process cannot be had. Waits for it. Sends the
 * question with the other end. Give it back. */
int kx_kerberos_open(KxKerberos *kerberos, KxMessageType type, const void *question);
void kx_kerberos_close(KxKerberos *kerberos, int channel);
