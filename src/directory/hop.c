/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP-02, SMTP-26 to SMTP-28, DOM-34, DOM-35. */
#include "directory/hop.h"

#include "directory/directory-private.h"
#include "directory/names.h"

static KxMailTls tls_word(const char *word)
{
    static const char *const words[] = {"never", "may", "must", "verify", "wrap"};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(word, words[i]))
            return (KxMailTls)i;
    return KX_MAIL_TLS_MAY;
}

KxMailTls kx_relay_tls(KxRelayTls tls)
{
    static const KxMailTls of[] = {
        [KX_RELAY_TLS_MAY] = KX_MAIL_TLS_MAY,   [KX_RELAY_TLS_NEVER] = KX_MAIL_TLS_NEVER,
        [KX_RELAY_TLS_MUST] = KX_MAIL_TLS_MUST, [KX_RELAY_TLS_VERIFY] = KX_MAIL_TLS_VERIFY,
        [KX_RELAY_TLS_WRAP] = KX_MAIL_TLS_WRAP,
    };
    return of[tls];
}

void kx_hop_clear(KxHop *hop)
{
    if (hop->password)
        explicit_bzero(hop->password, strlen(hop->password));
    g_free(hop->name);
    g_free(hop->rule);
    g_free(hop->pop3_host);
    g_free(hop->source);
    g_free(hop->host);
    g_free(hop->user);
    g_free(hop->password);
    *hop = (KxHop){0};
}

gboolean kx_hop_online(KxDirectory *directory)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    return g_str_equal(kx_settings_text(settings, KX_SET_INTERNET_CONNECTION), "online");
}

/* ---- each kind ---- */

/* The POP3 server of a sign-in that is done there. */
static void take_pop3(KxHop *hop, const char *host, guint64 port)
{
    if (*hop->user == '\0')
        return;
    hop->pop3_host = g_strdup(*host != '\0' ? host : hop->host);
    hop->pop3_port = (guint)port;
}

static void take_relay(const KxSettings *settings, KxHop *hop)
{
    *hop = (KxHop){
        .kind = KX_HOP_RELAY,
        .host = g_strdup(kx_settings_text(settings, KX_SET_RELAY_HOST)),
        .port = (guint)kx_settings_int(settings, KX_SET_RELAY_PORT),
        .tls = tls_word(kx_settings_text(settings, KX_SET_RELAY_TLS)),
        .user = g_strdup(kx_settings_text(settings, KX_SET_RELAY_USER)),
        .password = g_strdup(kx_settings_text(settings, KX_SET_RELAY_PASSWORD)),
    };
    if (g_str_equal(kx_settings_text(settings, KX_SET_RELAY_AUTH), "pop3"))
        take_pop3(hop, kx_settings_text(settings, KX_SET_RELAY_POP3_HOST),
                  (guint64)kx_settings_int(settings, KX_SET_RELAY_POP3_PORT));
}

/* "[192.0.2.1]" and "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3). */
static char *literal_of(const char *domain)
{
    size_t len = strlen(domain);
    if (len < 3 || domain[0] != '[' || domain[len - 1] != ']')
        return NULL;
    const char *from = domain + 1;
    if (g_ascii_strncasecmp(from, "IPv6:", 5) == 0)
        from += 5;
    return g_strndup(from, len - 1 - (gsize)(from - domain));
}

/* "company.test=verify" of that name, or NULL. */
static const char *find_entry(const char *const *entries, const char *name)
{
    size_t len = strlen(name);
    for (; *entries; entries++)
        if (g_ascii_strncasecmp(*entries, name, len) == 0 && (*entries)[len] == '=')
            return *entries + len + 1;
    return NULL;
}

/* What is said of the domain itself, else of the nearest that it is below, else of all. */
static KxMailTls direct_tls(const KxSettings *settings, const char *domain)
{
    const char *const *entries = kx_settings_list(settings, KX_SET_DELIVERY_TLS_DOMAINS);
    const char *word = find_entry(entries, domain);
    for (const char *at = strchr(domain, '.'); at && !word; at = strchr(at + 1, '.'))
        word = find_entry(entries, at);
    return tls_word(word ? word : kx_settings_text(settings, KX_SET_DELIVERY_TLS));
}

/* A host by its port and protection for mail to the domain that is sent directly. */
static void take_direct(const KxSettings *settings, KxHopKind kind, const char *domain, char *host,
                        KxHop *hop)
{
    *hop = (KxHop){
        .kind = kind,
        .host = host,
        .port = (guint)kx_settings_int(settings, KX_SET_DELIVERY_PORT),
        .tls = direct_tls(settings, domain),
        .user = g_strdup(""),
        .password = g_strdup(""),
    };
}

static void take_dns(const KxSettings *settings, const char *domain, KxHop *hop)
{
    char *literal = literal_of(domain);
    take_direct(settings, KX_HOP_DNS, domain, literal ? literal : g_strdup(domain), hop);
    hop->mx = literal == NULL;
}

