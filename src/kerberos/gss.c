/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos/gss.h"

#include <iconv.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "kerberos/libraries.h"
#include "kerberos/ntlm.h"

enum {
    TEXT_MAX = 1000,
    NAME_MAX_BYTES = 1000,
    TOKEN_MAX = 49152, /* the field of GSS_ANSWER in ipc/message-list.h */
    STEPS_MAX = 10,    /* of an exchange; three are usual */
};

/* RFC 4752 section 3.3: the four octets that offer layers. */
enum { LAYER_OCTETS = 4, LAYER_NONE = 1 };

typedef enum { STAGE_TOKENS, STAGE_LAYER_OFFERED, STAGE_LAST_TOKEN } Stage;

struct KxGss {
    KxGssMechanism mechanism;
    gboolean ntlm;
    Stage stage;
    guint steps;
    gss_ctx_id_t context;
    gss_cred_id_t credential;
    gss_buffer_desc token; /* that was answered last */
    char *name, *authzid, *text;
};

/* iso.org.dod.internet.security.kerberosV5 and the others, as in RFC 4121, RFC 4178, [MS-NLMP] */
static gss_OID_desc KERBEROS = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc SPNEGO = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc NTLMSSP = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

KxGss *kx_gss_new(KxGssMechanism mechanism, gboolean ntlm)
{
    KxGss *gss = g_new0(KxGss, 1);
    gss->mechanism = mechanism;
    gss->ntlm = ntlm;
    return gss;
}

void kx_gss_free(KxGss *gss)
{
    OM_uint32 minor;
    if (!gss)
        return;
    if (gss->context)
        sym_gss_delete_sec_context(&minor, &gss->context, NULL);
    if (gss->credential)
        sym_gss_release_cred(&minor, &gss->credential);
    sym_gss_release_buffer(&minor, &gss->token);
    g_free(gss->name);
    g_free(gss->authzid);
    g_free(gss->text);
    g_free(gss);
}

/* ---- what went wrong ---- */

static void append_status(GString *text, OM_uint32 status, int type, gss_OID mechanism)
{
    OM_uint32 minor, more = 0;
    do {
        gss_buffer_desc line = GSS_C_EMPTY_BUFFER;
        if (GSS_ERROR(sym_gss_display_status(&minor, status, type, mechanism, &more, &line)))
            return;
        if (text->len < TEXT_MAX)
            g_string_append_printf(text, "%s%.*s", text->len > 0 ? ": " : "", (int)line.length,
                                   (const char *)line.value);
        sym_gss_release_buffer(&minor, &line);
    } while (more != 0);
}

static gss_OID oid_of(const KxGss *gss)
{
    switch (gss->mechanism) {
    case KX_GSS_KERBEROS:
        return &KERBEROS;
    case KX_GSS_NTLM:
        return &NTLMSSP;
    default:
        return &SPNEGO;
    }
}

static KxGssState fail(KxGss *gss, const char *what)
{
    g_free(gss->text);
    gss->text = g_strdup(what);
    return KX_GSS_FAILED;
}

static KxGssState fail_as_told(KxGss *gss, OM_uint32 major, OM_uint32 minor)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_status(text, major, GSS_C_GSS_CODE, GSS_C_NO_OID);
    if (minor != 0)
        append_status(text, minor, GSS_C_MECH_CODE, oid_of(gss));
    g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
    if (strlen(valid) > TEXT_MAX) /* three bytes for each that was not */
        *g_utf8_find_prev_char(valid, valid + TEXT_MAX) = '\0';
    fail(gss, valid);
    gboolean no_key = GSS_ROUTINE_ERROR(major) == GSS_S_NO_CRED;
    return no_key ? KX_GSS_LATER : KX_GSS_FAILED;
}

/* ---- the keys of the host ---- */

/* Whichever key of the keytab a ticket is for, and for SPNEGO nothing but the mechanisms that are
 * wanted. */
