/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switches of the Debug log (LOG-65 to LOG-103), each one bit of a mask.
 *
 * X(ID, slug, title, group). The slug is what settings and log lines say; title and group are what
 * the administration shows. Three options of the original are named for what took their place: the
 * webmail application (PHP engine), JMAP (the Outlook connector's protocol), WebDAV with CalDAV and
 * CardDAV. Two have no counterpart and are left out: SyncML and the crash reporter of Mac OS X.
 */
#pragma once

#define KX_DEBUG_TOPICS(X)                                                                         \
    X(SMTP_SERVER, "smtp-server", "SMTP Server", "Services")                                       \
    X(IMAP_SERVER, "imap-server", "IMAP Server", "Services")                                       \
    X(POP3_SERVER, "pop3-server", "POP3 Server", "Services")                                       \
    X(HTTP_SERVER, "http-server", "HTTP Server", "Services")                                       \
    X(LDAP_SERVER, "ldap-server", "LDAP Server", "Services")                                       \
    X(NNTP_SERVER, "nntp-server", "NNTP Server", "Services")                                       \
    X(QUEUE, "queue", "Queue Processing", "Message Delivery")                                      \
    X(POP3_DOWNLOAD, "pop3-download", "Remote POP3 Download", "Message Delivery")                  \
    X(SMTP_CLIENT, "smtp-client", "SMTP Client", "Message Delivery")                               \
    X(MAILING_LIST, "mailing-list", "Mailing List Processing", "Message Delivery")                 \
    X(ALIAS_EXPANSION, "alias-expansion", "Alias Expansion", "Message Delivery")                   \
    X(SIEVE, "sieve", "Sieve Filters", "Message Delivery")                                         \
    X(ANTIVIRUS, "antivirus", "Antivirus Checking", "Content Filters")                             \
    X(SPAM_FILTER, "spam-filter", "Spam Filter", "Content Filters")                                \
    X(SENDER_AUTHENTICATION, "sender-authentication", "SPF, DKIM, DMARC and ARC",                  \
      "Content Filters")                                                                           \
    X(SPAMASSASSIN, "spamassassin", "SpamAssassin Processing", "Content Filters")                  \
    X(FOLDER_OPERATIONS, "folder-operations", "Message Folder Operations", "Message Store")        \
    X(SEARCH_SORT, "search-sort", "Searching and Sorting", "Message Store")                        \
    X(QUOTA_LOGIN, "quota-login", "Quota and Login Statistics", "Message Store")                   \
    X(BACKUP, "backup", "Store Backup", "Message Store")                                           \
    X(DECODING, "decoding", "Messages decoding", "Message Store")                                  \
    X(CLEAN_OUT, "clean-out", "Items clean-out", "Message Store")                                  \
    X(WEBDAV, "webdav", "WebDAV Server Requests", "HTTP Server Modules")                           \
    X(WEBMAIL, "webmail", "Webmail Application Messages", "HTTP Server Modules")                   \
    X(ACTIVESYNC, "activesync", "ActiveSync Synchronization", "HTTP Server Modules")               \
    X(JMAP, "jmap", "JMAP Requests", "HTTP Server Modules")                                        \
    X(USER_AUTHENTICATION, "user-authentication", "User Authentication", "Auxiliary Modules")      \
    X(TLS, "tls", "Network Connections and TLS", "Auxiliary Modules")                              \
    X(DNS, "dns", "DNS Resolver", "Auxiliary Modules")                                             \
    X(DIRECTORY_LOOKUP, "directory-lookup", "Directory Service Lookup", "Auxiliary Modules")       \
    X(UPDATE_CHECKER, "update-checker", "Update Checker Activity", "Auxiliary Modules")            \
    X(THREAD_POOL, "thread-pool", "Thread Pool Activity", "Auxiliary Modules")                     \
    X(ADMINISTRATION, "administration", "Administration Console Connections", "Auxiliary Modules") \
    X(SERVICE_MANAGER, "service-manager", "Service Manager", "Local Services")                     \
    X(RESOURCE_SERVICE, "resource-service", "Resource Service", "Local Services")                  \
    X(GAL_SERVICE, "gal-service", "GAL Service", "Local Services")
