// The same page as a program for `brink serve`.
#include <stdio.h>

int main(void) {
  printf("content-type: text/plain\r\n\r\nhello\n");
  return 0;
}
