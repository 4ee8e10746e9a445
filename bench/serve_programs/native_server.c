// native_server PORT: answers every request with the same text. What a server needs at least to start, for bench/serve:
// one thread, one connection at a time, a request is whatever comes with one read.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 8080));
  int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 128) != 0) {
    perror("native_server");
    return 1;
  }
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    char request[16384];
    while (connection >= 0 && read(connection, request, sizeof request) > 0)
      if (write(connection, kAnswer, sizeof kAnswer - 1) < 0) break;
    close(connection);
  }
}
