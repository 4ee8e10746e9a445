// The native twin of garden.ts: the same algorithm, so the same output.
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 2024;

static uint32_t next_random(uint32_t bound) {
  state = state * 1664525u + 1013904223u;
  return (state >> 10) % bound;
}

struct Plant {
  char name[16];
  int height, row;
};

struct Count {
  char name[16];
  int count;
};

static int by_height(const void* left, const void* right) {
  const struct Plant *a = left, *b = right;
  return a->height != b->height ? b->height - a->height : a->row - b->row;
}

static int by_count(const void* left, const void* right) {
  const struct Count *a = left, *b = right;
  return a->count != b->count ? b->count - a->count : strcmp(a->name, b->name);
}

static void plants(void) {
  static const char* syllables[] = {"ro", "li", "fern", "mos", "sa", "ly", "dai", "bell"};
  static struct Plant all[600];
  static struct Count counts[600];
  int names = 0;
  for (int i = 0; i < 600; i++) {
    uint32_t parts = 1 + next_random(2);
    for (uint32_t j = 0; j < parts; j++) strcat(all[i].name, syllables[next_random(8)]);
    all[i].height = (int)next_random(2000);
    all[i].row = i;
    int at = 0;
    while (at < names && strcmp(counts[at].name, all[i].name) != 0) at++;
    if (at == names) strcpy(counts[names++].name, all[i].name);
    counts[at].count++;
  }
  qsort(all, 600, sizeof all[0], by_height);
  for (int i = 0; i < 5; i++) {
    char name[16];
    snprintf(name, sizeof name, "%s", all[i].name);
    while (strlen(name) < 10) strcat(name, ".");
    printf("%s%5d@%x\n", name, all[i].height, all[i].row);
  }
  qsort(counts, (size_t)names, sizeof counts[0], by_count);
  printf("%d names:", names);
  for (int i = 0; i < 4; i++) {
    for (char* c = counts[i].name; *c; c++) *c = (char)toupper(*c);
    printf(" %s=%d", counts[i].name, counts[i].count);
  }
  printf("\n");
}

static void life(void) {
  enum { kWidth = 48, kHeight = 32 };
  static uint8_t cells[2][kHeight * kWidth];
  uint8_t *now = cells[0], *next = cells[1];
  for (int i = 0; i < kWidth * kHeight; i++) now[i] = next_random(3) == 0;
  for (int generation = 0; generation < 40; generation++) {
    for (int y = 0; y < kHeight; y++)
      for (int x = 0; x < kWidth; x++) {
        int around = 0;
        for (int dy = -1; dy <= 1; dy++)
          for (int dx = -1; dx <= 1; dx++)
            if (dx != 0 || dy != 0) around += now[(y + dy + kHeight) % kHeight * kWidth + (x + dx + kWidth) % kWidth];
        next[y * kWidth + x] = around == 3 || (around == 2 && now[y * kWidth + x] == 1);
      }
    uint8_t* swap = now;
    now = next;
    next = swap;
  }
  int alive = 0;
  for (int i = 0; i < kWidth * kHeight; i++) alive += now[i];
  printf("alive after 40 generations: %d\n", alive);
  for (int y = 0; y < 4; y++) {
    for (int x = 0; x < kWidth; x++) putchar(now[y * kWidth + x] ? '#' : '.');
    putchar('\n');
  }
}

static int queens(int size, int row, int columns, int down, int up) {
  if (row == size) return 1;
  int count = 0;
  int available = ~(columns | down | up) & ((1 << size) - 1);
  while (available != 0) {
    int bit = available & -available;
    available ^= bit;
    count += queens(size, row + 1, columns | bit, (down | bit) << 1, (up | bit) >> 1);
  }
  return count;
}

struct Tree {
  struct Tree *left, *right;
  int value;
};

static struct Tree* insert(struct Tree* tree, int value) {
  if (tree == NULL) {
    tree = calloc(1, sizeof *tree);
    tree->value = value;
  } else if (value < tree->value) {
    tree->left = insert(tree->left, value);
  } else {
    tree->right = insert(tree->right, value);
  }
  return tree;
}

static int depth(const struct Tree* tree) {
  if (tree == NULL) return 0;
  int left = depth(tree->left), right = depth(tree->right);
  return 1 + (left > right ? left : right);
}

static int64_t sum(const struct Tree* tree) {
  return tree == NULL ? 0 : tree->value + sum(tree->left) + sum(tree->right);
}

static void trees(void) {
  int depths = 0;
  int64_t total = 0;
  for (int round = 0; round < 30; round++) {
    struct Tree* root = insert(NULL, 5000);
    for (int i = 0; i < 200; i++) insert(root, (int)next_random(10000));
    depths += depth(root);
    total += sum(root);
  }
  printf("trees: depths %d, sum %lld\n", depths, (long long)total);
}

static void numbers(void) {
  uint64_t hash = 14695981039346656037u;
  for (int i = 0; i < 20000; i++) hash = (hash ^ ((uint64_t)i & 0xff)) * 1099511628211u;
  printf("hash %llu %llx\n", (unsigned long long)(hash >> 1), (unsigned long long)(hash << 17 | hash >> 47));
  double x = 0.3;
  for (int i = 0; i < 500; i++) x = 3.75 * x * (1 - x);
  printf("logistic %lld, root %lld\n", (long long)floor(x * 1e12), (long long)(sqrt(2) * 1e15));
  printf("bits %d %d %d\n", __builtin_popcount(0xdeadbeefu), __builtin_clzll(0x1234), __builtin_ctz(0x5000));
  const char* words[] = {"September", "since", "soundly", "sleep", "seeds", "seven"};
  for (int i = 0; i < 6; i++) {
    for (const char* c = words[i]; *c; c++) putchar(*c == 's' ? 'z' : *c);
    putchar(' ');
  }
  printf("3\n");
}

static void input(void) {
  int total = 0, c;
  uint32_t hash = 0;
  while ((c = getchar()) != EOF) {
    hash = hash * 31 + (uint32_t)c;
    total++;
  }
  printf("input: %d bytes, hash %u\n", total, hash);
}

int main(int argc, char** argv) {
  printf("arguments: ");
  for (int i = 1; i < argc; i++) printf(i == 1 ? "%s" : ",%s", argv[i]);
  const char* season = getenv("SEASON");
  printf("\nSEASON: %s\n", season ? season : "none");
  plants();
  life();
  printf("queens: %d\n", queens(7, 0, 0, 0, 0));
  trees();
  numbers();
  input();
  fprintf(stderr, "done\n");
  return argc > 1 ? atoi(argv[1]) : 0;
}
