// A JSON parser: writes a document of its own making into a buffer, parses it into a tree of allocated nodes, adds up
// what is in it, and prints it again into a second buffer that must equal the first.
//
//   json ROUNDS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject } Kind;

typedef struct Value {
  Kind kind;
  uint32_t count;       // elements, members, bytes of the string
  double number;
  char* text;           // kString
  char** keys;          // kObject
  struct Value* items;  // kArray, kObject
} Value;

// --- Writing ---------------------------------------------------------------------------------------------------------

typedef struct {
  char* bytes;
  size_t size, capacity;
} Buffer;

static void put(Buffer* out, const char* bytes, size_t count) {
  if (out->size + count > out->capacity) {
    out->capacity = 2 * (out->size + count);
    out->bytes = realloc(out->bytes, out->capacity);
    if (out->bytes == NULL) abort();
  }
  memcpy(out->bytes + out->size, bytes, count);
  out->size += count;
}

static void put_text(Buffer* out, const char* text) { put(out, text, strlen(text)); }

static void put_string(Buffer* out, const char* text, size_t count) {
  put(out, "\"", 1);
  for (size_t i = 0; i < count; i++) {
    switch (text[i]) {
      case '"': put(out, "\\\"", 2); break;
      case '\\': put(out, "\\\\", 2); break;
      case '\n': put(out, "\\n", 2); break;
      default: put(out, text + i, 1);
    }
  }
  put(out, "\"", 1);
}

// Whole numbers and quarters, which are all the document has.
static void put_number(Buffer* out, double number) {
  char digits[32];
  int at = sizeof digits;
  int is_negative = number < 0;
  uint64_t quarters = (uint64_t)((is_negative ? -number : number) * 4);
  static const char* const fractions[] = {"", ".25", ".5", ".75"};
  const char* fraction = fractions[quarters & 3];
  uint64_t whole = quarters >> 2;
  do digits[--at] = (char)('0' + whole % 10);
  while ((whole /= 10) != 0);
  if (is_negative) digits[--at] = '-';
  put(out, digits + at, sizeof digits - (size_t)at);
  put_text(out, fraction);
}

static void print(Buffer* out, const Value* value) {
  switch (value->kind) {
    case kNull: return put_text(out, "null");
    case kFalse: return put_text(out, "false");
    case kTrue: return put_text(out, "true");
    case kNumber: return put_number(out, value->number);
    case kString: return put_string(out, value->text, value->count);
    case kArray:
      put(out, "[", 1);
      for (uint32_t i = 0; i < value->count; i++) {
        if (i != 0) put(out, ",", 1);
        print(out, &value->items[i]);
      }
      return put(out, "]", 1);
    case kObject:
      put(out, "{", 1);
      for (uint32_t i = 0; i < value->count; i++) {
        if (i != 0) put(out, ",", 1);
        put_string(out, value->keys[i], strlen(value->keys[i]));
        put(out, ":", 1);
        print(out, &value->items[i]);
      }
      return put(out, "}", 1);
  }
}

// --- Parsing ---------------------------------------------------------------------------------------------------------

typedef struct {
  const char *at, *end;
} Input;

static _Noreturn void fail(const char* what) {
  fprintf(stderr, "json: %s\n", what);
  exit(1);
}

static char peek(Input* in) {
  while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\t' || *in->at == '\r')) in->at++;
  return in->at < in->end ? *in->at : 0;
}

static void expect(Input* in, const char* word) {
  size_t size = strlen(word);
  if ((size_t)(in->end - in->at) < size || memcmp(in->at, word, size) != 0) fail("unexpected character");
  in->at += size;
}

static char* parse_string(Input* in, uint32_t* count) {
  expect(in, "\"");
  const char* close = in->at;
  while (close < in->end && *close != '"') close += *close == '\\' ? 2 : 1;
  if (close >= in->end) fail("string without end");
  char* text = malloc((size_t)(close - in->at) + 1);
  if (text == NULL) abort();
  uint32_t size = 0;
  while (in->at < close) {
    char c = *in->at++;
    if (c == '\\') {
      c = *in->at++;
      if (c == 'n') c = '\n';
      else if (c != '"' && c != '\\' && c != '/') fail("unknown escape");
    }
    text[size++] = c;
  }
  text[size] = 0;
  in->at++;
  *count = size;
  return text;
}

static double parse_number(Input* in) {
  double value = 0, scale = 1;
  int is_negative = *in->at == '-';
  if (is_negative) in->at++;
  if (in->at == in->end || *in->at < '0' || *in->at > '9') fail("unexpected character");
  while (in->at < in->end && *in->at >= '0' && *in->at <= '9') value = value * 10 + (*in->at++ - '0');
  if (in->at < in->end && *in->at == '.') {
    in->at++;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') value += (*in->at++ - '0') * (scale /= 10);
  }
  return is_negative ? -value : value;
}

