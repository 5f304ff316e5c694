#ifndef CSLUICE_CURL_SHIM_H
#define CSLUICE_CURL_SHIM_H

#include <curl/curl.h>

#endif
