#ifndef CSLUICE_CURL_SHIM_H
#define CSLUICE_CURL_SHIM_H

#include <curl/curl.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Swift cannot call variadic functions: one wrapper for each type of argument. The parentheses keep curl's
   type-checking macros out; the types of these parameters do their work. */

static inline CURLcode sluice_curl_set_long(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode sluice_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode sluice_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode sluice_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline CURLcode sluice_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(easy, option, value);
}

static inline void sluice_curl_set_write(CURL *easy, curl_write_callback callback, void *data) {
    (curl_easy_setopt)(easy, CURLOPT_WRITEFUNCTION, callback);
    (curl_easy_setopt)(easy, CURLOPT_WRITEDATA, data);
}

static inline void sluice_curl_set_header(CURL *easy, curl_write_callback callback, void *data) {
    (curl_easy_setopt)(easy, CURLOPT_HEADERFUNCTION, callback);
    (curl_easy_setopt)(easy, CURLOPT_HEADERDATA, data);
}

static inline void sluice_curl_set_prerequest(CURL *easy, curl_prereq_callback callback, void *data) {
    (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, callback);
    (curl_easy_setopt)(easy, CURLOPT_PREREQDATA, data);
}

static inline void sluice_curl_set_open_socket(CURL *easy, curl_opensocket_callback callback, void *data) {
    (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
    (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETDATA, data);
}

static inline void sluice_curl_set_close_socket(CURL *easy, curl_closesocket_callback callback, void *data) {
    (curl_easy_setopt)(easy, CURLOPT_CLOSESOCKETFUNCTION, callback);
    (curl_easy_setopt)(easy, CURLOPT_CLOSESOCKETDATA, data);
}

/* -1 when the transfer does not know. */
static inline long sluice_curl_get_long(CURL *easy, CURLINFO info) {
    long value = -1;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : -1;
}

static inline void *sluice_curl_get_private(CURL *easy) {
    void *value = NULL;
    (curl_easy_getinfo)(easy, CURLINFO_PRIVATE, &value);
    return value;
}

static inline CURLMcode sluice_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

static inline void sluice_curl_multi_set_callbacks(
    CURLM *multi, curl_socket_callback socket, curl_multi_timer_callback timer, void *data) {
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, socket);
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, data);
    (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, timer);
    (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, data);
}

/* What curl_multi_socket_action takes in place of a socket when time has passed. */
static const curl_socket_t sluice_curl_timeout = CURL_SOCKET_TIMEOUT;

/* The easy handle of the next finished transfer and its result; NULL when there is none. */
static inline CURL *sluice_curl_next_finished(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

/* A non-blocking socket whose unacknowledged data the kernel gives up after the given time. On failure minus the error number. */
static inline int sluice_open_stream_socket(int family, int type, int protocol, unsigned int user_timeout_ms) {
    int on = 1;
    int descriptor = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (descriptor < 0) return -errno;
    if (family == AF_INET || family == AF_INET6) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return descriptor;
}

/* Closes a socket; data that the peer has not acknowledged is thrown away, never sent later. */
static inline int sluice_close_stream_socket(int descriptor) {
    int unacknowledged = 0;
    if (ioctl(descriptor, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0) {
        struct linger now = {1, 0};
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    return close(descriptor);
}

#endif
