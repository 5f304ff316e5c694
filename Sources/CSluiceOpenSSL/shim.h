#ifndef CSLUICE_OPENSSL_SHIM_H
#define CSLUICE_OPENSSL_SHIM_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* Before the first use of OpenSSL, by curl too: exit() must not clean up what threads that are just ending still look at.
   Without this about one of a thousand processes crashed at its end, in a thread's destructor. */
static inline int sluice_tls_begin(void) {
    return OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
}

/* Macros in OpenSSL, which Swift does not see. */

static inline int sluice_tls_require_1_2(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline void sluice_tls_forbid_renegotiation(SSL_CTX *context) {
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

static inline int sluice_tls_name_server(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

/* What a memory buffer holds, and emptying it. */
static inline long sluice_tls_held(BIO *buffer, char **start) {
    return BIO_get_mem_data(buffer, start);
}

static inline void sluice_tls_empty(BIO *buffer) {
    (void)BIO_reset(buffer);
}

#endif
