/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Sender Policy Framework (RFC 7208): whether a client may send mail in the name of a domain,
 * as that says in DNS. Explanations (exp=) are not fetched: nobody is shown them.
 *
 * Threads: from any thread; blocks while DNS is asked, ten times at most and what belongs to that,
 * and not again after the deadline.
 */
#pragma once

#include "courier/resolver.h"

/* The result, a static word of section 2.6: "pass", "fail", "softfail", "neutral", "none",
 * "temperror", "permerror". `sender` is the address of MAIL FROM; if it is empty, `helo` is asked
 * about (section 2.4). `deadline` is monotonic, in microseconds; what is not known by then is a
 * "temperror". `ret_why` is what decided, the caller's, or NULL. */
const char *kx_spf_check(KxResolver *resolver, gint64 deadline, const char *ip, const char *sender,
                         const char *helo, char **ret_why);
