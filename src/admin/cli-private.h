/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the command line. One thread. */
#pragma once

#include "admin/command.h"

enum { KX_EXIT_OK = 0, KX_EXIT_FAILED = 1, KX_EXIT_USAGE = 2 };

/* The data directory while this process works on it. */
typedef struct KxOffline KxOffline;

struct KxInvocation {
    const KxCommand *command;
    const char *data;    /* the data directory */
    gboolean data_given; /* by --data or $KERYX_DATA */
    gboolean json;
    GPtrArray *args; /* char *, what follows the words of the command */
    json_t *options;
    KxServe serve;
    guint uid;           /* who runs the command */
    KxOffline **offline; /* kept from one request to the next, where several follow; or NULL */
};

#define KX_DATA_PRESET "/var/lib/keryx"

/* ---- cli-parse.c ---- */

typedef enum { KX_PARSED, KX_PARSED_HELP, KX_PARSED_WRONG } KxParsed;

/* Fills the invocation. KX_PARSED_HELP: --help was given, or only a topic (which is wrong then
 * too): `ret_topic` and the command say of what, both may be NULL. KX_PARSED_WRONG: error says why.
 */
KxParsed kx_cli_parse(KxInvocation *invocation, int argc, char **argv, const KxTopic **ret_topic,
                      GError **error);
void kx_invocation_clear(KxInvocation *invocation);

/* ---- cli-input.c ---- */

/* Reads what options and arguments name: secrets from files or standard input, the file argument.
 */
gboolean kx_cli_read_inputs(KxInvocation *invocation, GError **error);

/* ---- cli-help.c ---- */

void kx_cli_help(const KxTopic *topic, const KxCommand *command,
                 FILE *out); /* both NULL: everything */

/* ---- cli-output.c ---- */

/* Writes what an answer holds; returns the exit status. */
int kx_cli_answer(const KxInvocation *invocation, const json_t *answer);
void kx_cli_show(const KxCommand *command, const json_t *result, gboolean json);
/* One line on stderr; returns KX_EXIT_FAILED. */
int kx_cli_fail(const GError *error);

/* ---- cli-data.c ---- */

/* Makes the data directory the current one and looks whether it holds a server. */
gboolean kx_cli_enter(const char *data, GError **error);

/* Takes the lock of the current directory; -1 if somebody has it. Closing the descriptor gives it
 * back. */
int kx_cli_lock(void);

/* The process of the server on the current directory, 0 if none runs. */
int kx_cli_server_pid(void);

/* ---- cli-ask.c ---- */

/*
 * Asks the server, or works on the data directory when none runs. A new reference; NULL with an
 * error when nobody answered. The current directory must be the data directory.
 */
json_t *kx_cli_ask(const KxInvocation *invocation, GError **error);

/* ---- offline.c ---- */

/*
 * Takes the lock and opens what the command needs, to run its requests in this process; as root it
 * becomes the owner of the data directory first. NULL without an error: somebody has the lock.
 */
KxOffline *kx_offline_open(const KxInvocation *invocation, GError **error);
void kx_offline_close(KxOffline *offline);
json_t *kx_offline_run(KxOffline *offline, const json_t *request);

/* ---- control-client.c ---- */

/* One request to the server behind keryx.sock. NULL: KX_ERR_NOT_FOUND, nobody listens; KX_ERR_BUSY,
 * no answer came. */
json_t *kx_control_ask(const json_t *request, guint seconds, GError **error);
