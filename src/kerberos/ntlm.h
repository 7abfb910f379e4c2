/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of NTLM ([MS-NLMP]) in the form that all programs used once and curl and Mozilla's still
 * do: without the version that the mechanism wants to be there, though it means nothing unless a
 * flag says so. Pure.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* The same message with a version, or NULL: it is none of those. */
GBytes *kx_ntlm_modernise(KxSlice message);
