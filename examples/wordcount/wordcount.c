// Counts the words of a file and prints the most frequent ones.
//
//   wordcount FILE [HOW-MANY]
//
// A word is a run of ASCII letters; case is ignored. Reads FILE (or standard input for "-") through the C library, so
// under WASI only files of a folder given with --dir can be opened.
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char* word;  // NULL where the place is free
  unsigned long count;
};

// Open addressing; the capacity is a power of two and at most half of it is used.
struct table {
  struct entry* entries;
  size_t capacity;
  size_t used;
};

static void* checked(void* memory) {
  if (memory == NULL) {
    fprintf(stderr, "wordcount: out of memory\n");
    exit(1);
  }
  return memory;
}

static uint32_t hash(const char* word) {  // FNV-1a
  uint32_t h = 2166136261u;
  for (; *word; ++word) h = (h ^ (unsigned char)*word) * 16777619u;
  return h;
}

static struct entry* find(struct table* table, const char* word) {
  size_t i = hash(word) & (table->capacity - 1);
  while (table->entries[i].word != NULL && strcmp(table->entries[i].word, word) != 0)
    i = (i + 1) & (table->capacity - 1);
  return &table->entries[i];
}

static void grow(struct table* table) {
  struct table larger = {NULL, table->capacity ? table->capacity * 2 : 1024, table->used};
  larger.entries = checked(calloc(larger.capacity, sizeof *larger.entries));
  for (size_t i = 0; i < table->capacity; ++i)
    if (table->entries[i].word != NULL) *find(&larger, table->entries[i].word) = table->entries[i];
  free(table->entries);
  *table = larger;
}

static void count(struct table* table, const char* word) {
  if (table->used * 2 >= table->capacity) grow(table);
  struct entry* entry = find(table, word);
  if (entry->word == NULL) {
    size_t size = strlen(word) + 1;
    entry->word = memcpy(checked(malloc(size)), word, size);
    ++table->used;
  }
  ++entry->count;
}

static int by_count_then_word(const void* left, const void* right) {
  const struct entry *a = left, *b = right;
  if (a->count != b->count) return a->count < b->count ? 1 : -1;
  if (a->word == NULL || b->word == NULL) return (a->word == NULL) - (b->word == NULL);
  return strcmp(a->word, b->word);
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: wordcount FILE [HOW-MANY]\n");
    return 2;
  }
  unsigned long wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
  FILE* file = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "r");
  if (file == NULL) {
    fprintf(stderr, "wordcount: %s: %s\n", argv[1], strerror(errno));
    return 1;
  }

  struct table table = {NULL, 0, 0};
  char word[64];  // longer words are cut
  size_t length = 0;
  unsigned long words = 0;
  for (int c; (c = getc(file)) != EOF || length > 0;) {
    if (c != EOF && c < 128 && isalpha(c)) {
      if (length < sizeof word - 1) word[length++] = (char)tolower(c);
      continue;
    }
    if (length > 0) {
      word[length] = '\0';
      count(&table, word);
      ++words;
      length = 0;
    }
    if (c == EOF) break;
  }

  printf("%lu words, %zu different\n", words, table.used);
  if (table.used > 0) qsort(table.entries, table.capacity, sizeof *table.entries, by_count_then_word);
  for (size_t i = 0; i < table.used && i < wanted; ++i)
    printf("%6lu  %s\n", table.entries[i].count, table.entries[i].word);
  return fflush(stdout) == 0 ? 0 : 1;
}
