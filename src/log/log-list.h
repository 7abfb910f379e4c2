/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight logs (LOG-03), in the order in which they are shown.
 *
 * X(ID, slug, title, syslog severity, rotate at KB, files kept)
 *
 * The live file is "<slug>.log" in the log directory. Severity is RFC 5424 section 6.2.1; the sizes
 * and counts are the defaults an administrator may change.
 */
#pragma once

#define KX_LOG_LIST(X)                                                                             \
    X(CONFIG, "config", "Config", 6, 10240, 10)                                                    \
    X(MAIL, "mail", "Mail", 6, 10240, 10)                                                          \
    X(SECURITY, "security", "Security", 5, 10240, 10)                                              \
    X(WARNING, "warning", "Warning", 4, 10240, 10)                                                 \
    X(OPERATIONS, "operations", "Operations", 6, 10240, 10)                                        \
    X(ERROR, "error", "Error", 3, 10240, 10)                                                       \
    X(SPAM, "spam", "Spam", 6, 10240, 10)                                                          \
    X(DEBUG, "debug", "Debug", 7, 10240, 10)
