/* SPDX-License-Identifier: Apache-2.0 */
/* ENABLE (RFC 9051 section 6.3.1, RFC 5161). Unknown names are passed over. */
#include "base/text.h"
#include "imap/notify.h"

static const struct {
    const char *name;
    guint flag; /* KxImapEnabled */
} extensions[] = {
    {"IMAP4rev2", KX_IMAP_REV2},           {"CONDSTORE", KX_IMAP_CONDSTORE},
    {"QRESYNC", KX_IMAP_QRESYNC},          {"UIDONLY", KX_IMAP_UIDONLY},
    {"UTF8=ACCEPT", KX_IMAP_UTF8},  /* RFC 6855 */
    {"METADATA", KX_IMAP_METADATA}, /* RFC 5464 */
    {"METADATA-SERVER", KX_IMAP_METADATA},
};

static guint find(KxSlice name)
{
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (kx_ascii_equal(name.data, name.len, extensions[i].name))
            return extensions[i].flag;
    }
    return 0;
}

static void enable(KxImap *imap, guint wanted)
{
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (wanted & ~imap->enabled & extensions[i].flag)
            kx_session_printf(imap->session, " %s", extensions[i].name);
    }
    kx_session_puts(imap->session, "\r\n");
    if (wanted & (KX_IMAP_CONDSTORE | KX_IMAP_QRESYNC)) /* RFC 7162 section 3.2.3 */
        kx_imap_use_condstore(imap);
    imap->enabled |= wanted;
    if (wanted & KX_IMAP_METADATA)
        kx_imap_notify_start(imap);
}

void kx_imap_cmd_enable(KxImap *imap, KxImapParser *args)
{
    guint wanted = 0;
    do {
        KxSlice name = {0};
        if (!kx_imap_parse_space(args) || !kx_imap_parse_atom(args, &name))
            break;
        wanted |= find(name);
    } while (!kx_imap_at_end(args));
    if (!kx_imap_check(imap, args))
        return;
    kx_session_puts(imap->session, "* ENABLED");
    enable(imap, wanted);
    kx_imap_ok(imap, NULL, "ENABLE completed");
}
