#ifndef CSLUICE_MICROHTTPD_SHIM_H
#define CSLUICE_MICROHTTPD_SHIM_H

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Swift cannot call variadic functions: these inline wrappers fix the arguments' types. */

/* What the daemon calls, each with `context` as its first argument. */
struct sluice_mhd_callbacks {
  void *context;
  void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
  MHD_AccessHandlerCallback request;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
};

/* Leaves escapes alone: the raw target is judged elsewhere, and undoing the escapes would be wasted work. */
static size_t sluice_mhd_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void) context;
  (void) connection;
  return strlen(text);
}

/* A daemon without a thread of its own on a listening socket; NULL when the library refuses. */
static inline struct MHD_Daemon *sluice_mhd_start(int listen_socket, struct sluice_mhd_callbacks callbacks,
                                                  size_t memory_per_connection, unsigned int connection_limit,
                                                  unsigned int timeout_seconds) {
  return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                          callbacks.request, callbacks.context,
                          MHD_OPTION_LISTEN_SOCKET, (MHD_socket) listen_socket,
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_per_connection,
                          MHD_OPTION_CONNECTION_LIMIT, connection_limit,
                          MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
                          MHD_OPTION_UNESCAPE_CALLBACK, &sluice_mhd_keep_escapes, NULL,
                          MHD_OPTION_URI_LOG_CALLBACK, callbacks.target, callbacks.context,
                          MHD_OPTION_NOTIFY_COMPLETED, callbacks.completed, callbacks.context,
                          MHD_OPTION_NOTIFY_CONNECTION, callbacks.connection, callbacks.context,
                          MHD_OPTION_END);
}

/* The descriptor to poll for the whole daemon; -1 when there is none. */
static inline int sluice_mhd_epoll_descriptor(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info == NULL ? -1 : info->epoll_fd;
}

/* Whether the daemon has work that no descriptor will announce. */
static inline int sluice_mhd_must_run_again(struct MHD_Daemon *daemon) {
  MHD_UNSIGNED_LONG_LONG timeout = 0;
  return MHD_get_timeout(daemon, &timeout) == MHD_YES && timeout == 0;
}

static inline void *sluice_mhd_socket_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == NULL ? NULL : info->socket_context;
}

/* Whether a connection's notice says that it has begun (the constant has no usable name in Swift). */
static inline int sluice_mhd_is_start(enum MHD_ConnectionNotificationCode code) {
  return code == MHD_CONNECTION_NOTIFY_STARTED;
}

/* The address of the connection's other end as text (INET6_ADDRSTRLEN bytes), and its port. Returns 1 when it is known, else 0. */
static inline int sluice_mhd_peer(struct MHD_Connection *connection, char *text, unsigned short *port) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == NULL || info->client_addr == NULL)
    return 0;
  if (info->client_addr->sa_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *) info->client_addr;
    *port = ntohs(four->sin_port);
    return inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN) != NULL;
  }
  if (info->client_addr->sa_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) info->client_addr;
    *port = ntohs(six->sin6_port);
    return inet_ntop(AF_INET6, &six->sin6_addr, text, INET6_ADDRSTRLEN) != NULL;
  }
  return 0;
}

/* The connection's socket; -1 when there is none. */
static inline int sluice_mhd_descriptor(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : (int) info->connect_fd;
}

/* How many bytes the request's head has, from its method to the empty line's end; 0 while it is not complete. */
static inline size_t sluice_mhd_head_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info == NULL ? 0 : info->header_size;
}

/* Whether the connection's client sends nothing any more, has reset it, or has not been heard of for too long. What it sent before may
   still be unread, so reading would not tell. */
static inline int sluice_mhd_is_left(struct MHD_Connection *connection) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  const int descriptor = sluice_mhd_descriptor(connection);
  return descriptor < 0 || (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state != TCP_ESTABLISHED);
}

/* Ends what the connection's client may still send; what has arrived can still be read. */
static inline void sluice_mhd_end_reading(struct MHD_Connection *connection) {
  const int descriptor = sluice_mhd_descriptor(connection);
  if (descriptor >= 0)
    shutdown(descriptor, SHUT_RD);
}

/* Ends the connection in both directions: what it has still to send or to be read is lost. */
static inline void sluice_mhd_end(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (info != NULL)
    shutdown(info->connect_fd, SHUT_RDWR);
}

/* Whether a request ended with its whole answer sent (the constant has no usable name in Swift). */
static inline int sluice_mhd_is_whole(enum MHD_RequestTerminationCode code) {
  return code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
}

/* A listening, non-blocking socket on an IPv4 or IPv6 address (as text), and the port that it got; minus errno on failure. */
static inline int sluice_listen(const char *ip, unsigned short port, int backlog, unsigned short *bound) {
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } address;
  memset(&address, 0, sizeof address);
  socklen_t length;
  if (inet_pton(AF_INET, ip, &address.four.sin_addr) == 1) {
    address.four.sin_family = AF_INET;
    address.four.sin_port = htons(port);
    length = sizeof address.four;
  } else if (inet_pton(AF_INET6, ip, &address.six.sin6_addr) == 1) {
    address.six.sin6_family = AF_INET6;
    address.six.sin6_port = htons(port);
    length = sizeof address.six;
  } else {
    return -EINVAL;
  }
  int descriptor = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return -errno;
  /* A port whose last owner's connections are still in TIME_WAIT can be taken; one that is listened on cannot. */
  const int yes = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  /* Connections inherit this: a client whose host has vanished is asked for after a minute of silence, and given up after another. */
  const int silence = 60, interval = 15, attempts = 4;
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &silence, sizeof silence);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &attempts, sizeof attempts);
  if (bind(descriptor, &address.any, length) != 0 || listen(descriptor, backlog) != 0
      || getsockname(descriptor, &address.any, &length) != 0) {
    const int reason = errno;
    close(descriptor);
    return -reason;
  }
  *bound = ntohs(address.any.sa_family == AF_INET ? address.four.sin_port : address.six.sin6_port);
  return descriptor;
}

#endif
