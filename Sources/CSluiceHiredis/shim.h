#ifndef CSLUICE_HIREDIS_SHIM_H
#define CSLUICE_HIREDIS_SHIM_H

#include <hiredis/hiredis.h>

#endif
