/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152, 3030), SMTPUTF8 (RFC 6531), AUTH
 * (RFC 4954), REQUIRETLS (RFC 8689), RET, ENVID, NOTIFY and ORCPT (RFC 3461), HOLDFOR and HOLDUNTIL
 * (RFC 4865), BY (RFC 2852), MT-PRIORITY (RFC 6710). Pure and thread-safe.
 */
#pragma once

#include <glib.h>

#define KX_SMTP_ENVID_MAX 100 /* RFC 3461 section 4.4 */
#define KX_SMTP_ORCPT_MAX 500 /* RFC 3461 section 4.2 */

typedef enum {
    KX_PARAM_OK,
    KX_PARAM_UNKNOWN, /* 555 */
    KX_PARAM_BAD,     /* 501: wrong value, or given twice */
} KxParamResult;

typedef struct {
    guint64 size;                      /* 0: not given */
    guint flags;                       /* KxSmtpMailFlags */
    char ret[5];                       /* "FULL", "HDRS" or "" */
    char envid[KX_SMTP_ENVID_MAX + 1]; /* xtext, as given */
    char auth[KX_SMTP_ORCPT_MAX + 1];  /* xtext or "<>", as given */
    guint holds;                       /* how many of the next two were given */
    gint64 hold_for;                   /* seconds */
    gint64 hold_until;                 /* Unix seconds */
    gint64 by;                         /* seconds; given if the flags have KX_SMTP_BY_... */
    guint priority;                    /* with KX_PRIORITY_BASE; 0: not given */
} KxMailParams;

typedef struct {
    guint notify;                      /* KxNotify */
    char orcpt[KX_SMTP_ORCPT_MAX + 1]; /* "rfc822;" and xtext, as given */
} KxRcptParams;

/* Reads "SP name[=value]" to `end`. `ret_params` is filled as far as it was good; `ret_name` gets
 * the name of the parameter at fault. */
KxParamResult kx_smtp_mail_params(const char *at, const char *end, KxMailParams *ret_params,
                                  char ret_name[static 32]);
/* `utf8`: the transaction has SMTPUTF8, which allows UTF-8 in ORCPT (RFC 6533 section 3). */
KxParamResult kx_smtp_rcpt_params(const char *at, const char *end, gboolean utf8,
                                  KxRcptParams *ret_params, char ret_name[static 32]);
