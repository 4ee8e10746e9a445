// Heads and bodies as RFC 9112 has them, and what must be refused because two recipients could read it differently.
#include "serve/http/request_parser.h"

#include <gtest/gtest.h>

#include "serve/http/head_scan.h"

namespace brink::serve {
namespace {

// What becomes of one whole message: the status it is refused with, or 0, and its body.
struct Judgement {
  int status = 0;
  std::string reason;
  std::string body;
  size_t left = 0;  // bytes behind the message
  Request request;
};

// `room`: how many body bytes are asked for at a time.
Judgement judge(std::string_view bytes, Request& request, size_t room = 1000, u64 limit = 1000) {
  Judgement result;
  auto refuse = [&](Refusal refusal) {
    result.status = refusal.status;
    result.reason = refusal.reason;
    return result;
  };
  HeadScan scan = scan_head(bytes);
  if (scan.state == HeadScan::State::NeedMore) return refuse({-1, "incomplete head"});
  if (scan.state == HeadScan::State::Malformed) return refuse({400, scan.error});
  RequestParser parser;
  if (auto refusal = parser.parse_head(bytes.substr(scan.skipped, scan.size - scan.skipped), limit, request))
    return refuse(refusal);
  bytes.remove_prefix(scan.size);
  std::vector<u8> buffer(room);
  while (!parser.is_body_done()) {
    RequestParser::Step step = parser.read_body(bytes, buffer);
    result.body.append(reinterpret_cast<const char*>(buffer.data()), step.delivered);
    bytes.remove_prefix(step.consumed);
    if (step.refusal) return refuse(step.refusal);
    if (step.consumed == 0 && step.delivered == 0) return refuse({-2, "incomplete body"});
  }
  result.left = bytes.size();
  return result;
}

Judgement judge(std::string_view bytes, size_t room = 1000) {
  Request request;
  return judge(bytes, request, room);
}

TEST(RequestParser, ReadsAHead) {
  Request request;
  EXPECT_EQ(judge("GET /a/b?x=1&y HTTP/1.1\r\nHost: example.com:80\r\nX-Empty:\r\nAccept: \t a, b \t\r\n\r\n", request).status, 0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/a/b?x=1&y");
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.query, "x=1&y");
  EXPECT_EQ(request.host, "example.com:80");
  EXPECT_EQ(request.minor_version, 1);
  ASSERT_EQ(request.fields.size(), 3u);
  EXPECT_EQ(request.fields[1].name, "X-Empty");
  EXPECT_EQ(request.fields[1].value, "");
  EXPECT_EQ(request.find("aCCEPT")->value, "a, b");
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.has_body());
}

TEST(RequestParser, SkipsOneEmptyLineBeforeARequest) {
  EXPECT_EQ(judge("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 0);
  EXPECT_EQ(judge("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
}

TEST(RequestParser, NeedsMoreOfWhatIsNotWhole) {
  std::string whole = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  size_t head = whole.size() - 3;
  for (size_t size = 0; size < whole.size(); ++size) {
    int expected = size < head ? -1 : -2;
    EXPECT_EQ(judge(whole.substr(0, size)).status, expected) << size;
  }
  EXPECT_EQ(judge(whole).status, 0);
}

TEST(RequestParser, ConnectionPersistence) {
  auto keeps = [](std::string_view head) {
    Request request;
    EXPECT_EQ(judge(head, request).status, 0) << head;
    return request.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParser, ReadsBodies) {
  struct Case {
    const char* message;
    const char* body;
    size_t left;
  };
  const Case kCases[] = {
      {"Content-Length: 5\r\n\r\nhello", "hello", 0},
      {"Content-Length: 5\r\n\r\nhelloGET /", "hello", 5},
      {"Content-Length: 0\r\n\r\n", "", 0},
      {"content-length: 005\r\n\r\nhello", "hello", 0},
      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", 0},
      {"Transfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\nGET", "hello", 3},
      {"Transfer-Encoding: chunked\r\n\r\n5;name=value;other=\"quoted; text\"\r\nhello\r\n0;x\r\n\r\n", "hello", 0},
      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: value\r\nOther: x\r\n\r\n", "hello", 0},
      {"Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0},
  };
  for (const Case& test : kCases) {
    std::string message = std::string("POST / HTTP/1.1\r\nHost: a\r\n") + test.message;
    for (size_t room : {1, 2, 3, 7, 1000}) {
      Judgement judgement = judge(message, room);
      EXPECT_EQ(judgement.status, 0) << test.message << judgement.reason;
      EXPECT_EQ(judgement.body, test.body) << test.message;
      EXPECT_EQ(judgement.left, test.left) << test.message;
    }
  }
}

TEST(RequestParser, RefusesBodiesThatAreTooLarge) {
  Request request;
  EXPECT_EQ(judge("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", request).status, 413);
  Request other;
  EXPECT_EQ(judge("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", other).status, 413);
}

TEST(RequestParser, Targets) {
  auto parsed = [](std::string_view method, std::string_view target) {
    Request request;
    std::string head = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    Judgement judgement = judge(head, request);
    if (judgement.status != 0) return std::to_string(judgement.status);
    return request.path + "|" + std::string(request.query);
  };
  EXPECT_EQ(parsed("GET", "/"), "/|");
  EXPECT_EQ(parsed("GET", "/a%20b"), "/a b|");
  EXPECT_EQ(parsed("GET", "/%C3%a9"), "/\xc3\xa9|");
  EXPECT_EQ(parsed("GET", "/a?b?c"), "/a|b?c");
  EXPECT_EQ(parsed("GET", "/a?%00%zz"), "/a|%00%zz");  // the query is the program's business
  EXPECT_EQ(parsed("GET", "/a/./b/../c"), "/a/c|");
  EXPECT_EQ(parsed("GET", "/a/.."), "/|");
  EXPECT_EQ(parsed("GET", "/../../etc/passwd"), "/etc/passwd|");
  EXPECT_EQ(parsed("GET", "/a/%2e%2E/%2e/b"), "/b|");
  EXPECT_EQ(parsed("GET", "/a/...//.x"), "/a/...//.x|");
  EXPECT_EQ(parsed("GET", "http://host"), "/|");
  EXPECT_EQ(parsed("GET", "HTTP://host:1/x?y"), "/x|y");
  EXPECT_EQ(parsed("GET", "https://host?y"), "/|y");
  EXPECT_EQ(parsed("OPTIONS", "*"), "*|");
  EXPECT_EQ(parsed("GET", "*"), "400");
  EXPECT_EQ(parsed("GET", "x"), "400");
  EXPECT_EQ(parsed("GET", "ftp://host/"), "400");
  EXPECT_EQ(parsed("GET", "http:///x"), "400");
  EXPECT_EQ(parsed("GET", "http://user@host/"), "400");
  EXPECT_EQ(parsed("GET", "/a#b"), "400");
  EXPECT_EQ(parsed("GET", "/%"), "400");
  EXPECT_EQ(parsed("GET", "/%2"), "400");
  EXPECT_EQ(parsed("GET", "/%2x"), "400");
  EXPECT_EQ(parsed("GET", "/%00"), "400");
  EXPECT_EQ(parsed("CONNECT", "host:443"), "501");
}

// Each line of the head is judged on its own; what follows "POST / HTTP/1.1\r\nHost: a\r\n" here.
TEST(RequestParser, RefusesAmbiguousFraming) {
  struct Case {
    const char* rest;
    int status;
  };
  const Case kCases[] = {
      // RFC 9112, 6.3: both, or several that differ; and several that do not, which are an attack as well.
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"Content-Length: 5, 5\r\n\r\nhello", 400},
      {"Content-Length: 5,6\r\n\r\nhello", 400},
      {"Content-Length:\r\n\r\n", 400},
      {"Content-Length: -5\r\n\r\n", 400},
      {"Content-Length: +5\r\n\r\nhello", 400},
      {"Content-Length: 0x5\r\n\r\nhello", 400},
      {"Content-Length: 5 5\r\n\r\nhello", 400},
      {"Content-Length: 5.0\r\n\r\nhello", 400},
      {"Content-Length: 18446744073709551616\r\n\r\n", 400},
      {"Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"Content-Length: five\r\n\r\n", 400},
      // 6.1: what is not understood, or not last.
      {"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: identity\r\n\r\n", 501},
      {"Transfer-Encoding:\r\n\r\n", 501},
      {"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      // 5.1: white space before a colon, 5.2: folded lines.
      {"Content-Length : 5\r\n\r\nhello", 400},
      {"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
      {"X: a\r\n b\r\n\r\n", 400},
      {"X: a\r\n\tb\r\n\r\n", 400},
      {" X: a\r\n\r\n", 400},
      // Names and values.
      {": a\r\n\r\n", 400},
      {"X\r\n\r\n", 400},
      {"X Y: a\r\n\r\n", 400},
      {"X(: a\r\n\r\n", 400},
      {"X\xc3\xa9: a\r\n\r\n", 400},
      {"X: a\x01\r\n\r\n", 400},
      {"X: a\x7f\r\n\r\n", 400},
      {"X: a\rb\r\n\r\n", 400},
      {"X: a\r\r\n\r\n", 400},
      {"X: a\n\r\n", 400},
      {"X: a\nY: b\r\n\r\n", 400},
      {"X: a\r\n\n", 400},
      {"Host: b\r\n\r\n", 400},
      // 7.1: chunks.
      {"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\ng\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n;x\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5\rhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n0\r\n X: folded\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n", 400},
      {"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
  };
  for (const Case& test : kCases) {
    Judgement judgement = judge(std::string("POST / HTTP/1.1\r\nHost: a\r\n") + test.rest);
    EXPECT_EQ(judgement.status, test.status) << test.rest << "  " << judgement.reason;
  }
  EXPECT_EQ(judge(std::string_view("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 38)).status, 400);
}

TEST(RequestParser, RefusesBadRequestLines) {
  struct Case {
    const char* line;
    int status;
  };
  const Case kCases[] = {
      {"GET / HTTP/1.1", 0},       {"get / HTTP/1.1", 0},        {"M-SEARCH / HTTP/1.1", 0}, {"GET  / HTTP/1.1", 400},
      {"GET /  HTTP/1.1", 400},    {"GET / HTTP/1.1 ", 400},     {" GET / HTTP/1.1", 400},   {"GET\t/ HTTP/1.1", 400},
      {"GET /a b HTTP/1.1", 400},  {"GET /\x01 HTTP/1.1", 400},  {"GET /\x7f HTTP/1.1", 400}, {"GET /\xc3\xa9 HTTP/1.1", 400},
      {"GET /", 400},              {"GET", 400},                 {"GET / http/1.1", 400},    {"GET / HTTP/1", 400},
      {"GET / HTTP/1.1.1", 400},   {"GET / HTTP/11", 400},       {"GET / HTTP/1,1", 400},    {"GET / HTTPS/1.1", 400},
      {"G(T / HTTP/1.1", 400},     {"GE\x01T / HTTP/1.1", 400},  {"/ HTTP/1.1", 400},        {"GET / HTTP/2.0", 505},
      {"GET / HTTP/0.9", 505},     {"GET / HTTP/1.2", 505},      {"GET / HTTP/9.9", 505},
  };
  for (const Case& test : kCases) {
    Judgement judgement = judge(std::string(test.line) + "\r\nHost: a\r\n\r\n");
    EXPECT_EQ(judgement.status, test.status) << test.line << "  " << judgement.reason;
  }
  EXPECT_EQ(judge("GET / HTTP/1.1\nHost: a\n\n").status, 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n").status, 400);  // no Host
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").status, 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n").status, 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost:\r\n\r\n").status, 0);
  EXPECT_EQ(judge("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
}

}  // namespace
}  // namespace brink::serve
