/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of IP address groups; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(IP_GROUP, DESCRIPTION, "description", "Description", 0, text, description, "SMTP-15",
    "Free text.")
KX_FIELD(IP_GROUP, ENTRIES, "entries", "Entries", 0, ranges, entries, "SMTP-15 TOOL-04 TOOL-05",
    "Hosts (192.0.2.1), networks (192.0.2.0/24, 192.0.2.0/255.255.255.0, 2001:db8::/32), ranges (192.0.2.1-192.0.2.9) and other groups (group:Name), separated by commas. Each may have a description behind it: '192.0.2.1 # branch office'.")
/* clang-format on */
