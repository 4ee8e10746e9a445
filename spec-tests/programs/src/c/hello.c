// The smallest real program: a line on each output, its arguments and two environment variables.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  puts("hello, world");
  fprintf(stderr, "a line on standard error\n");
  for (int i = 1; i < argc; i++) printf("argument %d: [%s]\n", i, argv[i]);
  const char* names[] = {"GREETING", "ABSENT"};
  for (int i = 0; i < 2; i++) {
    const char* value = getenv(names[i]);
    printf("%s = %s\n", names[i], value ? value : "(not set)");
  }
  return 0;
}
