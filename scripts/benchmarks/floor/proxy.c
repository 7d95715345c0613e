// The floor of a keep-alive proxy: epoll, one recv and one send on each side, no parsing, an upstream
// connection for each client.
//
// usage: proxy ADDRESS UPSTREAM
#include "floor.h"

// The other side of each connection; -1 once both are closed, because events of this turn may follow.
static int other[descriptors_max];

static void pair(int epoll, int client, const char *upstream) {
  int server = connect_to(upstream);
  require(server >= 0, "connect");
  send_at_once(client);
  other[client] = server;
  other[server] = client;
  watch(epoll, client, EPOLLIN | EPOLLET);
  watch(epoll, server, EPOLLIN | EPOLLET);
}

int main(int count, char **args) {
  if (count != 3) return 2;
  prepare_process();
  int listener = listen_on(args[1], 0), epoll = epoll_create1(0);
  watch(epoll, listener, EPOLLIN);
  static char buffer[buffer_bytes];
  struct epoll_event events[events_max];
  for (;;) {
    int ready = epoll_wait(epoll, events, events_max, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted;
        while ((accepted = accept4(listener, 0, 0, 0)) >= 0) pair(epoll, accepted, args[2]);
        continue;
      }
      int to = other[fd];
      if (to < 0) continue;
      ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got > 0 && send(to, buffer, got, MSG_NOSIGNAL) == got) continue;
      other[fd] = other[to] = -1;
      close(to);
      close(fd);
    }
  }
}
