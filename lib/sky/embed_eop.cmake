# Makes the rows of eop_c04.csv the initialisers of a C++ array: built_in_eop.inc.
set(eop_csv ${CMAKE_CURRENT_LIST_DIR}/eop_c04.csv)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${eop_csv})
file(STRINGS ${eop_csv} eop_rows REGEX "^[0-9]")
list(TRANSFORM eop_rows PREPEND "{")
list(TRANSFORM eop_rows APPEND "},\n")
list(JOIN eop_rows "" eop_initialisers)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/sky/built_in_eop.inc CONTENT "${eop_initialisers}" @ONLY)
