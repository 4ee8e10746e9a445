#include "serve/cgi/environment.h"

#include <algorithm>
#include <array>

namespace brink::serve {
namespace {

// Fields that describe the connection (RFC 9110, 7.6.1) or have variables of their own, and Proxy.
constexpr std::array<std::string_view, 12> kNotPassedOn = {
    "Connection", "Content-Length",      "Content-Type", "Expect",  "Keep-Alive",        "Proxy",
    "Proxy-Authorization", "Proxy-Connection", "TE",    "Trailer", "Transfer-Encoding", "Upgrade"};

bool is_passed_on(std::string_view name) {
  if (name.find('_') != std::string_view::npos) return false;
  return std::none_of(kNotPassedOn.begin(), kNotPassedOn.end(),
                      [&](std::string_view other) { return equals_ignoring_case(name, other); });
}

// "User-Agent" is "HTTP_USER_AGENT".
std::string variable_name(std::string_view field) {
  std::string name = "HTTP_";
  for (char c : field) {
    if (c >= 'a' && c <= 'z') name += static_cast<char>(c - 32);
    else name += c == '-' ? '_' : c;
  }
  return name;
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

HostAndPort split_host(std::string_view text) {
  size_t colon = text.rfind(':');
  size_t bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::vector<std::string> cgi_environment(const Request& request, const Peer& peer, bool is_tls,
                                         std::string_view script_name, std::string_view path_info,
                                         const std::vector<std::string>& own) {
  std::vector<std::string> variables;
  variables.reserve(20 + request.fields.size() + own.size());
  auto set = [&](std::string_view name, std::string_view value) {
    std::string& variable = variables.emplace_back();
    variable.reserve(name.size() + value.size() + 1);
    variable += name;
    variable += '=';
    variable += value;
  };
  HostAndPort server = split_host(request.host);
  set("GATEWAY_INTERFACE", "CGI/1.1");
  set("SERVER_SOFTWARE", "brink");
  set("SERVER_PROTOCOL", request.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1");
  set("SERVER_NAME", server.host.empty() ? std::string_view(peer.local_address) : server.host);
  set("SERVER_PORT", std::to_string(peer.local_port));
  set("REQUEST_METHOD", request.method);
  set("REQUEST_URI", request.target);
  set("SCRIPT_NAME", script_name);
  set("PATH_INFO", path_info);
  set("QUERY_STRING", request.query);
  set("REMOTE_ADDR", peer.address);
  set("REMOTE_HOST", peer.address);
  set("REMOTE_PORT", std::to_string(peer.port));
  if (is_tls) set("HTTPS", "on");
  if (request.content_length && !request.hides_length) set("CONTENT_LENGTH", std::to_string(*request.content_length));
  if (const Field* type = request.find("Content-Type")) set("CONTENT_TYPE", type->value);

  size_t first_field = variables.size();
  for (const Field& field : request.fields) {
    if (!is_passed_on(field.name)) continue;
    std::string name = variable_name(field.name) + "=";
    auto same = std::find_if(variables.begin() + static_cast<std::ptrdiff_t>(first_field), variables.end(),
                             [&](const std::string& other) { return other.starts_with(name); });
    if (same == variables.end()) variables.push_back(name += field.value);
    else *same += (name == "HTTP_COOKIE=" ? "; " : ", ") + std::string(field.value);
  }

  for (const std::string& variable : own) {
    std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
    std::erase_if(variables, [&](const std::string& other) { return other.starts_with(name); });
    variables.push_back(variable);
  }
  return variables;
}

}  // namespace brink::serve
