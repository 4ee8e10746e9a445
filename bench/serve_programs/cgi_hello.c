// The handler that bench/serve measures: a CGI program, for WebAssembly and, in the container, for this machine.
#include <stdio.h>

int main(void) {
  fputs("Content-Type: text/plain\nContent-Length: 6\n\nhello\n", stdout);
  return 0;
}
