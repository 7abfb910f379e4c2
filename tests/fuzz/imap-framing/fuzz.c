/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framing: what it makes of a stream must not depend on how the stream is cut. The first byte
 * gives mode, answers to spooling and the size of the pieces.
 */
#include "imap/framing.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

enum { HASH_START = 5381 };

typedef struct {
    guint64 events; /* a hash over all of them */
    guint64 content;
    gboolean fatal;
} Outcome;

static void mix(Outcome *outcome, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        outcome->events = outcome->events * 33 + ((const guchar *)bytes)[i];
}

static void act(KxFramer *framer, KxFrame frame, gboolean refuse, Outcome *outcome)
{
    mix(outcome, &frame, sizeof frame);
    if (frame == KX_FRAME_COMMAND) {
        mix(outcome, framer->text.data, framer->text.len);
        g_assert_cmpuint(framer->text.len, <=, KX_IMAP_COMMAND_MAX + 1);
        g_assert_true(framer->text.len >= 2 && framer->text.data[framer->text.len - 1] == '\n');
        kx_framer_finish(framer);
    } else if (frame == KX_FRAME_SPOOL && refuse) {
        kx_framer_refuse(framer);
    } else if (frame == KX_FRAME_SPOOL) {
        kx_framer_accept(framer);
    } else if (frame == KX_FRAME_TOO_BIG) {
        mix(outcome, framer->tag, strlen(framer->tag));
    }
}

static Outcome run(const guint8 *data, size_t size, KxFramingMode mode, gboolean refuse,
                   size_t piece)
{
    Outcome outcome = {.events = HASH_START};
    g_auto(KxFramer) framer;
    kx_framer_init(&framer, mode);
    for (size_t at = 0; at < size && !outcome.fatal;) {
        size_t used;
        KxFrame frame =
            kx_framer_next(&framer, (const char *)data + at, MIN(piece, size - at), &used);
        at += used;
        if (frame == KX_FRAME_CONTENT)
            outcome.content += used;
        else if (frame != KX_FRAME_MORE)
            act(&framer, frame, refuse, &outcome);
        outcome.fatal = frame == KX_FRAME_FATAL;
        g_assert_true(used > 0 || frame != KX_FRAME_MORE);
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    KxFramingMode mode = (data[0] & 3) % KX_FRAMING_COUNT;
    gboolean refuse = (data[0] & 4) != 0;
    Outcome whole = run(data + 1, size - 1, mode, refuse, size);
    Outcome pieces = run(data + 1, size - 1, mode, refuse, 1 + (data[0] >> 3));
    g_assert_cmpuint(whole.events, ==, pieces.events);
    g_assert_cmpuint(whole.content, ==, pieces.content);
    return 0;
}
