#ifndef CSLUICE_MICROHTTPD_SHIM_H
#define CSLUICE_MICROHTTPD_SHIM_H

#include <microhttpd.h>

#endif
