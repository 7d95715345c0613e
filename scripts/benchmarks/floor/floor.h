// What the floor's programs share: sockets, an epoll loop's parts, and messages whose heads vary.
//
// An address is a port on 127.0.0.1, or the path of a unix socket. A call that fails at the start
// ends the program with its name and the reason.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { events_max = 256, buffer_bytes = 1 << 16, backlog = 16384, descriptors_max = 1 << 20 };

// A prime: with 50 connections that take turns, each of them meets every message.
enum { varied_count = 997, message_bytes_max = 2048 };

struct message {
  size_t length;
  char text[message_bytes_max];
};

static inline void require(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

union address {
  struct sockaddr any;
  struct sockaddr_in tcp;
  struct sockaddr_un local;
};

static inline int is_path(const char *where) { return where[0] == '/'; }

static inline socklen_t parse_address(const char *where, union address *address) {
  memset(address, 0, sizeof *address);
  if (is_path(where)) {
    address->local.sun_family = AF_UNIX;
    strncpy(address->local.sun_path, where, sizeof address->local.sun_path - 1);
    return sizeof address->local;
  }
  address->tcp.sin_family = AF_INET;
  address->tcp.sin_port = htons(atoi(where));
  address->tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return sizeof address->tcp;
}

static inline void send_at_once(int fd) {
  int on = 1;
  // Fails on a unix socket, which never waits.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A listening socket that does not block. `any`: on every address of this machine.
static inline int listen_on(const char *where, int any) {
  union address address;
  socklen_t length = parse_address(where, &address);
  if (any) address.tcp.sin_addr.s_addr = htonl(INADDR_ANY);
  int on = 1, fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  require(fd >= 0, "socket");
  if (is_path(where)) unlink(where);
  else setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  require(bind(fd, &address.any, length) == 0, "bind");
  require(listen(fd, backlog) == 0, "listen");
  return fd;
}

// A connected socket, or -1.
static inline int connect_to(const char *where) {
  union address address;
  socklen_t length = parse_address(where, &address);
  int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  if (connect(fd, &address.any, length) != 0) {
    close(fd);
    return -1;
  }
  send_at_once(fd);
  return fd;
}

static inline void watch(int epoll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

// As many descriptors as the system allows, and no signal for a connection that the other side closed.
static inline void prepare_process(void) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}
