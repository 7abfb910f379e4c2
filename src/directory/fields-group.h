/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of groups of users; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(GROUP, DESCRIPTION, "description", "Description", 0, text, description, "GRP-03",
    "Free text.")
KX_FIELD(GROUP, SOURCE, "source", "Data_source", 0, source, source, "DIR-27",
    "Whose the group is: internal is kept here, ldap comes from the directory of the domain, where its members and addresses are changed.")
KX_FIELD(GROUP, ADDRESSES, "addresses", "Addresses", 0, locals, addresses, "GRP-06",
    "Addresses of the group in the domain (the part before @), separated by commas; mail to one goes to all members.")
KX_FIELD(GROUP, PUBLISH, "publish", "Publish", 0, bool, publish, "GRP-04",
    "yes puts name and addresses of the group into the public folder Contacts; a group without an address is left out.")
KX_FIELD(GROUP, MEMBERS, "members", "Members", KX_FIELD_DERIVED, users, members, "GRP-07",
    "Users of the domain who belong to the group, separated by commas.")
KX_FIELD(GROUP, ADMIN, "admin", "Administration_rights", KX_FIELD_RIGHTS, level, admin, "GRP-08",
    "Rights to administer the server that all members have: none, read or full.")
KX_FIELD(GROUP, WEB_ADMIN, "web-admin", "Web_administration_rights", KX_FIELD_RIGHTS, bool, web_admin, "GRP-09 WADM-09",
    "yes lets all members manage users, groups and aliases of the domain.")
KX_FIELD(GROUP, PUBLIC_FOLDERS, "public-folders", "Public_folders_rights", 0, bool, public_folders, "PUB-14 GRP-10",
    "yes gives all members all rights to the public folders of the domain.")
KX_FIELD(GROUP, LOCAL_ONLY, "local-only", "Local_only", 0, bool, local_only, "GRP-11",
    "yes lets all members send mail to and receive mail from the own domain alone.")
/* clang-format on */
