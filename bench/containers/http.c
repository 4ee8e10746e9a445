// http PORT: answers every request at 127.0.0.1:PORT with the same small page, one connection at a time. The native side
// of the comparison, bare and in containers.
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  static const char kReply[] = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nhello\n";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  if (argc != 2) return 2;
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 16) != 0) return 1;
  for (;;) {
    char request[4096];
    int connection = accept(listener, 0, 0);
    if (connection < 0) continue;
    if (read(connection, request, sizeof request) > 0 && write(connection, kReply, strlen(kReply)) < 0) return 1;
    close(connection);
  }
}
