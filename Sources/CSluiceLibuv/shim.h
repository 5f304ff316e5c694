#ifndef CSLUICE_LIBUV_SHIM_H
#define CSLUICE_LIBUV_SHIM_H

#include <uv.h>

#endif
