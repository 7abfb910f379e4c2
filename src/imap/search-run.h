/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a search as a cursor: in slices of time, so that a client that leaves is noticed and others
 * get their turn; then writes the result (RFC 9051 section 7.3.4 ESEARCH, RFC 3501 section 7.2.5
 * SEARCH).
 */
#pragma once

#include "imap/search-args.h"

/* Searches, answers and ends the command. Takes the program, which has been resolved. */
void kx_search_run(KxImap *imap, KxSearchProgram *program);
