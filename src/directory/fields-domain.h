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
KX_FIELD(DOMAIN, DIRECTORY, "directory", "Directory_type", 0, directory_type, directory, "DIR-01 DIR-10 DOM-41",
    "Takes users and groups of the domain from an LDAP directory, beside those that are kept here: active-directory (Samba too), openldap (and others with the schemas of RFC 2307 and inetOrgPerson), freeipa or edirectory (Novell, NetIQ, OpenText); it decides where the attributes are found. none: no directory.")
KX_FIELD(DOMAIN, DIRECTORY_ACTIVATE, "directory-activate", "Directory_activate", 0, activate, directory_activate, "USR-06",
    "Which users of the directory are users here: all, or those chosen with keryx directory activate; the others get no mail and cannot sign in. Who is one here already stays, when it becomes chosen.")
KX_FIELD(DOMAIN, DIRECTORY_HOSTS, "directory-hosts", "Directory_hosts", 0, directory_hosts, directory_hosts, "DIR-11 DIR-15",
    "The servers of the directory, as host or host:port; each further one is asked when those before do not answer. The usual port is 636, or 389 without tls.")
KX_FIELD(DOMAIN, DIRECTORY_TLS, "directory-tls", "Directory_TLS", 0, fetch_tls, directory_tls, "DIR-12",
    "How the connection is protected: tls from the first byte (LDAPS, default) or starttls. The certificate must be good and name the host. none sends all passwords in the clear, for anybody on the way to read.")
KX_FIELD(DOMAIN, DIRECTORY_CA, "directory-ca", "Directory_CA", 0, lines, directory_ca, "DIR-12",
    "Certificates (PEM) of the authorities that vouch for the servers, in place of those the system trusts.")
KX_FIELD(DOMAIN, DIRECTORY_USER, "directory-user", "Directory_user", 0, text, directory_user, "DIR-13 DIR-14",
    "Who reads the directory: a DN, or in an Active Directory also name@domain; it needs no more than to read. Empty: nobody, if the directory lets nobody read.")
KX_FIELD(DOMAIN, DIRECTORY_PASSWORD, "directory-password", "Directory_password", KX_FIELD_HIDDEN, secret, directory_password, "DIR-13 DIR-14",
    "The password of that user. It is never shown.")
KX_FIELD(DOMAIN, DIRECTORY_NAME, "directory-name", "Directory_domain", 0, domain, directory_name, "DIR-16",
    "Name of the domain in the directory, if it is another one; from it comes directory-base.")
KX_FIELD(DOMAIN, DIRECTORY_BASE, "directory-base", "Directory_base", 0, text, directory_base, "DIR-17",
    "DN of the entry below which users and groups are. Empty: dc=company,dc=test for company.test; an edirectory has no usual one, name it (o=Company).")
KX_FIELD(DOMAIN, DIRECTORY_USERS, "directory-users", "Directory_users", 0, filter, directory_users, "DIR-22",
    "LDAP filter of the entries that are users here. Empty: as is usual in that type of directory.")
KX_FIELD(DOMAIN, DIRECTORY_GROUPS, "directory-groups", "Directory_groups", 0, filter, directory_groups, "DIR-27",
    "The same of groups.")
KX_FIELD(DOMAIN, DIRECTORY_ATTRIBUTES, "directory-attributes", "Directory_attributes", 0, attributes, directory_attributes, "DIR-20 DIR-28",
    "Attributes in place of the usual ones, as what=attribute, several with + between (addresses=mail+mailAlternateAddress), what= for none. What: name, enabled, full-name, description, addresses, forward, forward-only, quota, quota-items, admin; of groups group-name, group-description, members, group-addresses, group-admin.")
KX_FIELD(DOMAIN, DIRECTORY_REFRESH, "directory-refresh", "Directory_refresh", 0, interval, directory_refresh, "DIR-03 USR-20",
    "How often all users and groups are looked at, so that changes and removals count, like 10m; 0: each minute. New users are found before that, as soon as they sign in or get mail.")
KX_FIELD(DOMAIN, DIRECTORY_TIMEOUT, "directory-timeout", "Directory_timeout", 0, seconds, directory_timeout, "DIR-15",
    "How long one answer of a server may take before the next is asked; 0: 5 seconds.")
KX_FIELD(DOMAIN, KERBEROS_REALM, "kerberos-realm", "Kerberos_realm", 0, realm, kerberos_realm, "DOM-25 KRB-06 KRB-18 DIR-30",
    "Kerberos realm of the domain's users, in capital letters, as krb5.conf and the keytab of the host have it: tickets of it are taken from them, and it checks the passwords of those with authentication=kerberos. Empty means, with an Active Directory, the name of that; else there is none.")
