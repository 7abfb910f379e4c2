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
KX_FIELD(DOMAIN, CLEAN_JUNK_DAYS, "clean-junk-days", "Clean_junk_days", 0, days, clean_junk_days, "DOM-15",
    "Items that have been in the junk folder of a user for so many days are deleted. 0 means never.")
KX_FIELD(DOMAIN, CLEAN_TRASH_DAYS, "clean-trash-days", "Clean_trash_days", 0, days, clean_trash_days, "DOM-15",
    "Items that have been in Deleted Items of a user for so many days are deleted. 0 means never.")
KX_FIELD(DOMAIN, KEEP_DELETED_DAYS, "keep-deleted-days", "Keep_deleted_days", 0, year, keep_deleted_days, "DOM-13",
    "Items that users delete for good are kept for so many days, 365 at most, so that keryx user recover brings them back. 0 means that they are not kept.")
/* clang-format on */