static void take_forward(const KxSettings *settings, const KxDomain *domain, KxHop *hop)
{
    take_direct(settings, KX_HOP_FORWARD, domain->name, g_strdup(domain->forward_host), hop);
    hop->name = g_strdup(domain->name);
    hop->mode = domain->forward_mode;
    hop->verify = domain->forward_verify != KX_OVERRIDE_NO;
    if (domain->forward_port != 0)
        hop->port = (guint)domain->forward_port;
}

static void take_rule(const KxSettings *settings, const KxRoutingRule *rule, const char *domain,
                      KxHop *hop)
{
    if (*rule->host == '\0')
        take_dns(settings, domain, hop);
    else
        take_direct(settings, KX_HOP_RULE, domain, g_strdup(rule->host), hop);
    hop->kind = KX_HOP_RULE;
    hop->rule = g_strdup(rule->name);
    if (rule->port != 0)
        hop->port = (guint)rule->port;
    if (*rule->host != '\0' || rule->tls != KX_RELAY_TLS_MAY)
        hop->tls = kx_relay_tls(rule->tls);
    g_free(hop->user);
    g_free(hop->password);
    hop->user = g_strdup(rule->user);
    hop->password = g_strdup(rule->password);
    if (rule->auth == KX_RELAY_AUTH_POP3)
        take_pop3(hop, rule->pop3_host, rule->pop3_port);
}

/* ---- which of them ---- */

/* With the lock. */
static gboolean find_forward(KxDirectory *directory, const KxSettings *settings, const char *domain,
                             KxHop *hop)
{
    const KxDomainEntry *home = g_hash_table_lookup(directory->domains, domain);
    gboolean forwards = home != NULL && *home->domain.forward_host != '\0';
    if (forwards)
        take_forward(settings, &home->domain, hop);
    return forwards;
}

/* What rules and domains say, with the lock. A rule for a whole domain or for a sender does not
 * count for domains here: it would take mail from who forwards it to his other site. */
static gboolean find_said(KxDirectory *directory, const KxSettings *settings, const char *sender,
                          const char *address, const char *domain, KxHop *hop)
{
    gboolean here = g_hash_table_contains(directory->domains, domain);
    const KxRoutingRule *rule = here ? kx_routing_find_named(directory, address)
                                     : kx_routing_find(directory, sender, address);
    if (rule == NULL)
        return find_forward(directory, settings, domain, hop);
    take_rule(settings, rule, domain, hop);
    return TRUE;
}

/* With the lock: where mail of the sender's domain leaves from. */
static char *find_source(KxDirectory *directory, const char *sender)
{
    const char *at = strrchr(sender, '@');
    g_autofree char *name = at != NULL ? kx_name_domain(at + 1, NULL) : NULL;
    const KxDomainEntry *home = name != NULL ? kx_tables_find_mail_domain(directory, name) : NULL;
    return home != NULL && home->domain.source_ips[0] != NULL
               ? g_strjoinv(",", home->domain.source_ips)
               : NULL;
}

void kx_hop_find(KxDirectory *directory, const char *sender, const char *address, KxHop *ret_hop)
{
    const char *at = strrchr(address, '@');
    g_autofree char *domain = g_ascii_strdown(at ? at + 1 : "", -1);
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    kx_rw_lock_read(&directory->lock);
    gboolean said = find_said(directory, settings, sender, address, domain, ret_hop);
    g_autofree char *source = find_source(directory, sender);
    kx_rw_lock_unlock(&directory->lock);
    if (!said && *kx_settings_text(settings, KX_SET_RELAY_HOST) != '\0')
        take_relay(settings, ret_hop);
    else if (!said)
        take_dns(settings, domain, ret_hop);
    ret_hop->source = g_steal_pointer(&source);
}

gboolean kx_hop_forward(KxDirectory *directory, const char *domain, KxHop *ret_hop)
{
    g_autofree char *name = kx_name_domain(domain, NULL);
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    kx_rw_lock_read(&directory->lock);
    gboolean found = name != NULL && find_forward(directory, settings, name, ret_hop);
    kx_rw_lock_unlock(&directory->lock);
    return found;
}

/* Of a hop of its own host or of DNS. */
static char *host_text(const KxHop *hop)
{
    return g_strdup_printf(hop->mx ? "the mail servers of %s in DNS, port %u" : "%s, port %u",
                           hop->host, hop->port);
}

char *kx_hop_text(const KxHop *hop)
{
    static const char *const when[] = {
        [KX_FORWARD_ONLINE] = "",
        [KX_FORWARD_ETRN] = ", when it asks for it (ETRN)",
        [KX_FORWARD_SCHEDULE] = ", when a schedule sends the queue",
    };
    g_autofree char *host = host_text(hop);
    g_autofree char *from = hop->source ? g_strconcat(", from ", hop->source, NULL) : g_strdup("");
    switch (hop->kind) {
    case KX_HOP_FORWARD:
        return g_strdup_printf("%s, to which the domain %s forwards%s%s", host, hop->name,
                               when[hop->mode], from);
    case KX_HOP_RELAY:
        return g_strdup_printf("%s, the relay server%s", host, from);
    case KX_HOP_RULE:
        return g_strdup_printf("%s, by the routing rule %s%s", host, hop->rule, from);
    default:
        return g_strconcat(host, from, NULL);
    }
}