KX_FIELD(DOMAIN, NT_DOMAIN, "nt-domain", "NT_domain", 0, nt_domain, nt_domain, "DOM-26 NTLM-02",
    "Short name of the Windows domain (NetBIOS) of the domain's users, for NTLM: COMPANY for company.com. Empty: NTLM lets nobody of the domain in.")
KX_FIELD(DOMAIN, PAM_SERVICE, "pam-service", "PAM_service", 0, pam_service, pam_service, "DOM-24",
    "The PAM service, a file in /etc/pam.d, that checks the passwords of those with authentication=pam. Empty: keryx, which the package brings.")
KX_FIELD(DOMAIN, OIDC_ISSUER, "oidc-issuer", "OIDC_issuer", 0, oidc_issuer, oidc_issuer, "TECH-43",
    "Provider of OpenID Connect whose tokens the domain's users may sign in with in place of passwords (OAUTHBEARER, XOAUTH2): its issuer URL, exactly as the provider writes it, below which /.well-known/openid-configuration is. Empty: none.")
KX_FIELD(DOMAIN, OIDC_AUDIENCE, "oidc-audience", "OIDC_audience", 0, oidc_audience, oidc_audience, "TECH-43",
    "Whom tokens must be for: what the provider writes into aud for this server, several separated by commas. Empty: each token is shown to the provider, as oidc-client-id, and any that it calls good counts.")
KX_FIELD(DOMAIN, OIDC_CLAIM, "oidc-claim", "OIDC_claim", 0, oidc_claim, oidc_claim, "TECH-43",
    "The claim of a token that names the account, by its name or an address. Empty: email, which counts only if the provider says that it is verified (email_verified). With any other the provider must keep users from choosing it.")
KX_FIELD(DOMAIN, OIDC_SCOPES, "oidc-scopes", "OIDC_scopes", 0, oidc_scopes, oidc_scopes, "TECH-43",
    "Scopes that a token must have, all of them. Empty: none.")
KX_FIELD(DOMAIN, OIDC_CLIENT_ID, "oidc-client-id", "OIDC_client_ID", 0, client_id, oidc_client_id, "TECH-43",
    "By what name this server asks the provider about tokens that say nothing by themselves (introspection). Empty: such tokens do not count.")
KX_FIELD(DOMAIN, OIDC_CLIENT_SECRET, "oidc-client-secret", "OIDC_client_secret", KX_FIELD_HIDDEN, client_secret, oidc_client_secret, "TECH-43",
    "The secret that belongs to it. It is never shown.")
KX_FIELD(DOMAIN, OIDC_CA, "oidc-ca", "OIDC_CA", 0, lines, oidc_ca, "TECH-43",
    "Certificates (PEM) of the authorities that vouch for the provider's web server, in place of those the system trusts.")
KX_FIELD(DOMAIN, RECOVERABLE, "recoverable-passwords", "Recoverable_passwords", 0, bool, recoverable, "AUTH-06 AUTH-09 AUTH-10",
    "yes keeps passwords that are set from then on so that the server can read them, for programs that know CRAM-MD5 or APOP only. Unsafe: who gets server.db and passwords.key has the passwords. no deletes what was kept so.")
KX_FIELD(DOMAIN, APP_PASSWORDS_ONLY, "app-passwords-only", "App_passwords_only", 0, bool, app_passwords_only, "",
    "yes lets mail programs of the domain's users sign in with application passwords (keryx user app-password) or tokens only; the users' own passwords then open the administration alone.")
KX_FIELD(DOMAIN, PASSWORD_LENGTH, "password-length", "Password_length", 0, count, password_length, "HOST-22",
    "Fewest characters that passwords of the domain's users may have when they are set. 0: those of auth.password-length.")
KX_FIELD(DOMAIN, PASSWORD_CLASSES, "password-classes", "Password_classes", 0, count, password_classes, "HOST-22",
    "Of how many of four kinds of characters they must have some: small letters, capitals, digits, others. 0: as auth.password-classes says.")
KX_FIELD(DOMAIN, PASSWORD_CHANGE, "password-change", "Password_change", 0, override, password_change, "HOST-24",
    "no keeps users of the domain from changing their passwords themselves; administrators still can. Empty means yes.")
KX_FIELD(DOMAIN, DKIM_SIGN, "dkim-sign", "DKIM_sign", 0, override, dkim_sign, "",
    "no leaves what the domain sends to other servers without its signature (DKIM), and what it sends on without a seal (ARC). Empty means yes: it is signed with all keys of keryx dkim list.")
/* clang-format on */
