/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load generator for IMAP servers on loopback: one thread, epoll, OpenSSL for TLS.
 *
 *   imap-load load PORT TLS(0|1) CLIENTS SECONDS USER-PATTERN PASSWORD MESSAGES
 *       Each client signs in, selects INBOX and then runs the script of load_script() over and
 * over, one command at a time, until the time is up. Prints "commands N seconds S bytes B errors
 * E".
 *
 *   imap-load hold PORT CONNECTIONS USER-PATTERN PASSWORD SECONDS-AT-MOST SOURCE
 *       Opens TLS connections from the address SOURCE (each has but 28,000 ports) that sign in and
 * select INBOX, at most OPENING of them at once. Prints "held N" when all are there or the time is
 * up, and holds them until standard input closes.
 *
 * USER-PATTERN may hold one %d, which counts from 0 to USERS - 1. An answer ends with the line that
 * starts with the tag "t "; literals are skipped by their length, so that mail content cannot look
 * like one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    USERS = 10,
    OPENING = 64,
    READ_SIZE = 65536,
    EVENTS = 256,
    COMMAND_SIZE = 256,
};

enum phase { CONNECTING, HANDSHAKE, GREETING, LOGIN, SELECT, RUNNING, IDLE, FAILED };

struct client {
    int fd;
    int number;
    enum phase phase;
    SSL *ssl;
    unsigned step;
    size_t literal; /* bytes of a literal that are still to come */
    size_t line_len;
    char line[64]; /* the start of the current line, enough for the tag */
    char tail[24]; /* its last bytes, enough for {4294967295} */
    size_t tail_len;
    unsigned random;
};

