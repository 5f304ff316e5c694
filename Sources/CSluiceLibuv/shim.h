#ifndef CSLUICE_LIBUV_SHIM_H
#define CSLUICE_LIBUV_SHIM_H

#include <sys/prctl.h>
#include <uv.h>

/* Names the calling thread; Linux keeps the first 15 bytes. */
static inline void sluice_name_thread(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

#endif
