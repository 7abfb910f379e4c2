/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of domains; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(DOMAIN, PRIMARY, "primary", "Primary", 0, bool, primary, "DOM-07",
    "yes makes this the primary domain, whose users sign in with their bare name; the old one loses it.")
KX_FIELD(DOMAIN, DESCRIPTION, "description", "Description", 0, text, description, "DOM-05",
    "Free text.")
KX_FIELD(DOMAIN, ALIASES, "aliases", "Aliases", 0, domains, aliases, "DOM-20",
    "Further domains whose mail is delivered to this one, separated by commas.")
KX_FIELD(DOMAIN, BOUND_IP, "bound-ip", "Bound_ip", 0, ip, bound_ip, "DOM-27",
    "Address of this server on which the users of the domain sign in with their bare name.")
KX_FIELD(DOMAIN, SOURCE_IPS, "source-ips", "Source_IPs", 0, source_ips, source_ips, "OVR-51",
    "Local addresses that mail of senders in the domain leaves from, one of IPv4 and one of IPv6 at most. Empty: the system chooses; so it does for servers of the other kind, if only one is given.")
KX_FIELD(DOMAIN, MAX_MESSAGE_SIZE, "max-message-size", "Max_message_size", 0, size, max_message_size, "DOM-09 LIM-05",
    "Largest message that users of the domain may send; may carry K, M or G. 0 means no limit.")
KX_FIELD(DOMAIN, OWN_ADDRESSES, "own-addresses-only", "Own_addresses_only", 0, override, own_addresses, "",
    "no lets users who have signed in send with addresses that are not their own; empty means yes.")
KX_FIELD(DOMAIN, FOOTER, "footer", "Footer", 0, lines, footer, "DOM-10 HOST-74",
    "Text that is appended to messages from addresses in the domain.")
KX_FIELD(DOMAIN, FOOTER_HTML, "footer-html", "Footer_html", 0, lines, footer_html, "DOM-10",
    "The same for text in HTML. Empty: made from the plain text.")
KX_FIELD(DOMAIN, FOOTER_EXTERNAL, "footer-external-only", "Footer_external_only", 0, bool, footer_external, "DOM-11",
    "yes appends no footer to messages that go to recipients on this server alone.")
KX_FIELD(DOMAIN, REPORT_LANGUAGE, "report-language", "Report_language", 0, language, report_language, "SMTP-34",
    "Language of what the server writes to users of the domain, like de. Empty means that of the setting reports.language.")
KX_FIELD(DOMAIN, CLEAN_JUNK_DAYS, "clean-junk-days", "Clean_junk_days", 0, days, clean_junk_days, "DOM-15",
    "Items that have been in the junk folder of a user for so many days are deleted. 0 means never.")
KX_FIELD(DOMAIN, CLEAN_TRASH_DAYS, "clean-trash-days", "Clean_trash_days", 0, days, clean_trash_days, "DOM-15",
    "Items that have been in Deleted Items of a user for so many days are deleted. 0 means never.")
KX_FIELD(DOMAIN, KEEP_DELETED_DAYS, "keep-deleted-days", "Keep_deleted_days", 0, year, keep_deleted_days, "DOM-13",
    "Items that users delete for good are kept for so many days, 365 at most, so that keryx user recover brings them back. 0 means that they are not kept.")
KX_FIELD(DOMAIN, USER_LIMIT, "user-limit", "User_limit", 0, count, user_limit, "DOM-06 WADM-12 HOST-59",
    "Most users the domain may have, whoever adds them; those it has stay. 0 means no limit.")
KX_FIELD(DOMAIN, FORWARD_HOST, "forward-host", "Forward_host", 0, host, forward_host, "DOM-34 DOM-35 OVR-50",
    "Server that gets the mail for names that are nobody's here: a host name or an IP address. The domain needs no accounts for it. Empty: such mail is refused.")
KX_FIELD(DOMAIN, FORWARD_PORT, "forward-port", "Forward_port", 0, port, forward_port, "DOM-34",
    "Port of that server; 0: that of smtp.delivery-port.")
KX_FIELD(DOMAIN, FORWARD_MODE, "forward-mode", "Forward_mode", 0, forward_mode, forward_mode, "DOM-34 DOM-36 DOM-38 DOM-39",
    "When that mail is sent: online at once, etrn when the server asks for it by the SMTP command ETRN, schedule when a schedule sends the queue.")
KX_FIELD(DOMAIN, FORWARD_ALIASES, "forward-aliases", "Forward_aliases", 0, bool, forward_aliases, "DOM-31 DOM-34",
    "yes also forwards mail to names in the domain's aliases. Where two servers share a domain, and each forwards to the other by such an alias, this makes mail for unknown names go round.")
KX_FIELD(DOMAIN, FORWARD_VERIFY, "forward-verify", "Forward_verify", 0, override, forward_verify, "DOM-35",
    "no takes mail for any name. Empty means yes: that server is asked, while it is up, whether it would take mail for a name before a sender is told that this one does. Not with the mode schedule.")
KX_FIELD(DOMAIN, ETRN_GROUP, "etrn-group", "ETRN_group", 0, group_name, etrn_group, "ETRN-05",
    "IP address group whose members may ask by ETRN that mail waiting for the forward host is sent to it; the host itself always may.")
KX_FIELD(DOMAIN, ETRN_USERS, "etrn-users", "ETRN_users", 0, addresses, etrn_users, "ETRN-05",
    "Users of this server who may do so after they have signed in, as name@domain.")
/* clang-format on */
