#ifndef CSLUICE_LIBUV_SHIM_H
#define CSLUICE_LIBUV_SHIM_H

#include <stdint.h>
#include <sys/prctl.h>
#include <time.h>
#include <uv.h>

/* Microseconds of the continuous clock. In C, since a release build cannot tell which module defines `timespec`. */
static inline int64_t sluice_boot_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* Names the calling thread; Linux keeps the first 15 bytes. */
static inline void sluice_name_thread(const char *name) {
    prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

#endif
