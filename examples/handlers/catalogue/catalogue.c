// catalogue: an HTTP handler (CGI) that answers with JSON from an SQLite database, opened read-only in a folder it was
// given (schema.sql makes one).
//
//   GET  /books?author=NAME&limit=N   some books
//   GET  /books/ID                    one book, or 404
//   POST /quote                       {"items": [{"id": 1, "count": 2}, …]} → the lines with their prices, and the sum
//
// SQLite is also what reads and writes the JSON: a body is a parameter of a query, never a part of its text.
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxBody = 64 << 10, kMaxItems = 100 };

static sqlite3* database;

static void answer(int status, const char* reason, const char* json) {
  printf("Status: %d %s\nContent-Type: application/json\nCache-Control: no-store\n", status, reason);
  if (status == 405) printf("Allow: GET, POST\n");
  printf("Content-Length: %zu\n\n%s\n", strlen(json) + 1, json);
}

static void refuse(int status, const char* reason, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char* message = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  sqlite3_str* json = sqlite3_str_new(NULL);
  sqlite3_str_appendall(json, "{\"error\":\"");
  for (const char* c = message ? message : ""; *c; c++) {
    if (*c == '"' || *c == '\\') sqlite3_str_appendchar(json, 1, '\\');
    sqlite3_str_appendchar(json, 1, (unsigned char)*c < ' ' ? ' ' : *c);
  }
  sqlite3_str_appendall(json, "\"}");
  answer(status, reason, sqlite3_str_value(json));
  sqlite3_free(sqlite3_str_finish(json));
  sqlite3_free(message);
}

static sqlite3_stmt* prepare(const char* sql) {
  sqlite3_stmt* query = NULL;
  if (sqlite3_prepare_v2(database, sql, -1, &query, NULL) != SQLITE_OK)
    fprintf(stderr, "catalogue: %s\n", sqlite3_errmsg(database));
  return query;
}

// The one text a query has for an answer; NULL if it has none. The caller frees it with sqlite3_free.
static char* text_of(sqlite3_stmt* query) {
  char* text = NULL;
  if (!query) return NULL;
  int result = sqlite3_step(query);
  if (result == SQLITE_ROW && sqlite3_column_type(query, 0) != SQLITE_NULL)
    text = sqlite3_mprintf("%s", sqlite3_column_text(query, 0));
  else if (result != SQLITE_ROW && result != SQLITE_DONE) fprintf(stderr, "catalogue: %s\n", sqlite3_errmsg(database));
  sqlite3_finalize(query);
  return text;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The decoded value of a query parameter, or NULL; the caller frees it. A %00 would end the text early: it is left out.
static char* parameter(const char* query, const char* name) {
  size_t length = strlen(name);
  for (; query && *query; query += strcspn(query, "&"), query += *query == '&') {
    if (strncmp(query, name, length) != 0 || query[length] != '=') continue;
    const char* from = query + length + 1;
    const char* end = from + strcspn(from, "&");
    char* value = malloc((size_t)(end - from) + 1);
    char* to = value;
    while (value && from < end) {
      char c = *from++;
      if (c == '+') c = ' ';
      else if (c == '%' && end - from >= 2 && hex_digit(from[0]) >= 0 && hex_digit(from[1]) >= 0) {
        c = (char)(hex_digit(from[0]) * 16 + hex_digit(from[1]));
        from += 2;
      }
      if (c) *to++ = c;
    }
    if (value) *to = 0;
    return value;
  }
  return NULL;
}

// A whole number from 1 to `most`; 0 if the text is something else.
static int positive_number(const char* text, int most) {
  long value = 0;
  if (!*text) return 0;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return 0;
    value = value * 10 + (*text - '0');
    if (value > most) return 0;
  }
  return (int)value;
}

// Money is a text: no binary fraction is a cent.
#define BOOK "json_object('id',id,'title',title,'author',author,'year',year,'price',printf('%d.%02d',cents/100,cents%100),'available',json(iif(stock>0,'true','false')))"

static void one_book(const char* id) {
  int number = positive_number(id, 1 << 30);
  if (!number) {
    refuse(400, "Bad Request", "a book's id is a number");
    return;
  }
  sqlite3_stmt* query = prepare("SELECT " BOOK " FROM book WHERE id = ?1");
  sqlite3_bind_int(query, 1, number);
  char* json = text_of(query);
  if (json) answer(200, "OK", json);
  else refuse(404, "Not Found", "no book %d", number);
  sqlite3_free(json);
}

