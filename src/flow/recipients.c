/* SPDX-License-Identifier: Apache-2.0 */
/* ALIAS-07 to ALIAS-11, GRP-01, GRP-11, USR-23, USR-34. */
#include "flow/recipients.h"

#include "base/error.h"
#include "directory/names.h"
#include "directory/resolve.h"
#include "directory/srs.h"
#include "flow/public-folder.h"
#include "ipc/message.h"

void kx_recipients_init(KxRecipients *recipients, KxDirectory *directory, KxStore *store,
                        KxLogger *logger, KxEnvelope *envelope, const KxSender *sender,
                        gboolean relays)
{
    *recipients = (KxRecipients){
        .directory = directory,
        .store = store,
        .logger = logger,
        .envelope = envelope,
        .sender = sender,
        .relays = relays,
        .there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
}

void kx_recipients_clear(KxRecipients *recipients)
{
    g_clear_pointer(&recipients->there, g_hash_table_unref);
}

static void log_steps(KxLogger *logger, const char *address, const KxResolution *resolution)
{
    for (guint i = 0; resolution->steps && i < resolution->steps->len; i++)
        kx_debug(logger, KX_DEBUG_ALIAS_EXPANSION, "<%s> %s", address,
                 (const char *)resolution->steps->pdata[i]);
}

/* ---- who may ---- */

static gboolean is_in(const KxDestination *destination, const char *domain)
{
    return g_strcmp0(destination->domain, domain) == 0;
}

static gboolean folder_is_there(const KxRecipients *recipients, const KxDestination *destination)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxAccount) account =
        kx_public_folder_open(recipients->store, recipients->directory, destination->domain,
                              destination->address, &error);
    /* A store that fails may work again when it comes to delivery. */
    return account || error->code != KX_ERR_NOT_FOUND;
}

/* Who may send anywhere is not held up while somebody else asks. */
static KxRecipientResult judge_forward(const KxRecipients *recipients, const char *address)
{
    KxVerifyResult result =
        recipients->verifier ? kx_verify_address(recipients->verifier, address) : KX_VERIFY_UNKNOWN;
    if (result == KX_VERIFY_BUSY && !recipients->relays)
        return KX_RECIPIENT_LATER;
    return result == KX_VERIFY_BAD ? KX_RECIPIENT_UNKNOWN : KX_RECIPIENT_TAKEN;
}

static KxRecipientResult judge(const KxRecipients *recipients, const KxDestination *destination)
{
    const KxSender *sender = recipients->sender;
    if (sender && sender->confined && !is_in(destination, sender->confined))
        return KX_RECIPIENT_CONFINED;
    if (sender && destination->local_only && !is_in(destination, sender->domain))
        return KX_RECIPIENT_LOCAL_ONLY;
    if (destination->kind == KX_DEST_FORWARD)
        return judge_forward(recipients, destination->address);
    if (destination->kind == KX_DEST_PUBLIC && !folder_is_there(recipients, destination))
        return KX_RECIPIENT_UNKNOWN;
    return KX_RECIPIENT_TAKEN;
}

/* ---- into the envelope ---- */

/* What the Sent line says: where the mail goes in the end. */
static char *final_address(const KxDestination *destination)
{
    return destination->kind == KX_DEST_PUBLIC
               ? g_strconcat(KX_NAME_PUBLIC, destination->address, "@", destination->domain, NULL)
               : g_strdup(destination->address);
}

static char *account_of(const KxDestination *destination)
{
    if (destination->kind == KX_DEST_PUBLIC)
        return g_strconcat(KX_ENVELOPE_PUBLIC, destination->domain, NULL);
    return destination->kind == KX_DEST_MAILBOX ? g_strdup(destination->address) : NULL;
}

/* The domain of an address elsewhere is the same in any case, the rest may not be. */
static char *place_of(const KxDestination *destination, const char *final)
{
    KxDestinationKind kind = destination->kind;
    const char *at = kind == KX_DEST_REMOTE || kind == KX_DEST_FORWARD ? strrchr(final, '@') : NULL;
    if (!at)
        return g_strdup(final);
    g_autofree char *domain = g_utf8_strdown(at, -1);
    return g_strdup_printf("%.*s%s", (int)(at - final), final, domain);
}

