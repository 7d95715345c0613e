// The floor of a closed-loop client: epoll, one send and one recv a request, no parsing, no statistics.
//
// usage: client ADDRESS CONNECTIONS SECONDS [WORD...]
//   varied  997 different browser-like heads, in turn
//   close   a new connection for each request
// Prints two lines as wrk does. An answer must fit one recv.
#include "floor.h"
#include <time.h>

static struct message requests[varied_count];
static int request_count = 1, closes;

static const char *agents[] = {
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "curl/8.5.0",
};

static void write_requests(void) {
  const char *end = closes ? "Connection: close\r\n\r\n" : "\r\n";
  for (unsigned i = 0; i < (unsigned)request_count; i++) {
    struct message *it = &requests[i];
    it->length = request_count == 1
      ? snprintf(it->text, sizeof it->text, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n%s", end)
      : snprintf(it->text, sizeof it->text,
          "GET /items/%u?page=%u HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: %s\r\n"
          "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
          "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
          "Cookie: session=%08x%08x; theme=dark; n=%u\r\nReferer: https://example.test/items/%u\r\n"
          "X-Request-Id: %016llx\r\n%s",
          i * 7919 % 10007, i % 13, agents[i % 3], i * 2654435761u, i * 40503u, i, i,
          i * 1099511628211ull, end);
  }
}

static void ask(int fd) {
  static int turn;
  const struct message *it = &requests[turn];
  if (++turn == request_count) turn = 0;
  send(fd, it->text, it->length, MSG_NOSIGNAL);
}

static void open_connection(int epoll, const char *where) {
  int fd = connect_to(where);
  require(fd >= 0, "connect");
  watch(epoll, fd, EPOLLIN | EPOLLET);
  ask(fd);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **args) {
  if (count < 4) return 2;
  for (int i = 4; i < count; i++) {
    if (!strcmp(args[i], "varied")) request_count = varied_count;
    if (!strcmp(args[i], "close")) closes = 1;
  }
  write_requests();
  prepare_process();
  int epoll = epoll_create1(0), connections = atoi(args[2]);
  double seconds = atof(args[3]), start = now();
  for (int i = 0; i < connections; i++) open_connection(epoll, args[1]);
  static char buffer[buffer_bytes];
  struct epoll_event events[events_max];
  long done = 0;
  while (now() < start + seconds) {
    int ready = epoll_wait(epoll, events, events_max, 100);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) <= 0) continue;
      done++;
      if (!closes) {
        ask(fd);
        continue;
      }
      close(fd);
      open_connection(epoll, args[1]);
    }
  }
  double took = now() - start;
  printf("  %ld requests in %.2fs\nRequests/sec: %.2f\n", done, took, done / took);
}
