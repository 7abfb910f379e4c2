/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of highlighting rules; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(HIGHLIGHT, TEXT, "text", "Condition", 0, text, text, "LOG-10",
    "Lines of all logs that hold this are shown in the color; upper and lower case do not differ.")
KX_FIELD(HIGHLIGHT, REGEX, "regex", "Regular_expression", 0, bool, regex, "LOG-10",
    "yes takes the text for a regular expression.")
KX_FIELD(HIGHLIGHT, COLOR, "color", "Color", 0, color, color, "LOG-10",
    "The color of the lines: #RRGGBB, or red, orange, yellow, green, blue, purple or gray. Empty means yellow.")
/* clang-format on */
