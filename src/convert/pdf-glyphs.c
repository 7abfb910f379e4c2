/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of glyphs, by rule as far as there are rules (Adobe's "Unicode and Glyph Names"): a letter
 * is its own name, a letter with an accent is both names in a row, others are listed.
 */
#include "convert/pdf-private.h"

typedef struct {
    const char *name, *text;
} Named;

static const Named named[] = {
    {"space", " "},
    {"exclam", "!"},
    {"quotedbl", "\""},
    {"numbersign", "#"},
    {"dollar", "$"},
    {"percent", "%"},
    {"ampersand", "&"},
    {"quotesingle", "'"},
    {"quoteright", "’"},
    {"quoteleft", "‘"},
    {"parenleft", "("},
    {"parenright", ")"},
    {"asterisk", "*"},
    {"plus", "+"},
    {"comma", ","},
    {"hyphen", "-"},
    {"minus", "−"},
    {"period", "."},
    {"slash", "/"},
    {"zero", "0"},
    {"one", "1"},
    {"two", "2"},
    {"three", "3"},
    {"four", "4"},
    {"five", "5"},
    {"six", "6"},
    {"seven", "7"},
    {"eight", "8"},
    {"nine", "9"},
    {"colon", ":"},
    {"semicolon", ";"},
    {"less", "<"},
    {"equal", "="},
    {"greater", ">"},
    {"question", "?"},
    {"at", "@"},
    {"bracketleft", "["},
    {"backslash", "\\"},
    {"bracketright", "]"},
    {"asciicircum", "^"},
    {"underscore", "_"},
    {"grave", "`"},
    {"braceleft", "{"},
    {"bar", "|"},
    {"braceright", "}"},
    {"asciitilde", "~"},
    {"exclamdown", "¡"},
    {"cent", "¢"},
    {"sterling", "£"},
    {"currency", "¤"},
    {"yen", "¥"},
    {"brokenbar", "¦"},
    {"section", "§"},
    {"dieresis", "¨"},
    {"copyright", "©"},
    {"ordfeminine", "ª"},
    {"guillemotleft", "«"},
    {"guillemotright", "»"},
    {"logicalnot", "¬"},
    {"registered", "®"},
    {"macron", "¯"},
    {"degree", "°"},
    {"plusminus", "±"},
    {"twosuperior", "²"},
    {"threesuperior", "³"},
    {"onesuperior", "¹"},
    {"acute", "´"},
    {"mu", "µ"},
    {"paragraph", "¶"},
    {"periodcentered", "·"},
    {"cedilla", "¸"},
    {"ordmasculine", "º"},
    {"onequarter", "¼"},
    {"onehalf", "½"},
    {"threequarters", "¾"},
    {"questiondown", "¿"},
    {"AE", "Æ"},
    {"ae", "æ"},
    {"Eth", "Ð"},
    {"eth", "ð"},
    {"multiply", "×"},
    {"divide", "÷"},
    {"Oslash", "Ø"},
    {"oslash", "ø"},
    {"Thorn", "Þ"},
    {"thorn", "þ"},
    {"germandbls", "ß"},
    {"OE", "Œ"},
    {"oe", "œ"},
    {"Lslash", "Ł"},
    {"lslash", "ł"},
    {"dotlessi", "ı"},
    {"Dcroat", "Đ"},
    {"dcroat", "đ"},
    {"Hbar", "Ħ"},
    {"hbar", "ħ"},
    {"Euro", "€"},
    {"florin", "ƒ"},
    {"ellipsis", "…"},
    {"dagger", "†"},
    {"daggerdbl", "‡"},
    {"circumflex", "ˆ"},
    {"perthousand", "‰"},
    {"guilsinglleft", "‹"},
    {"guilsinglright", "›"},
    {"quotesinglbase", "‚"},
    {"quotedblbase", "„"},
    {"quotedblleft", "“"},
    {"quotedblright", "”"},
    {"bullet", "•"},
    {"endash", "–"},
    {"emdash", "—"},
    {"tilde", "˜"},
    {"trademark", "™"},
    {"fraction", "⁄"},
    {"fi", "fi"},
    {"fl", "fl"},
    {"ff", "ff"},
    {"ffi", "ffi"},
    {"ffl", "ffl"},
    {"nbspace", " "},
    {"softhyphen", "-"},
    {"sfthyphen", "-"},
    {"infinity", "∞"},
    {"notequal", "≠"},
    {"lessequal", "≤"},
    {"greaterequal", "≥"},
    {"Alpha", "Α"},
    {"Beta", "Β"},
    {"Gamma", "Γ"},
    {"Delta", "Δ"},
    {"Epsilon", "Ε"},
    {"Zeta", "Ζ"},
    {"Eta", "Η"},
    {"Theta", "Θ"},
    {"Iota", "Ι"},
    {"Kappa", "Κ"},
    {"Lambda", "Λ"},
    {"Mu", "Μ"},
    {"Nu", "Ν"},
    {"Xi", "Ξ"},
    {"Omicron", "Ο"},
    {"Pi", "Π"},
    {"Rho", "Ρ"},
    {"Sigma", "Σ"},
    {"Tau", "Τ"},
    {"Upsilon", "Υ"},
    {"Phi", "Φ"},
    {"Chi", "Χ"},
    {"Psi", "Ψ"},
    {"Omega", "Ω"},
    {"alpha", "α"},
    {"beta", "β"},
    {"gamma", "γ"},
    {"delta", "δ"},
    {"epsilon", "ε"},
    {"zeta", "ζ"},
    {"eta", "η"},
    {"theta", "θ"},
    {"iota", "ι"},
    {"kappa", "κ"},
    {"lambda", "λ"},
    {"nu", "ν"},
    {"xi", "ξ"},
    {"omicron", "ο"},
    {"pi", "π"},
    {"rho", "ρ"},
    {"sigma", "σ"},
    {"sigma1", "ς"},
    {"tau", "τ"},
    {"upsilon", "υ"},
    {"phi", "φ"},
    {"chi", "χ"},
    {"psi", "ψ"},
    {"omega", "ω"},
};

/* Accents as they follow a letter's name, and what combines with it. */
static const Named accents[] = {
    {"grave", "\xcc\x80"},       {"acute", "\xcc\x81"},        {"circumflex", "\xcc\x82"},
    {"tilde", "\xcc\x83"},       {"macron", "\xcc\x84"},       {"breve", "\xcc\x86"},
    {"dotaccent", "\xcc\x87"},   {"dot", "\xcc\x87"},          {"dieresis", "\xcc\x88"},
    {"ring", "\xcc\x8a"},        {"hungarumlaut", "\xcc\x8b"}, {"caron", "\xcc\x8c"},
    {"commaaccent", "\xcc\xa7"}, {"cedilla", "\xcc\xa7"},      {"ogonek", "\xcc\xa8"},
    {"tonos", "\xcc\x81"},
};

static const char *find(const Named *list, guint n, const char *name)
{
    for (guint i = 0; i < n; i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].text;
    return NULL;
}

static char *from_char(guint64 c)
{
    char text[8] = "";
    if (c == 0 || c > 0x10ffff || !g_unichar_validate((gunichar)c))
        return NULL;
    text[g_unichar_to_utf8((gunichar)c, text)] = '\0';
    return g_strdup(text);
}

/* uni0041, u0041, u1F600 */
static char *from_hex(const char *name)
{
    const char *digits = g_str_has_prefix(name, "uni") ? name + 3 : *name == 'u' ? name + 1 : NULL;
    if (!digits)
        return NULL;
    size_t n = strspn(digits, "0123456789ABCDEFabcdef");
    if (digits[n] || n < 4 || (name[1] == 'n' ? n != 4 : n > 6))
        return NULL;
    return from_char(g_ascii_strtoull(digits, NULL, 16));
}

/* Cyrillic letters as PostScript fonts number them. */
static char *from_afii(const char *name)
{
    static const struct {
        guint first, last;
        gunichar c;
    } ranges[] = {
        {10017, 10022, 0x410}, {10023, 10023, 0x401}, {10024, 10049, 0x416},
        {10065, 10070, 0x430}, {10071, 10071, 0x451}, {10072, 10097, 0x436},
    };
    if (!g_str_has_prefix(name, "afii"))
        return NULL;
    guint64 n = g_ascii_strtoull(name + 4, NULL, 10);
    for (guint i = 0; i < G_N_ELEMENTS(ranges); i++)
        if (n >= ranges[i].first && n <= ranges[i].last)
            return from_char(ranges[i].c + (n - ranges[i].first));
    return NULL;
}

static char *from_accented(const char *name)
{
    const char *accent =
        g_ascii_isalpha(name[0]) ? find(accents, G_N_ELEMENTS(accents), name + 1) : NULL;
    if (!accent)
        return NULL;
    char both[8];
    g_snprintf(both, sizeof both, "%c%s", name[0], accent);
    return g_utf8_normalize(both, -1, G_NORMALIZE_NFC);
}

char *kx_pdf_glyph_text(const char *name)
{
    g_autofree char *base = g_strndup(name, strcspn(name, ".")); /* "a.alt" looks different */
    if (base[0] && !base[1] && g_ascii_isalpha(base[0]))
        return g_steal_pointer(&base);
    const char *known = find(named, G_N_ELEMENTS(named), base);
    if (known)
        return g_strdup(known);
    char *text = from_accented(base);
    if (!text)
        text = from_hex(base);
    return text ? text : from_afii(base);
}

/* ---- encodings ---- */

/* From 0x80 on; a space stands for what is not used. */
static const char mac_roman[] = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"
                                "¿¡¬√ƒ≈∆«»… ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
static const char win_ansi[] = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ ¡¢£¤¥¦§¨©ª«¬ ®¯°±²³´µ¶·¸¹º»¼½¾¿"
                               "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";
static const char standard[] = "                                 ¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ –†‡· ¶•‚„”»…‰ ¿"
                               " `´ˆ˜¯˘˙¨ ˚¸ ˝˛ˇ—                Æ ª    ŁØŒº     æ   ı  łøœß    ";

char *kx_pdf_encoding_text(const char *encoding, guint8 code)
{
    const char *upper = g_str_equal(encoding, "MacRomanEncoding")  ? mac_roman
                        : g_str_equal(encoding, "WinAnsiEncoding") ? win_ansi
                                                                   : standard;
    if (code < 0x20 || code == 0x7f)
        return NULL;
    if (upper == standard && (code == '\'' || code == '`'))
        return g_strdup(code == '\'' ? "’" : "‘");
    if (code < 0x80)
        return g_strndup((const char *)&code, 1);
    const char *at = g_utf8_offset_to_pointer(upper, code - 0x80);
    return g_strndup(at, (gsize)(g_utf8_next_char(at) - at));
}