static void* grow(void* block, uint32_t count, size_t element) {
  if (count < 4 ? count != 0 : (count & (count - 1)) != 0) return block;
  block = realloc(block, element * (count == 0 ? 4 : 2 * (size_t)count));
  if (block == NULL) abort();
  return block;
}

static Value parse(Input* in, int depth) {
  Value value = {0};
  if (depth > 100) fail("nested too deeply");
  switch (peek(in)) {
    case 'n': expect(in, "null"); return value;
    case 'f': expect(in, "false"); value.kind = kFalse; return value;
    case 't': expect(in, "true"); value.kind = kTrue; return value;
    case '"': value.kind = kString; value.text = parse_string(in, &value.count); return value;
    case '[':
      value.kind = kArray;
      in->at++;
      if (peek(in) == ']') return in->at++, value;
      for (;;) {
        value.items = grow(value.items, value.count, sizeof(Value));
        value.items[value.count++] = parse(in, depth + 1);
        if (peek(in) != ',') break;
        in->at++;
      }
      expect(in, "]");
      return value;
    case '{':
      value.kind = kObject;
      in->at++;
      if (peek(in) == '}') return in->at++, value;
      for (;;) {
        uint32_t ignored;
        if (peek(in) != '"') fail("a key is missing");
        value.keys = grow(value.keys, value.count, sizeof(char*));
        value.items = grow(value.items, value.count, sizeof(Value));
        value.keys[value.count] = parse_string(in, &ignored);
        if (peek(in) != ':') fail("a colon is missing");
        in->at++;
        value.items[value.count++] = parse(in, depth + 1);
        if (peek(in) != ',') break;
        in->at++;
      }
      expect(in, "}");
      return value;
    default: value.kind = kNumber; value.number = parse_number(in); return value;
  }
}

static void release(Value* value) {
  for (uint32_t i = 0; i < value->count && value->items != NULL; i++) {
    release(&value->items[i]);
    if (value->keys != NULL) free(value->keys[i]);
  }
  free(value->text);
  free(value->keys);
  free(value->items);
}

// --- The document ----------------------------------------------------------------------------------------------------

static uint32_t seed;
static uint32_t below(uint32_t limit) { return (seed = seed * 1664525u + 1013904223u) % 65536 * limit / 65536; }

static void write_document(Buffer* out) {
  static const char* const words[] = {"station", "river", "a \"quoted\" name", "line\nbreak", "back\\slash", "north", "x"};
  put_text(out, "{\"records\":[");
  for (int i = 0; i < 200; i++) {
    if (i != 0) put(out, ",", 1);
    put_text(out, "{\"id\":");
    put_number(out, i);
    put_text(out, ",\"name\":");
    const char* word = words[below(7)];
    put_string(out, word, strlen(word));
    put_text(out, below(2) ? ",\"open\":true,\"levels\":[" : ",\"open\":false,\"levels\":[");
    for (uint32_t n = below(12), k = 0; k < n; k++) {
      if (k != 0) put(out, ",", 1);
      put_number(out, ((double)below(40000) - 20000) / 4);
    }
    put_text(out, "],\"parent\":");
    if (below(3) == 0) put_text(out, "null");
    else put_text(out, "{\"near\":{},\"far\":[]}");
    put(out, "}", 1);
  }
  put_text(out, "]}");
}

static double sum(const Value* value) {
  double total = value->kind == kNumber ? value->number : value->kind == kString ? value->count : value->kind;
  for (uint32_t i = 0; i < value->count && value->items != NULL; i++) total += sum(&value->items[i]);
  return total;
}

int main(int argc, char** argv) {
  long rounds = argc == 2 ? atol(argv[1]) : 0;
  Buffer document = {0}, again = {0};
  double total = 0;
  for (long i = 0; i < rounds; i++) {
    document.size = again.size = 0;
    seed = (uint32_t)i;
    write_document(&document);
    Input in = {document.bytes, document.bytes + document.size};
    Value value = parse(&in, 0);
    if (in.at != in.end) fail("something follows the document");
    total += sum(&value);
    print(&again, &value);
    if (again.size != document.size || memcmp(again.bytes, document.bytes, again.size) != 0) fail("not what was parsed");
    release(&value);
  }
  printf("%ld rounds: %lld\n", rounds, (long long)(total * 4));
  free(document.bytes);
  free(again.bytes);
  return 0;
}
