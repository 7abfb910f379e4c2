/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The footer of a domain under messages that are sent from it (DOM-10, DOM-11, HOST-74). For every
 * way of sending, when content and envelope are complete. Thread-safe.
 */
#pragma once

#include "directory/sender.h"
#include "flow/envelope.h"
#include "store/incoming.h"

/* If the message gets a footer, *incoming is replaced by content that has it. FALSE: the store
 * failed, and *incoming is as it was. */
gboolean kx_footer_apply(KxDirectory *directory, KxStore *store, const KxSender *sender,
                         const KxEnvelope *envelope, KxIncoming **incoming, GError **error);
