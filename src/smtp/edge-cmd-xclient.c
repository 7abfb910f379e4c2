/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XCLIENT, as Postfix defines it (www.postfix.org/XCLIENT_README.html): a relay or proxy that the
 * administrator trusts says for whom it speaks, and the dialogue begins anew with that client,
 * which cannot say so again. Who has signed in is not taken from it (LOGIN): passwords are checked
 * here.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/text.h"
#include "smtp/edge-private.h"

typedef struct {
    struct sockaddr_storage from, to; /* family 0: not given */
    guint from_port, to_port;
    char *helo;
} Client;

static gboolean take_address(struct sockaddr_storage *address, const char *value)
{
    struct sockaddr_in *v4 = (void *)address;
    struct sockaddr_in6 *v6 = (void *)address;
    gboolean is_v6 = g_ascii_strncasecmp(value, "IPV6:", 5) == 0;
    address->ss_family = is_v6 ? AF_INET6 : AF_INET;
    return is_v6 ? inet_pton(AF_INET6, value + 5, &v6->sin6_addr) == 1
                 : inet_pton(AF_INET, value, &v4->sin_addr) == 1;
}

static gboolean take_port(guint *port, const char *value)
{
    guint64 number;
    if (!kx_parse_uint(value, 65535, &number))
        return FALSE;
    *port = (guint)number;
    return TRUE;
}

static gboolean take_from(Client *client, const char *value)
{
    return take_address(&client->from, value);
}

static gboolean take_to(Client *client, const char *value)
{
    return take_address(&client->to, value);
}

static gboolean take_from_port(Client *client, const char *value)
{
    return take_port(&client->from_port, value);
}

static gboolean take_to_port(Client *client, const char *value)
{
    return take_port(&client->to_port, value);
}

static gboolean take_helo(Client *client, const char *value)
{
    if (strlen(value) > KX_SMTP_HELO_MAX)
        return FALSE;
    g_free(client->helo);
    client->helo = g_strdup(value);
    return TRUE;
}

/* The protocol that the client speaks to the proxy, and its name: what we need we find out. */
static gboolean take_nothing(Client *client, const char *value)
{
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*take)(Client *client, const char *value);
} ATTRIBUTES[] = {
    {"ADDR", take_from},
    {"PORT", take_from_port},
    {"DESTADDR", take_to},
    {"DESTPORT", take_to_port},
    {"HELO", take_helo},
    {"NAME", take_nothing},
    {"REVERSE_NAME", take_nothing},
    {"PROTO", take_nothing},
};

/* Of xtext (RFC 3461 section 4); NULL if it is none, or holds what no line may. */
static char *decode(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (; *text; text++) {
        int high = text[0] == '+' ? g_ascii_xdigit_value(text[1]) : 0;
        int low = text[0] == '+' && high >= 0 ? g_ascii_xdigit_value(text[2]) : 0;
        int byte = text[0] == '+' ? high * 16 + low : (guchar)text[0];
        if (high < 0 || low < 0 || byte < ' ' || byte == 0x7f)
            return NULL;
        g_string_append_c(out, (char)byte);
        text += text[0] == '+' ? 2 : 0;
    }
    return g_utf8_validate(out->str, (gssize)out->len, NULL)
               ? g_string_free(g_steal_pointer(&out), FALSE)
               : NULL;
}

static gboolean take(Client *client, const char *word)
{
    const char *equals = strchr(word, '=');
    g_autofree char *value = equals ? decode(equals + 1) : NULL;
    if (!value || !*value)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(ATTRIBUTES); i++) {
        if (!kx_ascii_equal(word, (size_t)(equals - word), ATTRIBUTES[i].name))
            continue;
        gboolean unknown = g_ascii_strcasecmp(value, "[UNAVAILABLE]") == 0 ||
                           g_ascii_strcasecmp(value, "[TEMPUNAVAIL]") == 0;
        return unknown ? ATTRIBUTES[i].take != take_from : ATTRIBUTES[i].take(client, value);
    }
    return FALSE;
}

static gboolean parse(const KxEdgeArgs *args, Client *client)
{
    g_autofree char *text = g_strndup(args->args, (size_t)(args->end - args->args));
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    for (guint i = 0; words[i]; i++)
        if (*words[i] && !take(client, words[i]))
            return FALSE;
    return TRUE;
}

static void set_port(struct sockaddr_storage *address, guint port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((guint16)port);
    else
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((guint16)port);
}

/* As after STARTTLS: nothing said before counts. */
static void begin_anew(KxConn *conn, Client *client)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    set_port(&client->from, client->from_port);
    set_port(&client->to, client->to_port);
    if (!kx_conn_change_client(conn, client->from.ss_family ? &client->from : NULL,
                               client->to.ss_family ? &client->to : NULL)) {
        kx_edge_goodbye(conn, "4.7.0", "The service is not for this client");
        return;
    }
    kx_edge_forget(edge);
    g_free(edge->helo);
    edge->helo = g_steal_pointer(&client->helo);
    edge->extended = edge->signed_in = FALSE;
    edge->failed = 0;
    kx_edge_arrive(conn);
}

void kx_edge_cmd_xclient(KxConn *conn, const KxEdgeArgs *args)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    Client client = {0};
    if (!kx_conn_speaks_for_others(conn))
        kx_edge_say(conn, 550, "5.7.0 XCLIENT is not for this client");
    else if (edge->mail)
        kx_edge_say(conn, 503, "5.5.1 XCLIENT is not allowed during a transaction");
    else if (!parse(args, &client))
        kx_edge_say(conn, 501, "5.5.4 Syntax: XCLIENT attribute=value ...");
    else
        begin_anew(conn, &client);
    g_free(client.helo);
}
