/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of users; see directory/object-list.h. No include guard. Rows of KX_ACCOUNT are fields
 * of templates too: directory/fields-template.h takes these and leaves KX_OWN and KX_OWN_SECRET
 * out.
 */
#ifndef KX_ACCOUNT
#define KX_ACCOUNT(id, name, logged, flags, kind, member, spec, manual)                            \
    KX_FIELD(USER, id, name, logged, flags, kind, member, spec, manual)
#define KX_OWN KX_ACCOUNT
#ifdef KX_SECRET
#define KX_OWN_SECRET(id, name, logged, flags, kind, spec, manual)                                 \
    KX_SECRET(USER, id, name, logged, flags, kind, spec, manual)
#else
#define KX_OWN_SECRET(id, name, logged, flags, kind, spec, manual)                                 \
    KX_FIELD(USER, id, name, logged, flags, kind, , spec, manual)
#endif
#endif
/* clang-format off */
KX_ACCOUNT(DISABLED, "disabled", "Account_enabled", KX_FIELD_INVERTED, bool, disabled, "USR-16",
    "yes blocks the account without removing it.")
KX_ACCOUNT(AUTHENTICATION, "authentication", "Authentication", 0, authentication, authentication, "USR-14 DOM-23 KRB-19 NTLM-04 DIR-31",
    "Who checks the password: password means this server, or the directory that the account comes from; kerberos the realm of the domain (kerberos-realm), which has to know a principal of the account's name; pam the PAM service of the domain (pam-service), for the user of the account's name on this machine; a password that is kept here does not count then.")
KX_OWN_SECRET(PASSWORD, "password", "Password", 0, password, "USR-14",
    "Password of the account; an account without one cannot sign in.")
KX_OWN_SECRET(PASSWORD_HASH, "password-hash", "Password_hash", 0, hash, "USR-21",
    "A password as another server stored it, {SCHEME}HASH: it holds until its owner signs in, when our own form takes its place.")
KX_OWN(SECOND_FACTOR, "second-factor", "Second_factor", KX_FIELD_HIDDEN, totp, second_factor, "TOOL-14",
    "Secret of a second factor (TOTP), in base32 as another program shows it: who has one signs in to the administration with a code of it beside the password. keryx user second-factor new makes one.")
KX_OWN(FULL_NAME, "name", "Full_name", 0, text, full_name, "USR-12",
    "First name and surname.")
KX_OWN(SOURCE, "source", "Data_source", 0, source, source, "USR-02 USR-03 USR-14",
    "Whose the account is: internal is kept here; ldap comes from the directory of the domain, where its name, addresses and password are changed; gone is one that the directory no longer has: the account is disabled, its mail stays, and it is let in again when the directory has it again; gone-disabled is the same of an account that was disabled before, and stays so; inactive is one that keryx directory deactivate has taken out, until it is activated again.")
KX_OWN(DIRECTORY_ENTRY, "directory-entry", "Directory_entry", 0, text, directory_entry, "USR-02",
    "The name (DN) of the user's entry in the directory; the server keeps it.")
KX_ACCOUNT(PUBLISH, "publish", "Publish", 0, bool, publish, "USR-19 USR-66",
    "yes puts name and addresses of the user into the public folder Contacts, for all to find; an account without a name (name) is left out.")
KX_ACCOUNT(DESCRIPTION, "description", "Description", 0, text, description, "USR-13",
    "Free text.")
KX_OWN(ADDRESSES, "addresses", "Addresses", 0, locals, addresses, "USR-22",
    "Further addresses in the domain (the part before @), separated by commas.")
KX_ACCOUNT(GROUPS, "groups", "Groups", 0, groups, groups, "USR-24",
    "Groups of the domain which the user is a member of, separated by commas.")
KX_ACCOUNT(FORWARD, "forward", "Forward", 0, targets, forward, "USR-23",
    "Addresses that the user's mail is forwarded to, separated by commas.")
KX_ACCOUNT(FORWARD_ONLY, "forward-only", "Forward_only", 0, bool, forward_only, "USR-23",
    "yes forwards the mail without keeping it in the mailbox.")
KX_ACCOUNT(ADMIN, "admin", "Administration_rights", KX_FIELD_RIGHTS, level, admin, "USR-25",
    "Rights to administer the server: none, read (sees settings, logs and status) or full.")
KX_ACCOUNT(WEB_ADMIN, "web-admin", "Web_administration_rights", KX_FIELD_RIGHTS, bool, web_admin, "USR-26 WADM-08",
    "yes lets the user manage users, groups and aliases of the own domain.")
KX_ACCOUNT(QUOTA, "quota", "Quota", 0, size, quota, "USR-29",
    "Most bytes the mailbox may hold, all kinds of items together; may carry K, M or G. 0 means no limit.")
KX_ACCOUNT(QUOTA_ITEMS, "quota-items", "Quota_items", 0, count, quota_items, "USR-29",
    "Most items the mailbox may hold: messages, events, contacts, tasks and notes together. 0 means no limit.")
KX_ACCOUNT(MAX_MESSAGE_SIZE, "max-message-size", "Max_message_size", 0, size, max_message_size, "USR-35 LIM-04",
    "Largest message that the user may send, whatever the domain says; may carry K, M or G. 0 leaves it to the domain.")
KX_ACCOUNT(LOCAL_ONLY, "local-only", "Local_only", 0, bool, local_only, "USR-34",
    "yes lets the user send mail to and receive mail from the own domain alone.")
KX_ACCOUNT(CLEAN_JUNK_DAYS, "clean-junk-days", "Clean_junk_days", 0, own_days, clean_junk_days, "USR-36 DOM-15",
    "Items that have been in the user's junk folder for so many days are deleted; 0 means never. Empty leaves it to the domain.")
KX_ACCOUNT(CLEAN_TRASH_DAYS, "clean-trash-days", "Clean_trash_days", 0, own_days, clean_trash_days, "USR-36 DOM-15",
    "Items that have been in the user's Deleted Items for so many days are deleted; 0 means never. Empty leaves it to the domain.")
KX_ACCOUNT(PUBLIC_FOLDERS, "public-folders", "Public_folders_rights", 0, bool, public_folders, "PUB-09 PUB-14 USR-27",
    "yes gives the account all rights to the public folders of its domain: it makes, shares and removes them.")
KX_ACCOUNT(ARCHIVE_FOLDERS, "archive-folders", "Archive_folders_rights", KX_FIELD_RIGHTS, bool, archive_folders, "ARC-20",
    "yes gives the account all rights to the archive, which holds mail of all users.")
KX_ACCOUNT(APP_PASSWORDS_ONLY, "app-passwords-only", "App_passwords_only", 0, override, app_passwords_only, "",
    "yes lets mail programs sign in with application passwords or tokens only, no also with the account's own password; empty leaves it to the domain. The administration takes the account's own password in any case.")
KX_ACCOUNT(FULL_LISTING, "imap-full-listing", "Imap_full_listing", 0, override, full_listing, "AMAIL-02",
    "yes or no decides for this account whether IMAP shows calendars, contacts, tasks and notes; empty leaves it to imap.full-listing.")
/* clang-format on */
#undef KX_ACCOUNT
#undef KX_OWN
#undef KX_OWN_SECRET
