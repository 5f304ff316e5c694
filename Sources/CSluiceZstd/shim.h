#ifndef CSLUICE_ZSTD_SHIM_H
#define CSLUICE_ZSTD_SHIM_H

#include <zstd.h>

// Macros with casts do not reach Swift.
static const unsigned long long sluice_zstd_size_unknown = ZSTD_CONTENTSIZE_UNKNOWN;
static const unsigned long long sluice_zstd_size_error = ZSTD_CONTENTSIZE_ERROR;

#endif
