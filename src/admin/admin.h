/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administration: every `keryx ...` command but setup, serve, run as a role and stop. A command is
 * a function on the core's objects that takes words and options and returns JSON; one table
 * (admin/commands.c) lists them with their manual text. The same table serves the command line
 * through the control socket, the command line without a running server (it then opens the data
 * directory itself), and the API over HTTPS (admin/api.h).
 *
 * One request and one answer are a line of JSON each:
 *   {"words": ["user", "add", "wsmith@company.test"], "options": {"password": "..."}}
 *   {"ok": true, "result": ...}   or   {"ok": false, "error": "...", "code": "not-found"}
 */
#pragma once

#include <jansson.h>

#include "core/core.h"
#include "ipc/service.h"

typedef enum { KX_SERVICE_START, KX_SERVICE_STOP, KX_SERVICE_RESTART } KxServiceAction;

typedef struct KxRenewal KxRenewal;

/* What only a running server can do; NULL functions mean there is none. */
typedef struct {
    json_t *(*status)(
        gpointer data); /* {"roles": [...], "services": [...], "connections": [...]} */
    gboolean (*service)(gpointer data, KxServiceId service, KxServiceAction action, GError **error);
    void (*certificates_changed)(gpointer data);
    void (*access_changed)(gpointer data); /* an IP address group changed */
    void (*end_sessions)(gpointer data);   /* those whose account is removed or disabled, soon */
    /* The process is one of our own that may connect to sockets: it administers nothing. */
    gboolean (*is_role)(gpointer data, guint pid);
    gpointer data;
    KxRenewal *renewal; /* admin/renewal.h */
} KxServerHooks;

typedef struct {
    KxCore *core;
    KxAdmin admin;               /* who asks, for the Config log */
    const KxServerHooks *server; /* NULL without a running server */
    gboolean typed; /* the API asks: values of settings have JSON types, and lists of objects are
                       {"items": [...], "total": N} */
} KxAdminContext;

/* Runs one request; never fails to answer. The result is the caller's. */
json_t *kx_admin_run(const KxAdminContext *context, const json_t *request);

/* Serves the control socket from a thread of its own until the process ends or the listener is shut
 * down. Only root and the user the server runs as are served (SO_PEERCRED). */
typedef struct KxControl KxControl;
KxControl *kx_control_start(int listener, KxCore *core, const KxServerHooks *server);
void kx_control_stop(KxControl *control);

/* The program as administrators call it: everything but roles. `serve` is passed on. */
typedef int (*KxServe)(const char *data);
int kx_cli_main(int argc, char **argv, KxServe serve);
