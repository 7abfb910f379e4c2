/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of the core role works with. Made at start, alive until the last thread has
 * ended. */
#pragma once

#include "convert/convert.h"
#include "core/client-limits.h"
#include "core/exclusive.h"
#include "core/lockout.h"
#include "core/recent-logins.h"
#include "directory/directory.h"
#include "flow/ask.h"
#include "flow/fetch.h"
#include "flow/line.h"
#include "flow/queue.h"
#include "flow/scheduler.h"
#include "flow/sts-store.h"
#include "flow/tls-reports.h"
#include "flow/urgent.h"
#include "flow/verify.h"
#include "kerberos/kerberos.h"
#include "log/log.h"
#include "mailbox/caretaker.h"
#include "mapping/mapping.h"
#include "oidc/oidc.h"
#include "pam/pam.h"
#include "search/search.h"
#include "store/store.h"

typedef struct KxCore {
    KxLogger *logger;
    KxDirectory *directory;
    KxStore *store;
    KxQueue *queue;
    KxAsks *asks;              /* NULL without a running server */
    KxStsStore *sts;           /* NULL without a running server; the event loop's */
    KxTlsReports *tls_reports; /* NULL without a running server */
    KxVerifier *verifier;      /* NULL without a running server */
    KxScheduler *scheduler;    /* NULL without a running server */
    KxConvert *convert;        /* NULL without a running server */
    KxKerberos *kerberos;      /* NULL without a running server */
    KxPam *pam;                /* NULL without a running server */
    KxSearch *search;          /* NULL without a running server */
    KxCaretaker *caretaker;    /* NULL without a running server */
    KxExclusive *maildrops;    /* held by POP3 sessions */
    KxFetcher *fetcher;        /* NULL without a running server */
    KxMapping *mapping;        /* NULL without a running server */
    KxOidc *oidc;              /* NULL without a running server */
    KxLine *line;              /* NULL without a running server */
    KxUrgent *urgent;          /* NULL without a running server */
    KxRecentLogins *pop3_logins;
    KxLockout *lockout; /* NULL without a running server */
    KxClientLimits *limits;
    gint dns_waiting;    /* atomic: workers that wait for DNS about senders */
    struct KxHttp *http; /* applications (http/http.h); NULL without a running server */
} KxCore;

/* Opens the store with the quotas that the directory knows, and tells the directory which public
 * folders there are. `core` stays where it is. */
gboolean kx_core_open_store(KxCore *core, GError **error);

/* The methods of auth.methods that can be offered, as what they need is there (settings/sasl.h);
 * free with g_strfreev(). */
char **kx_sasl_offered_methods(KxDirectory *directory, const KxSettings *settings);
