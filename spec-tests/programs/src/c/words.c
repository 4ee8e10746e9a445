// Reads standard input to its end and prints line, word and byte counts, a checksum and the ten commonest words.
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Word {
  struct Word* next;
  uint32_t count;
  char text[];
};

static struct Word* buckets[1024];
static size_t distinct;

static uint32_t hash_of(const char* text) {
  uint32_t hash = 2166136261u;
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
  return hash;
}

static void count_word(const char* text) {
  struct Word** place = &buckets[hash_of(text) % 1024];
  for (; *place; place = &(*place)->next) {
    if (strcmp((*place)->text, text) == 0) {
      (*place)->count++;
      return;
    }
  }
  size_t size = strlen(text) + 1;
  struct Word* word = malloc(sizeof *word + size);
  if (word == NULL) exit(3);
  word->next = NULL;
  word->count = 1;
  memcpy(word->text, text, size);
  *place = word;
  distinct++;
}

static int by_count(const void* left, const void* right) {
  const struct Word *a = *(struct Word* const*)left, *b = *(struct Word* const*)right;
  if (a->count != b->count) return a->count < b->count ? 1 : -1;
  return strcmp(a->text, b->text);
}

int main(void) {
  size_t lines = 0, words = 0, bytes = 0, length = 0;
  uint32_t a = 1, b = 0;
  char word[64];
  int c;
  do {
    c = getchar();
    if (c != EOF) {
      bytes++;
      lines += c == '\n';
      a = (a + (unsigned)c) % 65521;
      b = (b + a) % 65521;
    }
    if (c != EOF && isalpha(c)) {
      if (length < sizeof word - 1) word[length++] = (char)tolower(c);
    } else if (length > 0) {
      word[length] = 0;
      count_word(word);
      words++;
      length = 0;
    }
  } while (c != EOF);
  printf("%zu lines, %zu words, %zu bytes, adler32 %08x, %zu distinct\n", lines, words, bytes, b << 16 | a, distinct);

  struct Word** sorted = malloc((distinct + 1) * sizeof *sorted);
  size_t n = 0;
  for (size_t i = 0; i < 1024; i++)
    for (struct Word* w = buckets[i]; w; w = w->next) sorted[n++] = w;
  qsort(sorted, n, sizeof *sorted, by_count);
  for (size_t i = 0; i < n && i < 10; i++) printf("%6u %s\n", sorted[i]->count, sorted[i]->text);
  return ferror(stdin) ? 1 : 0;
}
