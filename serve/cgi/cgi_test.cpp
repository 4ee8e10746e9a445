// RFC 3875: the request as variables, the response as a program writes it.
#include <gtest/gtest.h>

#include <algorithm>

#include "serve/cgi/environment.h"
#include "serve/cgi/response_parser.h"

namespace brink::serve {
namespace {

struct Variables {
  std::vector<std::string> list;
  // "-" if it is not set.
  std::string operator[](std::string name) const {
    name += '=';
    for (const std::string& variable : list)
      if (variable.starts_with(name)) return variable.substr(name.size());
    return "-";
  }
};

Variables variables_of(const Request& request, bool is_tls = false, const std::vector<std::string>& own = {}) {
  Peer peer{"192.0.2.7", 4711, "192.0.2.1", 8443};
  return {cgi_environment(request, peer, is_tls, "/app", "/x y", own)};
}

Request example() {
  Request request;
  request.method = "POST";
  request.target = "/app/x%20y?q=1";
  request.query = "q=1";
  request.host = "example.com:99";
  request.content_length = 12;
  request.fields = {{"Host", "example.com:99"}, {"Content-Type", "text/plain"}, {"Content-Length", "12"}};
  return request;
}

TEST(CgiEnvironment, DescribesTheRequest) {
  Variables v = variables_of(example(), true);
  EXPECT_EQ(v["GATEWAY_INTERFACE"], "CGI/1.1");
  EXPECT_EQ(v["SERVER_PROTOCOL"], "HTTP/1.1");
  EXPECT_EQ(v["SERVER_NAME"], "example.com");
  EXPECT_EQ(v["SERVER_PORT"], "8443");
  EXPECT_EQ(v["REQUEST_METHOD"], "POST");
  EXPECT_EQ(v["REQUEST_URI"], "/app/x%20y?q=1");
  EXPECT_EQ(v["SCRIPT_NAME"], "/app");
  EXPECT_EQ(v["PATH_INFO"], "/x y");
  EXPECT_EQ(v["QUERY_STRING"], "q=1");
  EXPECT_EQ(v["REMOTE_ADDR"], "192.0.2.7");
  EXPECT_EQ(v["REMOTE_PORT"], "4711");
  EXPECT_EQ(v["CONTENT_LENGTH"], "12");
  EXPECT_EQ(v["CONTENT_TYPE"], "text/plain");
  EXPECT_EQ(v["HTTPS"], "on");
  EXPECT_EQ(v["HTTP_HOST"], "example.com:99");
  EXPECT_EQ(v["HTTP_CONTENT_TYPE"], "-");
  EXPECT_EQ(v["HTTP_CONTENT_LENGTH"], "-");
}

TEST(CgiEnvironment, HasEmptyVariablesWhereTheRfcWantsThem) {
  Request request;
  request.method = "GET";
  request.target = "/";
  request.minor_version = 0;
  Variables v = variables_of(request);
  EXPECT_EQ(v["QUERY_STRING"], "");
  EXPECT_EQ(v["CONTENT_LENGTH"], "-");
  EXPECT_EQ(v["CONTENT_TYPE"], "-");
  EXPECT_EQ(v["HTTPS"], "-");
  EXPECT_EQ(v["SERVER_PROTOCOL"], "HTTP/1.0");
  EXPECT_EQ(v["SERVER_NAME"], "192.0.2.1");
}

TEST(CgiEnvironment, PassesFieldsOn) {
  Request request = example();
  request.fields = {{"User-Agent", "x"},   {"Cookie", "a=1"},         {"X-List", "1"},       {"x-list", "2"},
                    {"Cookie", "b=2"},     {"Authorization", "Bearer t"}, {"Proxy", "http://evil"}, {"Connection", "close"},
                    {"X_Under", "forged"}, {"Transfer-Encoding", "chunked"}, {"Expect", "100-continue"}};
  Variables v = variables_of(request);
  EXPECT_EQ(v["HTTP_USER_AGENT"], "x");
  EXPECT_EQ(v["HTTP_COOKIE"], "a=1; b=2");
  EXPECT_EQ(v["HTTP_X_LIST"], "1, 2");
  EXPECT_EQ(v["HTTP_AUTHORIZATION"], "Bearer t");
  for (const char* name : {"HTTP_PROXY", "HTTP_CONNECTION", "HTTP_X_UNDER", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT"})
    EXPECT_EQ(v[name], "-") << name;
}

TEST(CgiEnvironment, OwnVariablesCannotBeReplacedByARequest) {
  Request request = example();
  request.fields = {{"Secret", "forged"}};
  Variables v = variables_of(request, false, {"HTTP_SECRET=true", "MODE=fast"});
  EXPECT_EQ(v["HTTP_SECRET"], "true");
  EXPECT_EQ(v["MODE"], "fast");
  EXPECT_EQ(std::count_if(v.list.begin(), v.list.end(), [](const std::string& x) { return x.starts_with("HTTP_SECRET="); }), 1);
}

// --- Responses -------------------------------------------------------------------------------------------------------

struct Parsed {
  CgiResponseParser::State state;
  ResponseHead head;
  std::string body;
  std::string local;
  std::string error;
};

Parsed parse(std::string_view output, size_t piece) {
  CgiResponseParser parser;
  Parsed parsed;
  for (size_t place = 0; place < output.size(); place += piece) {
    std::string_view part = output.substr(place, piece);
    size_t taken = parser.state() == CgiResponseParser::State::Head ? parser.put(part) : 0;
    if (parser.state() == CgiResponseParser::State::Done) parsed.body += part.substr(taken);
  }
  parsed.state = parser.state();
  parsed.local = parser.local_location();
  parsed.error = parser.error();
  parsed.head = parser.take_head();
  return parsed;
}

TEST(CgiResponse, IsReadInPiecesOfAnySize) {
  for (const char* end : {"\n", "\r\n"}) {
    std::string output = std::string("Status: 201 Made it") + end + "content-type: text/html" + end + "X-A:  b " + end +
                         "Content-Length: 6" + end + end + "a\n\nb\r\n";
    for (size_t piece = 1; piece <= output.size(); ++piece) {
      Parsed parsed = parse(output, piece);
      ASSERT_EQ(parsed.state, CgiResponseParser::State::Done) << parsed.error;
      EXPECT_EQ(parsed.head.status, 201);
      EXPECT_EQ(parsed.head.reason, "Made it");
      EXPECT_EQ(parsed.head.content_length, 6u);
      ASSERT_EQ(parsed.head.fields.size(), 2u);
      EXPECT_EQ(parsed.head.fields[0], (std::pair<std::string, std::string>("content-type", "text/html")));
      EXPECT_EQ(parsed.head.fields[1], (std::pair<std::string, std::string>("X-A", "b")));
      EXPECT_EQ(parsed.body, "a\n\nb\r\n");
    }
  }
}

TEST(CgiResponse, StatusAndLocation) {
  EXPECT_EQ(parse("Content-Type: a/b\n\n", 100).head.status, 200);
  EXPECT_EQ(parse("Status: 404\n\n", 100).head.status, 404);
  Parsed client = parse("Location: http://example.com/\n\n", 100);
  EXPECT_EQ(client.head.status, 302);
  EXPECT_EQ(client.local, "");
  Parsed with_status = parse("Status: 307 Moved\nLocation: /there\n\n", 100);
  EXPECT_EQ(with_status.head.status, 307);
  EXPECT_EQ(with_status.local, "");
  EXPECT_EQ(parse("Location: /there?x=1\n\n", 100).local, "/there?x=1");
  EXPECT_EQ(parse("Location: //other.example/\n\n", 100).local, "");
  EXPECT_EQ(parse("Location: /there\nSet-Cookie: a=b\n\n", 100).local, "");
}

TEST(CgiResponse, FramingIsTheServers) {
  Parsed parsed = parse("Content-Type: a/b\nTransfer-Encoding: chunked\nConnection: keep-alive\nTrailer: x\n\n", 100);
  ASSERT_EQ(parsed.state, CgiResponseParser::State::Done);
  EXPECT_EQ(parsed.head.fields.size(), 1u);
}

TEST(CgiResponse, MalformedOnesAreRefused) {
  for (const char* output :
       {"\n", "\r\n\r\n", "X-Only: a\n\n", "hello, world\n\n", "Content-Type a/b\n\n", ": a\n\n", " Content-Type: a/b\n\n",
        "Content-Type: a/b\n folded\n\n", "Content Type: a/b\n\n", "Content-Type : a/b\n\n", "Content-Type: a\x01\n\n",
        "Content-Type: a\rb\n\n", "Status: 20\n\n", "Status: 2000\n\n", "Status: 099\n\n", "Status: 100 Continue\n\n",
        "Status: 600\n\n", "Status: abc\n\n", "Status: 200OK\n\n", "Status:\n\n", "Status: 200\nStatus: 200\n\n",
        "Content-Type: a/b\nContent-Length: -1\n\n", "Content-Type: a/b\nContent-Length: 1x\n\n",
        "Content-Type: a/b\nContent-Length:\n\n", "Content-Type: a/b\nContent-Length: 1\nContent-Length: 1\n\n",
        "Content-Type: a/b\nContent-Length: 99999999999999999999\n\n", "Content-Type: a/b\nContent-Type: a/b\n\n",
        "Location: /a\nLocation: /b\n\n", "Location:\n\n"}) {
    EXPECT_EQ(parse(output, 1000).state, CgiResponseParser::State::Malformed) << output;
    EXPECT_EQ(parse(output, 1).state, CgiResponseParser::State::Malformed) << output;
  }
}

TEST(CgiResponse, HasALimit) {
  EXPECT_EQ(parse("X: " + std::string(40'000, 'a'), 1000).state, CgiResponseParser::State::Malformed);
  std::string many = "Content-Type: a/b\n";
  for (int i = 0; i < 300; ++i) many += "X: y\n";
  EXPECT_EQ(parse(many + "\n", 1000).state, CgiResponseParser::State::Malformed);
  EXPECT_EQ(parse("Content-Type: a/b\n", 1000).state, CgiResponseParser::State::Head);
}

}  // namespace
}  // namespace brink::serve