static void add_destination(KxRecipients *recipients, const KxDestination *destination,
                            const char *address, guint notify, const char *orcpt)
{
    g_autofree char *final = final_address(destination);
    if (!g_hash_table_add(recipients->there, place_of(destination, final)))
        return;
    g_autofree char *account = account_of(destination);
    KxEnvelopeRcpt *rcpt = kx_envelope_add(recipients->envelope, final, account);
    rcpt->folder = destination->kind == KX_DEST_PUBLIC ? g_strdup(destination->address) : NULL;
    rcpt->original = strcmp(final, address) != 0 ? g_strdup(address) : NULL;
    if (destination->kind == KX_DEST_REMOTE && rcpt->original)
        rcpt->sender = kx_srs_sender(recipients->directory, recipients->envelope->sender, address);
    rcpt->notify = notify;
    rcpt->orcpt = g_strdup(orcpt);
}

static void log_left_out(const KxRecipients *recipients, const char *address,
                         const KxDestination *destination, KxRecipientResult why)
{
    g_autofree char *final = final_address(destination);
    kx_log(recipients->logger, KX_LOG_WARNING, "Mail from <%s> to <%s> does not reach %s: %s",
           recipients->envelope->sender, address, final,
           why == KX_RECIPIENT_LOCAL_ONLY         ? "it takes mail from its own domain alone"
           : destination->kind == KX_DEST_FORWARD ? "the forward host takes no mail for it"
                                                  : "there is no such public folder for mail");
}

/* The destinations that may have the mail; why not if none may. */
static KxRecipientResult choose(const KxRecipients *recipients, const char *address,
                                const KxResolution *resolution, GPtrArray *chosen)
{
    guint n = resolution->destinations->len;
    g_autofree KxRecipientResult *results = g_new(KxRecipientResult, n);
    KxRecipientResult why = KX_RECIPIENT_UNKNOWN;
    for (guint i = 0; i < n; i++) {
        results[i] = judge(recipients, resolution->destinations->pdata[i]);
        if (results[i] == KX_RECIPIENT_CONFINED || results[i] == KX_RECIPIENT_LATER)
            return results[i];
        if (results[i] == KX_RECIPIENT_TAKEN)
            g_ptr_array_add(chosen, resolution->destinations->pdata[i]);
        else
            why = results[i];
    }
    if (chosen->len == 0)
        return why;
    for (guint i = 0; chosen->len < n && i < n; i++)
        if (results[i] != KX_RECIPIENT_TAKEN)
            log_left_out(recipients, address, resolution->destinations->pdata[i], results[i]);
    return KX_RECIPIENT_TAKEN;
}

/* Of a group the sender hears that it was reached, not who is in it. */
static void note_expansion(KxEnvelope *envelope, const char *address, const char *orcpt)
{
    KxEnvelopeRcpt *rcpt = g_new0(KxEnvelopeRcpt, 1);
    rcpt->address = g_strdup(address);
    rcpt->orcpt = g_strdup(orcpt);
    rcpt->duty = KX_DUTY_DONE;
    rcpt->notify = KX_NOTIFY_SUCCESS;
    g_ptr_array_add(envelope->expanded, rcpt);
}

KxRecipientResult kx_recipients_add(KxRecipients *recipients, const char *address, guint notify,
                                    const char *orcpt)
{
    static const KxRecipientResult refused[] = {
        [KX_RCPT_LOCAL] = KX_RECIPIENT_TAKEN,       [KX_RCPT_UNKNOWN] = KX_RECIPIENT_UNKNOWN,
        [KX_RCPT_DISABLED] = KX_RECIPIENT_DISABLED, [KX_RCPT_REMOTE] = KX_RECIPIENT_ELSEWHERE,
        [KX_RCPT_LATER] = KX_RECIPIENT_LATER,
    };
    KxLogger *logger = recipients->logger;
    g_autoptr(KxResolution) resolution =
        kx_resolve(recipients->directory, address, kx_debug_on(logger, KX_DEBUG_ALIAS_EXPANSION));
    log_steps(logger, address, resolution);
    if (resolution->kind != KX_RCPT_LOCAL &&
        !(resolution->kind == KX_RCPT_REMOTE && recipients->relays))
        return refused[resolution->kind];
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();
    KxRecipientResult result = choose(recipients, address, resolution, chosen);
    if (result != KX_RECIPIENT_TAKEN)
        return result;
    if (recipients->envelope->recipients->len + chosen->len > KX_ENVELOPE_RECIPIENTS)
        return KX_RECIPIENT_TOO_MANY;
    kx_envelope_give(recipients->envelope, address);
    if (chosen->len > 1 && (notify & KX_NOTIFY_SUCCESS)) {
        note_expansion(recipients->envelope, address, orcpt);
        notify &= ~(guint)KX_NOTIFY_SUCCESS;
        if (notify == 0)
            notify = KX_NOTIFY_NEVER;
    }
    for (guint i = 0; i < chosen->len; i++)
        add_destination(recipients, chosen->pdata[i], address, notify, orcpt);
    return KX_RECIPIENT_TAKEN;
}
