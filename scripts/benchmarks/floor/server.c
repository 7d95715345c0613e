// The floor of a server: epoll, one recv and one send a request, no parsing beyond the last four bytes.
//
// usage: server ADDRESS [WORD...]
//   varied     heads and bodies of 997 different answers, in turn
//   close      closes each connection after its answer
//   file PATH  the file's contents, by sendfile
//   silent     reads requests and never answers
//   sink       answers when a request's body of Content-Length bytes has come
//   any        listens on every address of this machine
#include "floor.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

static struct message answers[varied_count];
static int answer_count = 1, closes, silent, sink, file = -1;
static off_t file_bytes;

static void write_answers(void) {
  for (unsigned i = 0; i < (unsigned)answer_count; i++) {
    char body[128];
    if (answer_count == 1) strcpy(body, "hello world\n");
    else snprintf(body, sizeof body, "hello world %u%.*s\n", i, i % 40, "........................................");
    off_t length = file >= 0 ? file_bytes : (off_t)strlen(body);
    struct message *it = &answers[i];
    int used = snprintf(it->text, sizeof it->text,
      "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sun, 29 Nov 2026 00:%02u:%02u GMT\r\n"
      "Content-Type: text/plain\r\nContent-Length: %lld\r\n",
      i / 60 % 60, i % 60, (long long)length);
    if (answer_count > 1) used += snprintf(it->text + used, sizeof it->text - used,
      "ETag: \"%08x-%x\"\r\nCache-Control: private, max-age=%u\r\nVary: Accept-Encoding, Cookie\r\n"
      "Set-Cookie: session=%08x%08x; Path=/; HttpOnly; SameSite=Lax\r\nX-Request-Id: %016llx\r\n"
      "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n",
      i * 2654435761u, i, i % 600, i * 2654435761u, i * 40503u, i * 1099511628211ull);
    used += snprintf(it->text + used, sizeof it->text - used, "%s\r\n", closes ? "Connection: close\r\n" : "");
    if (file < 0) used += snprintf(it->text + used, sizeof it->text - used, "%s", body);
    it->length = used;
  }
}

// 0 when the connection cannot be written to.
static int answer(int fd) {
  static int turn;
  const struct message *it = &answers[turn];
  if (++turn == answer_count) turn = 0;
  if (send(fd, it->text, it->length, MSG_NOSIGNAL | (file_bytes > 0 ? MSG_MORE : 0)) < 0) return 0;
  if (file < 0) return 1;
  // Sockets block, so that a body is sent with as few calls as can be.
  for (off_t at = 0; at < file_bytes;) {
    if (sendfile(fd, file, &at, file_bytes - at) <= 0) return 0;
  }
  return 1;
}

// Bytes of each connection's body that are still to come.
static long long left[descriptors_max];

// Whether the request ends with these bytes: a head that came in one piece, and its body.
static int is_whole(int fd, char *bytes, ssize_t count) {
  if (!sink) return count >= 4 && !memcmp(bytes + count - 4, "\r\n\r\n", 4);
  if (left[fd] == 0) {
    bytes[count] = 0;
    char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "\r\ncontent-length:");
    if (end == 0) return 0;
    left[fd] = length == 0 || length > end ? 0 : atoll(length + strlen("\r\ncontent-length:"));
    count -= end + 4 - bytes;
  }
  return (left[fd] -= count) == 0;
}

static void read_words(int count, char **words) {
  for (int i = 0; i < count; i++) {
    if (!strcmp(words[i], "varied")) answer_count = varied_count;
    else if (!strcmp(words[i], "close")) closes = 1;
    else if (!strcmp(words[i], "silent")) silent = 1;
    else if (!strcmp(words[i], "sink")) sink = 1;
    else if (!strcmp(words[i], "file") && i + 1 < count) {
      struct stat status;
      file = open(words[++i], O_RDONLY);
      require(file >= 0 && fstat(file, &status) == 0, words[i]);
      file_bytes = status.st_size;
    } else if (strcmp(words[i], "any")) {
      fprintf(stderr, "server: %s: there are varied, close, file PATH, silent, sink, any\n", words[i]);
      exit(2);
    }
  }
}

int main(int count, char **args) {
  if (count < 2) return 2;
  read_words(count - 2, args + 2);
  write_answers();
  prepare_process();
  int any = 0;
  for (int i = 2; i < count; i++) any |= !strcmp(args[i], "any");
  int listener = listen_on(args[1], any), epoll = epoll_create1(0);
  watch(epoll, listener, EPOLLIN);
  static char buffer[buffer_bytes];
  struct epoll_event events[events_max];
  for (;;) {
    int ready = epoll_wait(epoll, events, events_max, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        int accepted;
        while ((accepted = accept4(listener, 0, 0, 0)) >= 0) {
          send_at_once(accepted);
          // A body is longer than the buffer: what is left of it must wake this loop again.
          watch(epoll, accepted, sink ? EPOLLIN : EPOLLIN | EPOLLET);
        }
        continue;
      }
      ssize_t got = recv(fd, buffer, sizeof buffer - 1, 0);
      if (got <= 0) {
        close(fd);
        left[fd] = 0;
        continue;
      }
      if (!is_whole(fd, buffer, got) || silent) continue;
      if (!answer(fd) || closes) close(fd);
    }
  }
}
