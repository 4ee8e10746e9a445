// The kinds of work that small processors are measured by, in one program: a linked list that is searched, reversed and
// sorted by merging; products of small integer matrices; a state machine that sorts texts into kinds of numbers; and a
// CRC-16 over every result, which the next round depends on.
//
//   mixed ROUNDS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// --- CRC-16 (polynomial 0x8005, reflected), a bit at a time ----------------------------------------------------------

static uint16_t crc16(uint16_t crc, uint32_t value, int bytes) {
  for (; bytes > 0; bytes--, value >>= 8) {
    crc ^= value & 0xFF;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : (uint16_t)(crc >> 1);
  }
  return crc;
}

// --- Lists -----------------------------------------------------------------------------------------------------------

typedef struct Node {
  struct Node* next;
  int16_t key;
  int16_t value;
} Node;

enum { kNodes = 240 };
static Node nodes[kNodes];

static Node* make_list(uint32_t seed) {
  for (int i = 0; i < kNodes; i++) {
    seed = seed * 1103515245u + 12345u;
    nodes[i] = (Node){i + 1 < kNodes ? &nodes[i + 1] : NULL, (int16_t)(seed >> 16 & 0x7FF), (int16_t)i};
  }
  return nodes;
}

static const Node* find(const Node* list, int16_t key) {
  while (list != NULL && list->key != key) list = list->next;
  return list;
}

static Node* reverse(Node* list) {
  Node* result = NULL;
  while (list != NULL) {
    Node* next = list->next;
    list->next = result;
    result = list;
    list = next;
  }
  return result;
}

typedef int (*Compare)(const Node*, const Node*);
static int by_key(const Node* a, const Node* b) { return a->key - b->key; }
static int by_value(const Node* a, const Node* b) { return a->value - b->value; }

// Stable, bottom up: runs of 1, 2, 4… nodes are merged until one is left.
static Node* merge_sort(Node* list, Compare compare) {
  for (int width = 1;; width *= 2) {
    Node* p = list;
    Node* tail = NULL;
    int merges = 0;
    list = NULL;
    while (p != NULL) {
      Node* q = p;
      int p_left = 0, q_left = width;
      merges++;
      while (p_left < width && q != NULL) p_left++, q = q->next;
      while (p_left > 0 || (q_left > 0 && q != NULL)) {
        Node** from;
        if (p_left == 0) from = &q, q_left--;
        else if (q_left == 0 || q == NULL || compare(p, q) <= 0) from = &p, p_left--;
        else from = &q, q_left--;
        Node* node = *from;
        *from = node->next;
        if (tail == NULL) list = node;
        else tail->next = node;
        tail = node;
      }
      p = q;
    }
    tail->next = NULL;
    if (merges <= 1) return list;
  }
}

static uint16_t work_on_list(uint16_t crc, uint32_t seed) {
  Node* list = make_list(seed);
  for (int i = 0; i < 40; i++) {
    const Node* found = find(list, (int16_t)((seed >> 3) + 37u * (uint32_t)i & 0x7FF));
    crc = crc16(crc, found != NULL ? (uint32_t)found->value : 0xFFFF, 2);
    if (i % 8 == 0) list = reverse(list);
  }
  list = merge_sort(list, by_key);
  for (const Node* node = list; node != NULL; node = node->next) crc = crc16(crc, (uint16_t)node->key, 2);
  list = merge_sort(list, by_value);
  return crc16(crc, (uint16_t)list->key, 2);
}

// --- Matrices --------------------------------------------------------------------------------------------------------

enum { kSize = 12 };
static int16_t left[kSize][kSize], right[kSize][kSize];
static int32_t product[kSize][kSize];

static uint16_t work_on_matrices(uint16_t crc, uint32_t seed) {
  for (int i = 0; i < kSize; i++)
    for (int j = 0; j < kSize; j++) {
      seed = seed * 1103515245u + 12345u;
      left[i][j] = (int16_t)(seed >> 20);
      right[i][j] = (int16_t)(seed >> 8 & 0xFF);
    }
  for (int i = 0; i < kSize; i++)
    for (int j = 0; j < kSize; j++) {
      int32_t sum = 0;
      for (int k = 0; k < kSize; k++) sum += left[i][k] * right[k][j];
      product[i][j] = sum;
    }
  for (int i = 0; i < kSize; i++) {
    int32_t row = 0;
    for (int j = 0; j < kSize; j++) row += (product[i][j] >> 2 & 0xF) * (product[i][j] >> 5 & 0x7F);
    crc = crc16(crc, (uint32_t)row, 4);
  }
  return crc;
}

// --- A state machine over text ---------------------------------------------------------------------------------------

typedef enum { kStart, kInteger, kPoint, kFraction, kExponent, kExponentDigits, kInvalid, kStates } State;

static State classify(const char** text) {
  State state = kStart;
  const char* p = *text;
  for (; *p != ',' && *p != 0; p++) {
    int is_digit = *p >= '0' && *p <= '9';
    switch (state) {
      case kStart:
        if (is_digit) state = kInteger;
        else if (*p == '.') state = kPoint;
        else if (*p != '+' && *p != '-') state = kInvalid;
        break;
      case kInteger:
        if (*p == '.') state = kPoint;
        else if (*p == 'e' || *p == 'E') state = kExponent;
        else if (!is_digit) state = kInvalid;
        break;
      case kPoint:
      case kFraction:
        if (is_digit) state = kFraction;
        else if (*p == 'e' || *p == 'E') state = kExponent;
        else state = kInvalid;
        break;
      case kExponent:
        if (is_digit) state = kExponentDigits;
        else if (*p != '+' && *p != '-') state = kInvalid;
        break;
      case kExponentDigits:
        if (!is_digit) state = kInvalid;
        break;
      default: break;
    }
  }
  *text = *p == ',' ? p + 1 : p;
  return state;
}

static uint16_t work_on_text(uint16_t crc, uint32_t seed) {
  static const char* const words[] = {"5012", "-874", "+122", "35.54400", ".1234500", "-110.700", "+0.64400", "5.500e+3",
                                      "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
  static char text[512];
  unsigned size = 0;
  while (size < sizeof text - 16) {
    seed = seed * 1103515245u + 12345u;
    for (const char* word = words[(seed >> 16) % 15]; *word != 0; word++) text[size++] = *word;
    text[size++] = ',';
  }
  text[size] = 0;
  uint32_t counts[kStates] = {0};
  for (const char* p = text; *p != 0;) counts[classify(&p)]++;
  for (int i = 0; i < kStates; i++) crc = crc16(crc, counts[i], 4);
  return crc;
}

int main(int argc, char** argv) {
  long rounds = argc == 2 ? atol(argv[1]) : 0;
  uint16_t crc = 0;
  for (long i = 0; i < rounds; i++) {
    crc = work_on_list(crc, (uint32_t)i * 2654435761u + crc);
    crc = work_on_matrices(crc, crc + 1u);
    crc = work_on_text(crc, crc * 3u + 7u);
  }
  printf("%ld rounds: %04x\n", rounds, crc);
  return 0;
}