static void some_books(const char* query_string) {
  char* author = parameter(query_string, "author");
  char* limit_text = parameter(query_string, "limit");
  int limit = limit_text ? positive_number(limit_text, 100) : 20;
  free(limit_text);
  if (!limit) {
    free(author);
    refuse(400, "Bad Request", "limit is a number from 1 to 100");
    return;
  }
  sqlite3_stmt* query = prepare(
      "SELECT json_object('books', json_group_array(json(book))) FROM"
      " (SELECT " BOOK " AS book FROM book WHERE ?1 IS NULL OR author = ?1 ORDER BY year, id LIMIT ?2)");
  sqlite3_bind_text(query, 1, author, -1, SQLITE_STATIC);
  sqlite3_bind_int(query, 2, limit);
  char* json = text_of(query);
  free(author);
  if (json) answer(200, "OK", json);
  else refuse(500, "Internal Server Error", "the catalogue cannot be read");
  sqlite3_free(json);
}

static void quote(const char* body) {
  // What is wrong with the body, if anything is: the first rule that it breaks.
  sqlite3_stmt* check = prepare(
      "SELECT CASE"
      " WHEN NOT json_valid(?1) THEN 'the body is not JSON'"
      " WHEN json_type(?1, '$.items') IS NOT 'array' THEN 'items must be an array'"
      " WHEN json_array_length(?1, '$.items') NOT BETWEEN 1 AND ?2 THEN 'items must have 1 to ' || ?2 || ' entries'"
      " ELSE (SELECT CASE"
      "   WHEN type IS NOT 'object' THEN 'item ' || key || ' must be an object'"
      "   WHEN json_type(value, '$.id') IS NOT 'integer' THEN 'item ' || key || ': id must be a whole number'"
      "   WHEN json_type(value, '$.count') IS NOT 'integer' THEN 'item ' || key || ': count must be a whole number'"
      "   WHEN json_extract(value, '$.count') NOT BETWEEN 1 AND 1000 THEN 'item ' || key || ': count must be 1 to 1000'"
      "   WHEN NOT EXISTS (SELECT 1 FROM book WHERE book.id = json_extract(value, '$.id')) THEN 'item ' || key || ': no such book'"
      "   END AS problem FROM json_each(?1, '$.items') WHERE problem IS NOT NULL ORDER BY key LIMIT 1) END");
  sqlite3_bind_text(check, 1, body, -1, SQLITE_STATIC);
  sqlite3_bind_int(check, 2, kMaxItems);
  char* problem = text_of(check);
  if (problem) {
    refuse(422, "Unprocessable Content", "%s", problem);
    sqlite3_free(problem);
    return;
  }
  sqlite3_stmt* query = prepare(
      "WITH line AS (SELECT key, book.id, title, stock, cents, json_extract(value, '$.count') AS count"
      "  FROM json_each(?1, '$.items') JOIN book ON book.id = json_extract(value, '$.id') ORDER BY key)"
      " SELECT json_object('items', json_group_array(json_object('id', id, 'title', title, 'count', count,"
      " 'available', json(iif(stock >= count, 'true', 'false')), 'price', printf('%d.%02d', cents * count / 100, cents * count % 100))),"
      " 'total', printf('%d.%02d', sum(cents * count) / 100, sum(cents * count) % 100)) FROM line");
  sqlite3_bind_text(query, 1, body, -1, SQLITE_STATIC);
  char* json = text_of(query);
  if (json) answer(200, "OK", json);
  else refuse(500, "Internal Server Error", "the catalogue cannot be read");
  sqlite3_free(json);
}

int main(void) {
  const char* method = getenv("REQUEST_METHOD");
  const char* path = getenv("PATH_INFO");
  const char* file = getenv("CATALOGUE");
  if (!method) method = "";
  if (!path) path = "";

  // immutable: no locks and no journal, neither of which a read-only folder could have.
  char* uri = sqlite3_mprintf("file:%s?immutable=1", file ? file : "/data/catalogue.db");
  if (sqlite3_open_v2(uri, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK) {
    fprintf(stderr, "catalogue: %s: %s\n", uri, sqlite3_errmsg(database));
    refuse(500, "Internal Server Error", "the catalogue cannot be opened");
    return 1;
  }

  int is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  if (is_read && strcmp(path, "/books") == 0) some_books(getenv("QUERY_STRING"));
  else if (is_read && strncmp(path, "/books/", 7) == 0) one_book(path + 7);
  else if (strcmp(method, "POST") == 0 && strcmp(path, "/quote") == 0) {
    static char body[kMaxBody + 1];
    size_t size = fread(body, 1, sizeof body, stdin);
    if (size > kMaxBody) refuse(413, "Content Too Large", "a body may have up to %d bytes", kMaxBody);
    else if (strlen(body) != size) refuse(422, "Unprocessable Content", "the body is not JSON");
    else quote(body);
  } else if (!is_read && strcmp(method, "POST") != 0) refuse(405, "Method Not Allowed", "%s is not for here", method);
  else refuse(404, "Not Found", "there is /books, /books/ID and, by POST, /quote");
  sqlite3_close(database);
  sqlite3_free(uri);
  return fflush(stdout) != 0;
}
