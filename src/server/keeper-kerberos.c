/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process with the keys of the host. It is started when the core wants it, once, and again when
 * the core wants it again after it has ended.
 */
#include <signal.h>

#include "server/keeper-private.h"

static KxChild *child_of(KxKeeper *keeper)
{
    return kx_keeper_child(keeper, KX_ROLE_KERBEROS, 0);
}

static void start(KxChild *child)
{
    g_autoptr(GError) error = NULL;
    child->wanted = FALSE;
    if (kx_child_try(child, &error))
        return;
    g_printerr("keryx: %s\n", error->message);
    kx_keeper_tell_state(child->keeper, child);
}

void kx_keeper_kerberos(KxKeeper *keeper)
{
    KxChild *child = child_of(keeper);
    if (keeper->stopping)
        return;
    child->wanted = TRUE; /* if one is about to end, for a core that has ended */
    if (child->pid == 0)
        start(child);
}

void kx_keeper_kerberos_ended(KxChild *child, int status)
{
    KxKeeper *keeper = child->keeper;
    if (!keeper->stopping && status != 0 && !child->wanted)
        kx_child_report(child, status, "is started again when it is wanted");
    g_clear_pointer(&child->link, kx_link_free);
    child->state = KX_STATE_DOWN;
    child->pid = 0;
    if (child->wanted && !keeper->stopping)
        start(child);
    else
        kx_keeper_tell_state(keeper, child);
}

void kx_keeper_end_kerberos(KxKeeper *keeper)
{
    KxChild *child = child_of(keeper);
    child->wanted = FALSE;
    if (child->pid > 0)
        kill(child->pid, SIGKILL);
}
