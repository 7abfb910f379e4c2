/* SPDX-License-Identifier: Apache-2.0 */
/* A name server on a port of 127.0.0.1 with a few records, which counts what it is asked. Of names
 * that end in "silent.test" it says nothing. */
#pragma once

#include <arpa/inet.h>
#include <pthread.h>
#include <unistd.h>

#include "courier/resolver.h"

typedef struct {
    const char *name;
    guint type; /* 1: A, 12: PTR, 16: TXT */
    const char *text;
} FakeRecord;

typedef struct {
    const FakeRecord *records; /* the last has no name */
    int fd;
    guint pause; /* microseconds before each answer */
    pthread_t thread;
    gint asked, asked_ptr; /* atomic */
    KxResolver *resolver;
} FakeDns;

static inline void fake_put_name(GByteArray *out, const char *name)
{
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);
    for (guint i = 0; labels[i] && *labels[i]; i++) {
        guint8 len = (guint8)strlen(labels[i]);
        g_byte_array_append(out, &len, 1);
        g_byte_array_append(out, (const guint8 *)labels[i], len);
    }
    g_byte_array_append(out, (const guint8 *)"", 1);
}

static inline void fake_put_data(GByteArray *out, const FakeRecord *record)
{
    guint8 address[4];
    if (record->type == 1) {
        g_assert_cmpint(inet_pton(AF_INET, record->text, address), ==, 1);
        g_byte_array_append(out, address, 4);
    } else if (record->type == 12) {
        fake_put_name(out, record->text);
    } else {
        for (size_t at = 0, len = strlen(record->text); at < len; at += 255) {
            guint8 part = (guint8)MIN(len - at, 255u);
            g_byte_array_append(out, &part, 1);
            g_byte_array_append(out, (const guint8 *)record->text + at, part);
        }
    }
}

static inline void fake_put_record(GByteArray *out, const FakeRecord *record)
{
    const guint8 head[10] = {0xc0, 12, 0, (guint8)record->type, 0, 1, 0, 0, 1, 0};
    g_autoptr(GByteArray) data = g_byte_array_new();
    fake_put_data(data, record);
    guint8 len[2] = {(guint8)(data->len >> 8), (guint8)data->len};
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, len, 2);
    g_byte_array_append(out, data->data, data->len);
}

/* The question's name in lower case; its length in the message is returned. */
static inline gssize fake_read_name(const guint8 *question, gssize len, char out[static 256])
{
    gssize at = 0, used = 0;
    while (at < len && question[at] > 0 && at + question[at] < len && used < 200) {
        for (gssize i = 0; i < question[at]; i++)
            out[used++] = g_ascii_tolower((char)question[at + 1 + i]);
        out[used++] = '.';
        at += question[at] + 1;
    }
    out[MAX(used - 1, 0)] = '\0';
    return at + 1;
}

static inline void fake_answer(FakeDns *dns, const guint8 *question, gssize len,
                               const struct sockaddr_in *from)
{
    char name[256];
    gssize name_len = fake_read_name(question + 12, len - 12, name);
    guint type = question[12 + name_len + 1];
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_atomic_int_inc(&dns->asked);
    if (type == 12)
        g_atomic_int_inc(&dns->asked_ptr);
    if (g_str_has_suffix(name, "silent.test"))
        return;
    g_byte_array_append(out, question, (guint)(12 + name_len + 4));
    guint8 found = 0;
    gboolean there = FALSE;
    for (const FakeRecord *record = dns->records; record->name; record++) {
        gboolean same = strcmp(record->name, name) == 0;
        there |= same;
        if (!same || record->type != type)
            continue;
        fake_put_record(out, record);
        found++;
    }
    const guint8 head[10] = {0x81, there ? 0x80 : 0x83, 0, 1, 0, found, 0, 0, 0, 0};
    memcpy(out->data + 2, head, sizeof head);
    g_usleep(dns->pause);
    sendto(dns->fd, out->data, out->len, 0, (const struct sockaddr *)from, sizeof *from);
}

static inline void *fake_serve(void *data)
{
    FakeDns *dns = data;
    guint8 question[2048];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    gssize len;
    while ((len = recvfrom(dns->fd, question, sizeof question, 0, (struct sockaddr *)&from,
                           &size)) > 0) {
        if (len > 12)
            fake_answer(dns, question, len, &from);
        size = sizeof from;
    }
    return NULL;
}

static inline void fake_dns_init(FakeDns *dns, const FakeRecord *records, guint pause)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *dns = (FakeDns){.records = records, .pause = pause};
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(dns->fd, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(getsockname(dns->fd, (struct sockaddr *)&address, &size), ==, 0);
    g_assert_cmpint(pthread_create(&dns->thread, NULL, fake_serve, dns), ==, 0);
    g_autofree char *server = g_strdup_printf("127.0.0.1@%u", ntohs(address.sin_port));
    const char *const servers[] = {server, NULL}, *const none[] = {NULL};
    dns->resolver =
        kx_resolver_new(&(KxResolverOptions){servers, "", none, "", FALSE, FALSE}, NULL);
    g_assert_nonnull(dns->resolver);
}

static inline void fake_dns_clear(FakeDns *dns)
{
    kx_resolver_free(dns->resolver);
    shutdown(dns->fd, SHUT_RDWR);
    pthread_cancel(dns->thread);
    pthread_join(dns->thread, NULL);
    close(dns->fd);
}