struct load {
    int epoll;
    int port;
    bool hold;
    SSL_CTX *tls;
    const char *user_pattern;
    const char *password;
    struct in_addr source; /* hold only */
    unsigned messages;
    unsigned long commands, errors, logins, failed;
    unsigned long long bytes;
    bool counting;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static unsigned draw(struct client *client, unsigned below)
{
    client->random = client->random * 1103515245u + 12345u;
    return (client->random >> 8) % below;
}

/* What a mail program does: look at a page of the list, read some, mark them, look for news,
 * search. */
static void load_script(const struct load *load, struct client *client, char *out, size_t size)
{
    unsigned first = 1 + draw(client, load->messages > 50 ? load->messages - 50 : 1);
    unsigned one = 1 + draw(client, load->messages);

    switch (client->step++ % 10) {
    case 0:
        snprintf(out, size, "t FETCH %u:%u (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)\r\n",
                 first, first + 49);
        break;
    case 1:
        snprintf(out, size, "t FETCH %u:%u (FLAGS)\r\n", first, first + 49);
        break;
    case 2:
    case 4:
    case 6:
        snprintf(out, size, "t FETCH %u (BODY.PEEK[])\r\n", one);
        break;
    case 3:
        snprintf(out, size, "t STORE %u +FLAGS (\\Seen)\r\n", one);
        break;
    case 5:
        snprintf(out, size, "t NOOP\r\n");
        break;
    case 7:
        snprintf(out, size,
                 "t FETCH %u (BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])\r\n",
                 one);
        break;
    case 8:
        snprintf(out, size, "t STORE %u -FLAGS (\\Seen)\r\n", one);
        break;
    default:
        snprintf(out, size, "t UID SEARCH UNSEEN\r\n");
        break;
    }
}

static void fail(struct load *load, struct client *client)
{
    if (client->phase != FAILED)
        load->failed++;
    client->phase = FAILED;
    epoll_ctl(load->epoll, EPOLL_CTL_DEL, client->fd, NULL);
    close(client->fd);
}

/* Commands are short and the socket's buffer is empty when one is sent: a short write is a failure.
 */
static void send_text(struct load *load, struct client *client, const char *text)
{
    int len = (int)strlen(text);
    int done =
        client->ssl ? SSL_write(client->ssl, text, len) : (int)write(client->fd, text, (size_t)len);
    if (done != len)
        fail(load, client);
}

static void next_command(struct load *load, struct client *client)
{
    char command[COMMAND_SIZE], user[64];

    switch (client->phase) {
    case GREETING:
        snprintf(user, sizeof user, load->user_pattern, client->number % USERS);
        snprintf(command, sizeof command, "t LOGIN %s %s\r\n", user, load->password);
        client->phase = LOGIN;
        break;
    case LOGIN:
        load->logins++;
        snprintf(command, sizeof command, "t SELECT INBOX\r\n");
        client->phase = SELECT;
        break;
    case SELECT:
    case RUNNING:
        if (load->hold) {
            client->phase = IDLE;
            return;
        }
        client->phase = RUNNING;
        load_script(load, client, command, sizeof command);
        break;
    default:
        return;
    }
    send_text(load, client, command);
}

static void end_of_line(struct load *load, struct client *client)
{
    char *brace;

    client->tail[client->tail_len] = '\0';
    if (client->tail_len >= 3 && client->tail[client->tail_len - 1] == '}' &&
        (brace = strrchr(client->tail, '{')))
        client->literal = strtoul(brace + 1, NULL, 10);
    bool tagged = client->line_len >= 2 && memcmp(client->line, "t ", 2) == 0;
    if (client->literal == 0) {
        if (tagged && memcmp(client->line, "t OK", 4) != 0)
            load->errors++;
        if (tagged && client->phase == RUNNING && load->counting)
            load->commands++;
        if (tagged || client->phase == GREETING)
            next_command(load, client);
        client->line_len = 0;
    }
    client->tail_len = 0;
}

/* Follows the answer just far enough to find its end. A line that goes on behind a literal is no
 * new line. */
static void scan(struct load *load, struct client *client, const char *bytes, size_t len)
{
    size_t i = 0;

    while (i < len && client->phase != FAILED) {
        if (client->literal > 0) {
            size_t skip = client->literal < len - i ? client->literal : len - i;
            client->literal -= skip;
            i += skip;
            continue;
        }
        char c = bytes[i++];
        if (c == '\n') {
            end_of_line(load, client);
            continue;
        }
        if (c == '\r')
            continue;
        if (client->line_len < sizeof client->line)
            client->line[client->line_len++] = c;
        if (client->tail_len == sizeof client->tail - 1) {
            memmove(client->tail, client->tail + 1, client->tail_len - 1);
            client->tail_len--;
        }
        client->tail[client->tail_len++] = c;
    }
}

static void read_answers(struct load *load, struct client *client)
{
    static char buffer[READ_SIZE];

    for (;;) {
        ssize_t got;
        if (client->ssl) {
            got = SSL_read(client->ssl, buffer, sizeof buffer);
            if (got <= 0 && SSL_get_error(client->ssl, (int)got) == SSL_ERROR_WANT_READ)
                return;
        } else {
            got = read(client->fd, buffer, sizeof buffer);
            if (got < 0 && errno == EAGAIN)
                return;
        }
        if (got <= 0) {
            fail(load, client);
            return;
        }
        load->bytes += (unsigned long long)got;
        scan(load, client, buffer, (size_t)got);
        if (client->phase == FAILED)
            return;
    }
}

static void handshake(struct load *load, struct client *client)
{
    int done = SSL_connect(client->ssl);
    if (done == 1) {
        client->phase = GREETING;
        read_answers(load, client);
        return;
    }
    int reason = SSL_get_error(client->ssl, done);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE)
        fail(load, client);
}

static void ready(struct load *load, struct client *client)
{
    if (client->phase == CONNECTING) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(load->epoll, EPOLL_CTL_MOD, client->fd, &event);
        client->phase = client->ssl ? HANDSHAKE : GREETING;
        if (!client->ssl)
            return;
    }
    if (client->phase == HANDSHAKE)
        handshake(load, client);
    else if (client->phase != FAILED)
        read_answers(load, client);
}

