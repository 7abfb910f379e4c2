/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core half of SMTP: decides about recipients, takes the content, adds the trace fields and
 * hands the message to the queue (flow/queue.h). The dialogue is the edge's (smtp/smtp-edge.h).
 */
#pragma once

#include "core/session.h"

extern const KxHandler kx_smtp_handler;
