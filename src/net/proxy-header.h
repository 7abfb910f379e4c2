/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header in which a proxy says for whom it connects: the PROXY protocol of HAProxy, versions 1
 * (text) and 2 (binary), specification of 2020-03-05. Pure and thread-safe.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

enum {
    KX_PROXY_HEADER_MAX = 4096, /* bytes; version 2 may have 65,551, for what we do not read */
};

typedef struct {
    gboolean local; /* the proxy speaks for itself: the connection's own addresses hold */
    struct sockaddr_storage from, to;
} KxProxyHeader;

/* The length of the header that the bytes begin with; 0: it may still become one; -1: never. */
gssize kx_proxy_header_parse(const void *bytes, size_t len, KxProxyHeader *ret_header);