static OM_uint32 take_credential(KxGss *gss, OM_uint32 *ret_minor)
{
    gss_OID_set_desc one = {1, oid_of(gss)};
    gss_OID_desc both[] = {KERBEROS, NTLMSSP};
    gss_OID_set_desc inner = {gss->ntlm ? 2 : 1, both};
    OM_uint32 major = sym_gss_acquire_cred(ret_minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &one,
                                           GSS_C_ACCEPT, &gss->credential, NULL, NULL);
    if (GSS_ERROR(major) || oid_of(gss) != &SPNEGO)
        return major;
    return sym_gss_set_neg_mechs(ret_minor, gss->credential, &inner);
}

/* ---- names ---- */

static gboolean is_text(const gss_buffer_desc *buffer)
{
    return buffer->length <= NAME_MAX_BYTES && !memchr(buffer->value, 0, buffer->length) &&
           g_utf8_validate(buffer->value, (gssize)buffer->length, NULL);
}

/* "DOMAIN\\user" is a name of NTLM, and of nobody else: by it the core knows which it is. */
static gboolean fits(const char *name, gss_OID mechanism)
{
    gboolean ntlm = mechanism && mechanism->length == NTLMSSP.length &&
                    memcmp(mechanism->elements, NTLMSSP.elements, NTLMSSP.length) == 0;
    return ntlm == (strchr(name, '\\') != NULL);
}

static gboolean take_name(KxGss *gss, gss_name_t name, gss_OID mechanism)
{
    OM_uint32 minor;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    gboolean said = name && !GSS_ERROR(sym_gss_display_name(&minor, name, &text, NULL));
    gss_buffer_desc shown = text;
    if (said && shown.length > 0 && ((const char *)shown.value)[shown.length - 1] == '\0')
        shown.length--; /* gss-ntlmssp counts it */
    if (said && shown.length > 0 && is_text(&shown))
        gss->name = g_strndup(shown.value, shown.length);
    sym_gss_release_buffer(&minor, &text);
    return gss->name != NULL && fits(gss->name, mechanism);
}

/* ---- the layer of SASL ---- */

static KxGssState offer_layer(KxGss *gss)
{
    OM_uint32 minor;
    char octets[LAYER_OCTETS] = {LAYER_NONE, 0, 0, 0};
    gss_buffer_desc offer = {sizeof octets, octets};
    sym_gss_release_buffer(&minor, &gss->token);
    OM_uint32 major =
        sym_gss_wrap(&minor, gss->context, 0, GSS_C_QOP_DEFAULT, &offer, NULL, &gss->token);
    if (GSS_ERROR(major))
        return fail_as_told(gss, major, minor);
    gss->stage = STAGE_LAYER_OFFERED;
    return KX_GSS_CONTINUE;
}

static KxGssState take_choice(KxGss *gss, const gss_buffer_desc *choice)
{
    const char *octets = choice->value;
    if (choice->length < LAYER_OCTETS || octets[0] != LAYER_NONE)
        return fail(gss, "the client wants a security layer, which is not offered");
    gss_buffer_desc authzid = {choice->length - LAYER_OCTETS, (char *)octets + LAYER_OCTETS};
    if (!is_text(&authzid))
        return fail(gss, "the authorization identity is malformed");
    gss->authzid = g_strndup(authzid.value, authzid.length);
    return KX_GSS_DONE;
}

static KxGssState finish_layer(KxGss *gss, gss_buffer_desc *given)
{
    OM_uint32 minor;
    gss_buffer_desc choice = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = sym_gss_unwrap(&minor, gss->context, given, &choice, NULL, NULL);
    if (GSS_ERROR(major))
        return fail_as_told(gss, major, minor);
    KxGssState state = take_choice(gss, &choice);
    sym_gss_release_buffer(&minor, &choice);
    return state;
}

/* ---- tokens ---- */

/* The client is who it says; SASL has nowhere to put a last token but in one more round. */
static KxGssState complete(KxGss *gss)
{
    gboolean last = gss->token.length > 0;
    if (gss->mechanism == KX_GSS_NEGOTIATE)
        return KX_GSS_DONE;
    if (gss->mechanism == KX_GSS_KERBEROS && !last)
        return offer_layer(gss);
    if (!last)
        return KX_GSS_DONE;
    gss->stage = STAGE_LAST_TOKEN;
    return KX_GSS_CONTINUE;
}

