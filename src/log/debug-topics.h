/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switches of the Debug log (LOG-65 to LOG-103), each one bit of a mask. A topic is listed when
 * something in the program writes under it, not before.
 *
 * X(ID, slug, title, group). The slug is what settings and log lines say; title and group are what
 * the administration shows.
 */
#pragma once

#define KX_DEBUG_TOPICS(X)                                                                         \
    X(SMTP_SERVER, "smtp-server", "SMTP Server", "Services")                                       \
    X(IMAP_SERVER, "imap-server", "IMAP Server", "Services")                                       \
    X(POP3_SERVER, "pop3-server", "POP3 Server", "Services")                                       \
    X(HTTP_SERVER, "http-server", "HTTP Server", "Services")                                       \
    X(QUEUE, "queue", "Queue Processing", "Message Delivery")                                      \
    X(REMOTE_POP3, "remote-pop3", "Remote POP3 Download", "Message Delivery")                      \
    X(ALIAS_EXPANSION, "alias-expansion", "Alias Expansion", "Message Delivery")                   \
    X(SPF_LOOKUP, "spf-record-lookup", "SPF Record Lookup", "Message Delivery")                    \
    X(FOLDER_OPERATIONS, "folder-operations", "Message Folder Operations", "Message Store")        \
    X(SEARCH_SORT, "search-sort", "Searching and Sorting", "Message Store")                        \
    X(QUOTA_LOGIN, "quota-login", "Quota and Login Statistics", "Message Store")                   \
    X(USER_AUTHENTICATION, "user-authentication", "User Authentication", "Auxiliary Modules")      \
    X(TLS, "tls", "Network Connections and TLS", "Auxiliary Modules")                              \
    X(DIRECTORY_LOOKUP, "directory-lookup", "Directory Service Lookup", "Auxiliary Modules")       \
    X(THREAD_POOL, "thread-pool", "Thread Pool Activity", "Auxiliary Modules")                     \
    X(ADMINISTRATION, "administration", "Administration Console Connections", "Auxiliary Modules") \
    X(SERVICE_MANAGER, "service-manager", "Service Manager", "Local Services")
