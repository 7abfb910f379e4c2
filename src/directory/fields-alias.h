/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of aliases; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(ALIAS, DESCRIPTION, "description", "Description", 0, text, description, "ALIAS-02",
    "Free text.")
KX_FIELD(ALIAS, TARGETS, "targets", "Deliver_to", 0, targets, targets, "ALIAS-02",
    "Where the mail goes, separated by commas: names in the domain, addresses anywhere, public folders (#public/Folder).")
/* clang-format on */
