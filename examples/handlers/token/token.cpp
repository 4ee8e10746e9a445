// token: an HTTP handler (CGI) that lets only those read the files of a folder who carry a signed token.
//
//   Authorization: Bearer HEADER.CLAIMS.SIGNATURE      a JSON web token (RFC 7519) signed by HMAC-SHA-256
//
// The key is the variable TOKEN_KEY (`brink serve --secret TOKEN_KEY=FILE`). The claims must have a `sub`, an `exp` that is
// still to come, and a `scope`: paths, separated by spaces, beneath which the bearer may read. The files are in the folder
// that FILES names. No token: 401; one that does not allow this path: 403.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "sha256.h"

namespace {

using Json = nlohmann::json;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Base64 with the alphabet of URLs and without padding (RFC 4648, 5); nothing if the text is not exactly that.
std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    int value = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52
                : c == '-' ? 62 : c == '_' ? 63 : -1;
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  // What is left over must be less than a character, and zero: otherwise two texts would mean the same bytes.
  if (count >= 6 || (bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

struct Claims {
  std::string subject;
  std::string scope;
};

// Who the bearer is, or nothing and a reason.
std::optional<Claims> check(std::string_view token, const std::string& key, const char*& reason) {
  std::size_t first = token.find('.');
  std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return reason = "not a token", std::nullopt;
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) return reason = "not a token", std::nullopt;
  // Before anything in it is read.
  if (!sha256::equal(sha256::hmac(key, token.substr(0, second)), *signature)) return reason = "the signature is wrong", std::nullopt;

  Json head = Json::parse(*header, nullptr, false), claims = Json::parse(*payload, nullptr, false);
  if (!head.is_object() || !claims.is_object()) return reason = "not a token", std::nullopt;
  auto text = [](const Json& object, const char* name) {
    auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text(head, "alg") != "HS256" || head.contains("crit")) return reason = "not signed by HS256", std::nullopt;
  auto expiry = claims.find("exp");
  if (expiry == claims.end() || !expiry->is_number_integer()) return reason = "without an expiry", std::nullopt;
  auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (expiry->get<std::int64_t>() <= now) return reason = "expired", std::nullopt;
  Claims result{text(claims, "sub"), text(claims, "scope")};
  if (result.subject.empty()) return reason = "without a subject", std::nullopt;
  for (char c : result.subject)
    if (c < ' ' || c > '~') return reason = "a subject that is no header", std::nullopt;
  return result;
}

// Whether one of the scope's paths is the path or a folder above it.
bool allows(std::string_view scope, std::string_view path) {
  while (!scope.empty()) {
    std::string_view prefix = scope.substr(0, scope.find(' '));
    scope.remove_prefix(std::min(scope.size(), prefix.size() + 1));
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    else if (prefix.empty()) continue;
    if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/')) return true;
  }
  return false;
}

// Segments of letters, digits, '-', '_' and '.', none of which begins with a dot.
bool is_plain(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/')) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!is_name && c != '.' && c != '/') return false;
    if (c == '/' && (path[i + 1] == '/' || path[i + 1] == '.')) return false;
  }
  return true;
}

int refuse(int status, const char* reason, std::string_view why) {
  std::printf("Status: %d %s\nContent-Type: application/json\n", status, reason);
  if (status == 401) std::printf("WWW-Authenticate: Bearer realm=\"files\"%s\n", why == "no token" ? "" : ", error=\"invalid_token\"");
  if (status == 405) std::printf("Allow: GET, HEAD\n");
  std::printf("\n{\"error\":\"%.*s\"}\n", static_cast<int>(why.size()), why.data());
  return 0;
}

const char* type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".json")) return "application/json";
  if (path.ends_with(".txt")) return "text/plain; charset=utf-8";
  return "application/octet-stream";
}

}  // namespace

int main() {
  std::string key = variable("TOKEN_KEY");
  if (key.size() < 16) {
    std::fprintf(stderr, "token: TOKEN_KEY must have at least 16 characters\n");
    return refuse(500, "Internal Server Error", "no key"), 1;
  }
  std::string method = variable("REQUEST_METHOD"), path = variable("PATH_INFO"), authorization = variable("HTTP_AUTHORIZATION");
  std::string_view scheme = std::string_view(authorization).substr(0, 7);
  bool is_bearer = scheme.size() == 7 && (scheme[0] | 0x20) == 'b' && scheme.substr(1) == "earer ";
  if (!is_bearer) return refuse(401, "Unauthorized", "no token");
  const char* reason = "";
  auto claims = check(std::string_view(authorization).substr(7), key, reason);
  if (!claims) return refuse(401, "Unauthorized", reason);
  if (method != "GET" && method != "HEAD") return refuse(405, "Method Not Allowed", "files are only read");
  if (!is_plain(path)) return refuse(404, "Not Found", "no such file");
  if (!allows(claims->scope, path)) return refuse(403, "Forbidden", "not in the token's scope");

  std::string folder = variable("FILES");
  std::FILE* file = std::fopen(((folder.empty() ? "/files" : folder) + path).c_str(), "rb");
  if (!file) return refuse(404, "Not Found", "no such file");
  char buffer[16 << 10];
  std::size_t count = std::fread(buffer, 1, sizeof buffer, file);
  if (count == 0 && std::ferror(file)) return refuse(404, "Not Found", "no such file");  // a folder
  std::printf("Content-Type: %s\nCache-Control: private\nX-User: %s\n\n", type_of(path), claims->subject.c_str());
  for (; count > 0; count = std::fread(buffer, 1, sizeof buffer, file)) std::fwrite(buffer, 1, count, stdout);
  std::fclose(file);
  return std::fflush(stdout) != 0;
}
