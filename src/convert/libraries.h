/* SPDX-License-Identifier: Apache-2.0 */
/* What this folder takes from libqpdf and libzip (base/library.h). */
#pragma once

#include <qpdf/qpdf-c.h>
#include <zip.h>

#include "base/library.h"

/* clang-format off */
#define KX_LIBQPDF(F)                                                                              \
    F(qpdf_cleanup) F(qpdf_get_error) F(qpdf_get_error_code) F(qpdf_get_num_pages)                 \
    F(qpdf_get_page_n) F(qpdf_get_trailer) F(qpdf_has_error) F(qpdf_init)                          \
    F(qpdf_oh_get_array_item) F(qpdf_oh_get_array_n_items) F(qpdf_oh_get_binary_utf8_value)        \
    F(qpdf_oh_get_dict) F(qpdf_oh_get_int_value) F(qpdf_oh_get_key) F(qpdf_oh_get_key_if_dict)     \
    F(qpdf_oh_get_name) F(qpdf_oh_get_object_id) F(qpdf_oh_get_stream_data)                        \
    F(qpdf_oh_get_value_as_number) F(qpdf_oh_is_array) F(qpdf_oh_is_dictionary)                    \
    F(qpdf_oh_is_integer) F(qpdf_oh_is_name) F(qpdf_oh_is_name_and_equals) F(qpdf_oh_is_null)      \
    F(qpdf_oh_is_stream) F(qpdf_oh_is_string) F(qpdf_oh_release) F(qpdf_oh_release_all)            \
    F(qpdf_push_inherited_attributes_to_page) F(qpdf_read_memory) F(qpdf_set_suppress_warnings)    \
    F(qpdf_silence_errors)
KX_LIBQPDF(KX_SYMBOL_DECLARE)

#define KX_LIBZIP(F)                                                                               \
    F(zip_discard) F(zip_error_fini) F(zip_error_init) F(zip_fclose) F(zip_fopen_index)            \
    F(zip_fread) F(zip_get_num_entries) F(zip_name_locate) F(zip_open_from_source)                 \
    F(zip_source_buffer_create) F(zip_source_free) F(zip_stat_index)
KX_LIBZIP(KX_SYMBOL_DECLARE)
/* clang-format on */

/* Both; only the first call does something. One thread. */
gboolean kx_convert_open_libraries(GError **error);
