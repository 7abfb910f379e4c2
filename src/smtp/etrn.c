/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ETRN, the server's side (RFC 1985, ETRN-05): mail that waits for the forward host of a domain is
 * sent there now, over a new connection. Nobody gets mail by this who would not get it anyway; so
 * that strangers cannot keep the server busy, only the forward host itself may ask, the addresses
 * and the users that the domain names.
 */
#include "directory/hop.h"
#include "flow/ask.h"
#include "smtp/transaction.h"

enum {
    ADDRESS_SECONDS = 5, /* to find out where the forward host is */
    HOSTS_MAX = 8,       /* that are looked up for one command: each may take that long */
};

typedef struct {
    guint known, allowed, messages;
    guint looked_up; /* hosts */
} Outcome;

/* ---- who may ---- */

static gboolean is_named_user(KxSession *session, const KxDomain *domain)
{
    const char *login = kx_session_login(session);
    for (guint i = 0; login && domain->etrn_users[i]; i++)
        if (g_ascii_strcasecmp(domain->etrn_users[i], login) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_forward_host(KxSession *session, const KxDomain *domain, Outcome *outcome)
{
    if (outcome->looked_up++ >= HOSTS_MAX)
        return FALSE;
    KxAskName ip = {.name = kx_session_remote_ip(session)};
    g_auto(KxAsk) ask = {.kind = KX_MAIL_HAS_IP,
                         .host = domain->forward_host,
                         .seconds = ADDRESS_SECONDS,
                         .names = &ip,
                         .n_names = 1};
    kx_asks_run(kx_session_core(session)->asks, &ask);
    return ip.code == 250;
}

static gboolean may_ask(KxSession *session, const KxDomain *domain, Outcome *outcome)
{
    KxDirectory *directory = kx_session_core(session)->directory;
    const char *ip = kx_session_remote_ip(session);
    return is_named_user(session, domain) ||
           (*domain->etrn_group && kx_ip_group_contains(directory, domain->etrn_group, ip)) ||
           is_forward_host(session, domain, outcome);
}

/* ---- what is asked for ---- */

/* "@company.test" means that domain and all below it. */
static gboolean is_meant(const char *node, const char *domain)
{
    if (*node == '#')
        return TRUE;
    if (*node != '@')
        return g_ascii_strcasecmp(node, domain) == 0;
    size_t len = strlen(node + 1), domain_len = strlen(domain);
    const char *end = domain_len >= len ? domain + domain_len - len : NULL;
    return end && g_ascii_strcasecmp(end, node + 1) == 0 && (end == domain || end[-1] == '.');
}

static void start(KxSession *session, const KxDomain *domain, Outcome *outcome)
{
    outcome->known++;
    if (!may_ask(session, domain, outcome))
        return;
    outcome->allowed++;
    outcome->messages += kx_queue_run_domain(kx_session_core(session)->queue, domain->name);
}

static Outcome start_all(KxSession *session, const char *node)
{
    Outcome outcome = {0};
    g_autoptr(GPtrArray) domains = kx_domain_list(kx_session_core(session)->directory);
    for (guint i = 0; i < domains->len; i++) {
        const KxDomain *domain = domains->pdata[i];
        if (*domain->forward_host && is_meant(node, domain->name))
            start(session, domain, &outcome);
    }
    return outcome;
}

guint kx_smtp_etrn(KxSession *session, const char *node, char **ret_text)
{
    KxCore *core = kx_session_core(session);
    if (!kx_queue_has_courier(core->queue)) {
        *ret_text = g_strdup_printf("4.3.0 Unable to queue messages for node %s", node);
        return 458;
    }
    Outcome outcome = start_all(session, node);
    kx_debug(core->logger, KX_DEBUG_QUEUE, "ETRN %s of %s: %u of %u domains, %u messages", node,
             kx_session_remote_ip(session), outcome.allowed, outcome.known, outcome.messages);
    if (outcome.allowed == 0) {
        *ret_text = g_strdup_printf("4.7.1 Node %s not allowed: %s", node,
                                    outcome.known ? "not from your address or for your account"
                                                  : "no mail is held for it here");
        return 459;
    }
    if (outcome.messages == 0) {
        *ret_text = g_strdup_printf("2.0.0 OK, no messages waiting for node %s", node);
        return 251;
    }
    *ret_text = g_strdup_printf("2.0.0 OK, %u pending messages for node %s started",
                                outcome.messages, node);
    return 253;
}
