/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mime/sevenbit.h"

static gboolean collect(const void *bytes, size_t len, gpointer user, GError **error)
{
    g_string_append_len(user, bytes, (gssize)len);
    return TRUE;
}

/* NULL: it stays as it is. */
static char *convert(const char *text)
{
    g_autoptr(KxMimeEdits) edits = kx_mime_sevenbit_edits(text, strlen(text));
    GString *out = g_string_new(NULL);
    if (edits)
        g_assert_true(kx_mime_edits_write(edits, collect, out, NULL));
    return g_string_free(out, edits == NULL);
}

static const struct {
    const char *in, *out;
} cases[] = {
    {"Subject: a\r\n\r\nplain\r\n", NULL},
    {"Subject: a\r\n\r\n\xe4\r\n",
     "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
     "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n"},
    {"Content-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\nContent-Type: "
     "image/x\r\n\r\n\xe4\r\n",
     "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\nContent-Type: image/x\r\n\r\n"
     "5A0K\r\n"},
    /* what is encoded already is not looked at */
    {"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n\xe4\r\n", NULL},
    {"MIME-Version: 1.0\r\nContent-Transfer-Encoding: x-odd\r\n\r\n\xe4\r\n", NULL},
    /* labels alone */
    {"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
     "Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\nplain\r\n--b--\r\n",
     "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
     "Content-Transfer-Encoding: 7bit\r\n\r\n--b\r\n\r\nplain\r\n--b--\r\n"},
    /* a part without any header of its own */
    {"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n"
     "--b--\r\n",
     "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
     "Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n--b--\r\n"},
    /* what is signed stays, and so does the label around it */
    {"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
     "Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\nContent-Type: multipart/signed; boundary=c\r\n"
     "\r\n--c\r\n\r\n\xe4\r\n--c--\r\n--b--\r\n",
     NULL},
    {"MIME-Version: 1.0\r\nContent-Type: message/partial\r\n\r\n\xe4\r\n", NULL},
    {"Subject: \xe4\r\n\r\nplain\r\n", NULL},
    {"\xe4", NULL},
};

static void test_cases(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = convert(cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/sevenbit/cases", test_cases);
    return g_test_run();
}
