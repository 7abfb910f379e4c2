/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking signatures of DKIM (RFC 6376 section 6) and of ARC, which are made the same way. Who
 * checks asks DNS in between: first the names of all keys, then the verdicts.
 *
 * Not taken: SHA-1 and RSA keys below 1,024 bits (RFC 8301), and signatures over a part of the body
 * (l=), under which anybody can put more.
 */
#pragma once

#include "filter/dkim-key.h"
#include "filter/results.h"
#include "filter/tags.h"

enum { KX_DKIM_SIGNATURES_MAX = 10 /* of a message that are looked at */ };

/* What DNS has under a name. */
typedef enum { KX_TXT_NONE, KX_TXT_FOUND, KX_TXT_FAILED } KxTxtState;
typedef struct {
    KxTxtState state;
    char *text;
} KxTxt;
GHashTable *kx_txt_table_new(void); /* name -> KxTxt, for the results */
void kx_txt_table_put(GHashTable *table, const char *name, KxTxtState state, const char *text);

typedef struct {
    const KxHeaderField *field; /* of the view */
    KxTags *tags;               /* NULL: there is a result already */
    char *domain;               /* d=, as an A-label name */
    char *selector;
    char *key_name; /* where the key is; NULL: there is a result already */
    KxDkimAlgorithm algorithm;
    gboolean relaxed_header, relaxed_body;
    KxCheckResult result; /* KX_CHECK_NONE: not known yet */
    const char *reason;   /* static, or NULL */
} KxDkimSignature;

/* Those of the message, from the top; the view is borrowed. Of KxDkimSignature. */
GPtrArray *kx_dkim_signatures(const KxMailView *mail, gint64 now);
/* One of them, or an ARC-Message-Signature, or with `seal` an ARC-Seal, which signs no body. */
typedef enum { KX_SIGNATURE_DKIM, KX_SIGNATURE_ARC, KX_SIGNATURE_SEAL } KxSignatureKind;
KxDkimSignature *kx_dkim_signature_new(const KxHeaderField *field, KxSignatureKind kind,
                                       gint64 now);
void kx_dkim_signature_free(gpointer signature);

/* Sets result and reason. */
void kx_dkim_verify(KxDkimSignature *signature, KxMailView *mail, GHashTable *txt);
/* The same for one that stands last in `text` and signs it. */
void kx_dkim_verify_text(KxDkimSignature *signature, GString *text, GHashTable *txt);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDkimSignature, kx_dkim_signature_free)
