/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's envelope files: what is accepted is written the same way twice. */
#include "flow/envelope.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autofree char *copy = g_memdup2(data, size);
    g_autoptr(KxEnvelope) envelope = kx_envelope_parse(copy ? copy : "", size, NULL);
    if (!envelope)
        return 0;
    g_autofree char *once = kx_envelope_format(envelope);
    g_autoptr(GError) error = NULL;
    g_autoptr(KxEnvelope) again = kx_envelope_parse(once, strlen(once), &error);
    g_assert_no_error(error);
    g_autofree char *twice = kx_envelope_format(again);
    g_assert_cmpstr(once, ==, twice);
    return 0;
}
