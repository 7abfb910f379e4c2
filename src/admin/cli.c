/* SPDX-License-Identifier: Apache-2.0 */
/* The program as administrators call it. */
#include <locale.h>
#include <sodium.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/error.h"

static int wrong(const KxInvocation *invocation, const GError *error)
{
    kx_cli_fail(error);
    return KX_EXIT_USAGE;
}

static int run(KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_read_inputs(invocation, &error))
        return kx_cli_fail(error);
    if (invocation->command->local)
        return invocation->command->local(invocation);
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    return answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
}

int kx_cli_main(int argc, char **argv, KxServe serve)
{
    g_autoptr(GError) error = NULL;
    KxInvocation invocation = {.serve = serve, .uid = getuid()};
    const KxTopic *topic;
    int status = KX_EXIT_OK;
    setlocale(LC_CTYPE, "C.UTF-8"); /* names are UTF-8 whatever the terminal says */
    if (sodium_init() < 0)
        return KX_EXIT_FAILED;
    char *version[] = {"keryx", "version", NULL};
    gboolean asks_version = argc == 2 && g_str_equal(argv[1], "--version");
    switch (kx_cli_parse(&invocation, argc, asks_version ? version : argv, &topic, &error)) {
    case KX_PARSED:
        status = run(&invocation);
        break;
    case KX_PARSED_HELP:
        kx_cli_help(topic, invocation.command, stdout);
        break;
    default:
        status = wrong(&invocation, error);
        break;
    }
    kx_invocation_clear(&invocation);
    return status;
}
