/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters. The core says when one is wanted, when it works and when it is to end; its end is
 * never an accident that calls for a new one. The clock for a conversion is kept here, where
 * neither hostile content nor a core that is busy can hold it up.
 */
#include <signal.h>

#include "convert/limits.h"
#include "server/keeper-private.h"

static void on_time_up(evutil_socket_t fd, short what, void *data)
{
    KxChild *child = data;
    if (child->pid > 0)
        kill(child->pid, SIGKILL);
}

/* The core hears of a failure as it would of an end. */
static void start(KxChild *child)
{
    g_autoptr(GError) error = NULL;
    child->wanted = FALSE;
    child->worked = FALSE;
    if (kx_child_try(child, &error))
        return;
    g_printerr("keryx: %s\n", error->message);
    kx_keeper_tell_state(child->keeper, child);
}

static void watch(KxChild *child)
{
    struct timeval limit = {KX_CONVERT_SECONDS, 0};
    if (!child->timer)
        child->timer = event_new(child->keeper->base, -1, 0, on_time_up, child);
    event_add(child->timer, &limit);
}

static void unwatch(KxChild *child)
{
    if (child->timer)
        event_del(child->timer);
}

void kx_keeper_converter(KxKeeper *keeper, const KxMsgConverter *message)
{
    if (message->index >= KX_CONVERTERS_MAX || keeper->stopping)
        return;
    KxChild *child = kx_keeper_child(keeper, KX_ROLE_CONVERT, message->index);
    switch (message->action) {
    case KX_CONVERTER_START:
        child->wanted = TRUE; /* one that is about to end first does so */
        if (child->pid == 0)
            start(child);
        break;
    case KX_CONVERTER_BUSY:
        watch(child);
        break;
    case KX_CONVERTER_IDLE:
        unwatch(child);
        break;
    case KX_CONVERTER_END:
        if (child->pid > 0)
            kill(child->pid, SIGKILL);
        break;
    default:
        break;
    }
}

void kx_keeper_converter_ended(KxChild *child, int status)
{
    KxKeeper *keeper = child->keeper;
    if (!child->worked && !keeper->stopping && !child->wanted)
        kx_child_report(child, status, "had not begun to work");
    unwatch(child);
    g_clear_pointer(&child->link, kx_link_free);
    child->state = KX_STATE_DOWN;
    child->pid = 0;
    if (child->wanted && !keeper->stopping)
        start(child); /* for a new core, which knows nothing of this one */
    else
        kx_keeper_tell_state(keeper, child);
}

void kx_keeper_end_converters(KxKeeper *keeper)
{
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++) {
        KxChild *child = kx_keeper_child(keeper, KX_ROLE_CONVERT, i);
        child->wanted = FALSE;
        if (child->pid > 0)
            kill(child->pid, SIGKILL);
    }
}
