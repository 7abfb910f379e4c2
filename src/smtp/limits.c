/* SPDX-License-Identifier: Apache-2.0 */
/* What one client may do before it is held off: SMTP-16 to SMTP-20, SPAM-58 to SPAM-62. */
#include "directory/names.h"
#include "log/log-security.h"
#include "smtp/transaction.h"

enum {
    DNS_SECONDS = 10,     /* for all that is asked about a domain */
    DNS_AT_ONCE = 8,      /* workers that wait for DNS: others have to go on */
    DNS_OF_A_NETWORK = 2, /* so that a stranger with slow names does not take all of these */
};

static const KxSmtpVerdict GOOD = {250, "2.0.0 OK"};
static const KxSmtpVerdict BLOCKED = {421, "4.7.1 Too many unknown recipients, try again later"};

static gboolean in_group(KxSession *session, KxSettingId setting)
{
    const char *group = kx_settings_text(kx_session_settings(session), setting);
    return *group && kx_ip_group_contains(kx_session_core(session)->directory, group,
                                          kx_session_remote_ip(session));
}

/* Programs of this host are not counted: they send in the name of many. */
static gboolean is_exempt(KxSession *session)
{
    const char *ip = kx_session_remote_ip(session);
    return strcmp(ip, "127.0.0.1") == 0 || strcmp(ip, "::1") == 0 ||
           in_group(session, KX_SET_SMTP_LIMITS_EXEMPT);
}

static gint64 limit(KxSession *session, KxSettingId setting)
{
    return kx_settings_int(kx_session_settings(session), setting);
}

/* ---- connections ---- */

static gboolean is_delayed(KxSession *session)
{
    const KxService *service = kx_session_service(session);
    return !service->implicit_tls && !service->submission &&
           limit(session, KX_SET_SMTP_GREETING_DELAY) > 0 &&
           !in_group(session, KX_SET_SMTP_GREETING_EXEMPT);
}

static gboolean is_blocked(KxSession *session)
{
    return !kx_session_service(session)->submission &&
           kx_client_limits_is_blocked(kx_session_core(session)->limits,
                                       kx_session_remote_ip(session)) &&
           !is_exempt(session);
}

KxSmtpVerdict kx_smtp_check_connect(KxSession *session, guint connections)
{
    gint64 most = limit(session, KX_SET_SMTP_MAX_PER_IP);
    if (is_blocked(session))
        return BLOCKED;
    if (most > 0 && connections > (guint)most && !is_exempt(session)) {
        kx_log(kx_session_core(session)->logger, KX_LOG_SECURITY,
               "SMTP connection from %s refused: it has %" G_GINT64_FORMAT " already",
               kx_session_remote_ip(session), most);
        return (KxSmtpVerdict){421, "4.7.0 Too many connections from your address"};
    }
    return is_delayed(session) ? (KxSmtpVerdict){KX_SMTP_GREET_LATER, ""}
                               : (KxSmtpVerdict){KX_SMTP_GREET, ""};
}

/* ---- messages ---- */

KxSmtpVerdict kx_smtp_check_rate(const KxSmtpTransaction *transaction, gboolean count)
{
    KxSession *session = transaction->session;
    const char *login = kx_session_login(session);
    const char *who = login ? login : kx_session_remote_ip(session);
    gint64 most = limit(session, login ? KX_SET_SMTP_MAX_PER_USER : KX_SET_SMTP_MAX_PER_HOUR);
    if (most == 0 || is_exempt(session))
        return GOOD;
    KxCore *core = kx_session_core(session);
    KxLimitResult result = kx_client_limits_message(core->limits, who, (guint)most, count);
    if (result == KX_LIMIT_KEPT)
        return GOOD;
    if (result == KX_LIMIT_OVER_NEW)
        kx_log(core->logger, KX_LOG_SECURITY,
               "%s %s has sent %" G_GINT64_FORMAT " messages within an hour; more are refused",
               login ? "User" : "SMTP client", who, most);
    return (KxSmtpVerdict){451, login ? "4.7.1 You have sent too many messages, try again later"
                                      : "4.7.1 Too many messages from your address, try again "
                                        "later"};
}

/* ---- unknown recipients ---- */

KxSmtpVerdict kx_smtp_check_blocked(KxSession *session)
{
    return !kx_session_user(session) && is_blocked(session) ? BLOCKED : GOOD;
}

gboolean kx_smtp_note_unknown(KxSession *session)
{
    KxCore *core = kx_session_core(session);
    gint64 most = limit(session, KX_SET_SMTP_MAX_UNKNOWN);
    gint64 seconds = limit(session, KX_SET_SMTP_UNKNOWN_BLOCK);
    const char *ip = kx_session_remote_ip(session);
    if (kx_session_user(session) || most == 0 || is_exempt(session) ||
        !kx_client_limits_unknown(core->limits, ip, (guint)most, (guint)seconds))
        return FALSE;
    kx_log(core->logger, KX_LOG_SECURITY, "Directory harvest attack from %s detected", ip);
    return TRUE;
}

/* ---- DNS ---- */

gboolean kx_smtp_begin_dns(KxCore *core, const char *ip)
{
    if (!kx_client_limits_begin_check(core->limits, ip, DNS_OF_A_NETWORK))
        return FALSE;
    if (g_atomic_int_add(&core->dns_waiting, 1) < DNS_AT_ONCE)
        return TRUE;
    g_atomic_int_add(&core->dns_waiting, -1);
    kx_client_limits_end_check(core->limits, ip);
    return FALSE;
}

void kx_smtp_end_dns(KxCore *core, const char *ip)
{
    g_atomic_int_add(&core->dns_waiting, -1);
    kx_client_limits_end_check(core->limits, ip);
}

/* ---- the sender's domain ---- */

static KxSmtpVerdict judge(const KxAsk *ask)
{
    if (ask->code / 100 == 5)
        return (KxSmtpVerdict){550, "5.1.8 The domain of the sender's address does not exist"};
    if (ask->code / 100 == 2)
        return GOOD;
    return (KxSmtpVerdict){451, "4.1.8 The domain of the sender's address cannot be looked up now"};
}

static KxSmtpVerdict look_up(KxCore *core, const char *ip, const char *domain)
{
    g_auto(KxAsk) ask = {.kind = KX_MAIL_DOMAIN, .host = domain, .seconds = DNS_SECONDS};
    if (kx_smtp_begin_dns(core, ip)) {
        kx_asks_run(core->asks, &ask);
        kx_smtp_end_dns(core, ip);
    }
    return judge(&ask);
}

KxSmtpVerdict kx_smtp_check_sender_domain(const KxSmtpTransaction *transaction)
{
    KxSession *session = transaction->session;
    KxCore *core = kx_session_core(session);
    const char *at = strrchr(transaction->envelope->sender, '@');
    if (!at || at[1] == '[' || !core->asks || kx_session_user(session) ||
        !kx_settings_bool(kx_session_settings(session), KX_SET_SMTP_SENDER_DOMAIN) ||
        kx_smtp_may_relay(session))
        return GOOD;
    g_autofree char *ours = kx_domain_of_mail(core->directory, at + 1);
    g_autofree char *domain = ours ? NULL : kx_name_domain(at + 1, NULL);
    if (ours)
        return GOOD;
    return domain ? look_up(core, kx_session_remote_ip(session), domain)
                  : (KxSmtpVerdict){550, "5.1.8 The sender's address has no valid domain"};
}
