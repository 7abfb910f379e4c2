/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function for each data item of FETCH (RFC 9051 section 7.5.2): appends label and value for
 * the cursor's current message, or leaves a long value in cursor->literal.
 */
#pragma once

#include <glib.h>

struct KxFetchAttr;
struct KxFetchCursor;

#define KX_FETCH_WRITE(name)                                                                       \
    void kx_fetch_write_##name(struct KxFetchCursor *cursor, const struct KxFetchAttr *attr)
KX_FETCH_WRITE(uid);
KX_FETCH_WRITE(flags);
KX_FETCH_WRITE(modseq);
KX_FETCH_WRITE(internal_date);
KX_FETCH_WRITE(save_date);
KX_FETCH_WRITE(size);
KX_FETCH_WRITE(envelope);
KX_FETCH_WRITE(structure);
KX_FETCH_WRITE(body);
KX_FETCH_WRITE(section);
KX_FETCH_WRITE(binary);
KX_FETCH_WRITE(binary_size);
KX_FETCH_WRITE(email_id);
KX_FETCH_WRITE(thread_id);
KX_FETCH_WRITE(preview);

/* What each begins with: the space after the item before, and the label. */
void kx_fetch_write_label(struct KxFetchCursor *cursor, const struct KxFetchAttr *attr);