static void open_client(struct load *load, struct client *client, int number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)load->port)};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = load->source};
    int one = 1;

    client->number = number;
    client->random = (unsigned)number * 2654435761u + 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        die("socket");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (load->hold && bind(client->fd, (struct sockaddr *)&from, sizeof from) < 0)
        die("bind");
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        die("connect");
    if (load->tls) {
        client->ssl = SSL_new(load->tls);
        SSL_set_fd(client->ssl, client->fd);
    }
    client->phase = CONNECTING;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        die("epoll_ctl");
}

static void turn(struct load *load, int milliseconds)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(load->epoll, events, EVENTS, milliseconds);
    for (int i = 0; i < count; i++)
        ready(load, events[i].data.ptr);
}

static unsigned long count_phase(const struct client *clients, int opened, enum phase phase)
{
    unsigned long found = 0;
    for (int i = 0; i < opened; i++)
        found += clients[i].phase == phase;
    return found;
}

static int run_load(struct load *load, struct client *clients, int count, double seconds)
{
    for (int i = 0; i < count; i++)
        open_client(load, &clients[i], i);
    double limit = now() + 60;
    while (count_phase(clients, count, RUNNING) < (unsigned long)count && now() < limit &&
           !load->failed)
        turn(load, 100);
    load->counting = true;
    load->bytes = 0;
    double start = now();
    while (now() < start + seconds && load->failed == 0)
        turn(load, 50);
    printf("commands %lu seconds %.3f bytes %llu errors %lu failed %lu\n", load->commands,
           now() - start, load->bytes, load->errors, load->failed);
    return load->errors || load->failed ? 1 : 0;
}

static int run_hold(struct load *load, struct client *clients, int count, double seconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    unsigned long idle = 0;
    int opened = 0;
    double limit = now() + seconds;

    while (idle + load->failed < (unsigned long)count && now() < limit) {
        while (opened < count && (unsigned long)opened - idle - load->failed < OPENING) {
            open_client(load, &clients[opened], opened);
            opened++;
        }
        turn(load, 100);
        idle = count_phase(clients, opened, IDLE);
    }
    printf("held %lu failed %lu\n", idle, load->failed);
    fflush(stdout);
    while (poll(&input, 1, 0) == 0)
        turn(load, 200);
    printf("still held %lu\n", count_phase(clients, opened, IDLE));
    return load->failed ? 1 : 0;
}

static void raise_file_limit(int count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)count + 100;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("imap-load: setrlimit");
}

int main(int argc, char **argv)
{
    struct load load = {0};

    load.hold = argc == 8 && strcmp(argv[1], "hold") == 0;
    if (!load.hold && (argc != 9 || strcmp(argv[1], "load") != 0)) {
        fprintf(stderr, "usage: imap-load load PORT TLS CLIENTS SECONDS USER PASSWORD MESSAGES\n"
                        "       imap-load hold PORT CONNECTIONS USER PASSWORD SECONDS SOURCE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int shift = load.hold ? 0 : 1;
    int count = atoi(argv[3 + shift]);
    load.port = atoi(argv[2]);
    load.user_pattern = load.hold ? argv[4] : argv[6];
    load.password = load.hold ? argv[5] : argv[7];
    load.messages = load.hold ? 1 : (unsigned)atoi(argv[8]);
    load.epoll = epoll_create1(0);
    if (load.hold || atoi(argv[3]) == 1) {
        load.tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(load.tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
        SSL_CTX_set_session_cache_mode(load.tls, SSL_SESS_CACHE_OFF);
    }
    if (load.hold && inet_pton(AF_INET, argv[7], &load.source) != 1)
        count = 0;
    if (count < 1 || count > 200000 || load.messages < 1) {
        fprintf(stderr, "imap-load: a count or the address is wrong\n");
        return 2;
    }
    raise_file_limit(count);
    struct client *clients = calloc((size_t)count, sizeof *clients);
    if (!clients)
        die("calloc");
    return load.hold ? run_hold(&load, clients, count, atof(argv[6]))
                     : run_load(&load, clients, count, atof(argv[5]));
}