static KxGssState after_last_token(KxGss *gss, const gss_buffer_desc *given)
{
    if (given->length > 0)
        return fail(gss, "the client sends a token after the last one");
    return gss->mechanism == KX_GSS_KERBEROS ? offer_layer(gss) : KX_GSS_DONE;
}

static KxGssState accept_token(KxGss *gss, gss_buffer_desc *given)
{
    OM_uint32 minor = 0, flags = 0;
    gss_OID mechanism = GSS_C_NO_OID;
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 major = gss->credential ? GSS_S_COMPLETE : take_credential(gss, &minor);
    if (GSS_ERROR(major))
        return fail_as_told(gss, major, minor);
    if (given->length == 0)
        return gss->steps == 1 ? KX_GSS_CONTINUE : fail(gss, "the client sends an empty token");
    major = sym_gss_accept_sec_context(&minor, &gss->context, gss->credential, given,
                                       GSS_C_NO_CHANNEL_BINDINGS, &name, &mechanism, &gss->token,
                                       &flags, NULL, NULL);
    KxGssState state = KX_GSS_CONTINUE;
    if (GSS_ERROR(major))
        state = fail_as_told(gss, major, minor);
    else if (major != GSS_S_CONTINUE_NEEDED &&
             (flags & GSS_C_ANON_FLAG || !take_name(gss, name, mechanism)))
        state = fail(gss, "the client does not say who it is");
    else if (major != GSS_S_CONTINUE_NEEDED)
        state = complete(gss);
    if (name)
        sym_gss_release_name(&minor, &name);
    return state;
}

static KxGssState step(KxGss *gss, gss_buffer_desc *given)
{
    if (++gss->steps > STEPS_MAX)
        return fail(gss, "the exchange has no end");
    switch (gss->stage) {
    case STAGE_TOKENS:
        return accept_token(gss, given);
    case STAGE_LAST_TOKEN:
        return after_last_token(gss, given);
    case STAGE_LAYER_OFFERED:
        return finish_layer(gss, given);
    }
    return KX_GSS_FAILED;
}

void kx_gss_step(KxGss *gss, KxSlice token, KxMsgGssAnswer *ret_answer)
{
    OM_uint32 minor;
    gss_buffer_desc given = {token.len, (char *)token.data};
    g_autoptr(GBytes) modern = gss->mechanism == KX_GSS_NTLM ? kx_ntlm_modernise(token) : NULL;
    if (modern)
        given.value = (char *)g_bytes_get_data(modern, &given.length);
    sym_gss_release_buffer(&minor, &gss->token);
    KxGssState state = step(gss, &given);
    if (state != KX_GSS_FAILED && gss->token.length > TOKEN_MAX)
        state = fail(gss, "the answer is too long");
    gboolean silent = state == KX_GSS_FAILED || state == KX_GSS_LATER;
    *ret_answer = (KxMsgGssAnswer){
        .state = state,
        .token = {silent ? "" : gss->token.value, silent ? 0 : gss->token.length},
        .name = state == KX_GSS_DONE ? gss->name : NULL,
        .authzid = state == KX_GSS_DONE ? gss->authzid : NULL,
        .text = gss->text,
    };
}

/* ---- before the sandbox ---- */

/* NTLM is made of old ciphers and character sets: their modules stay where they are, so that nobody
 * has to map code when it is too late for that. What a client says first makes the mechanism open
 * the rest. */
static void begin_ntlm(void)
{
    static const char negotiate[40] = "NTLMSSP\0\1\0\0\0\6\x82\x08";
    KxMsgGssAnswer answer;
    g_autoptr(KxGss) gss = kx_gss_new(KX_GSS_NTLM, TRUE);
    iconv_open("UTF-16LE", "UTF-8");
    OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "legacy");
    kx_gss_step(gss, (KxSlice){negotiate, sizeof negotiate}, &answer);
}

void kx_gss_warm_up(void)
{
    OM_uint32 minor;
    gss_OID_set mechanisms = GSS_C_NO_OID_SET;
    if (sym_gss_indicate_mechs(&minor, &mechanisms) == GSS_S_COMPLETE)
        sym_gss_release_oid_set(&minor, &mechanisms);
    begin_ntlm();
}
