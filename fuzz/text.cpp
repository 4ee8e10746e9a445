#include <string>

#include "engine/decode/decoder.h"
#include "engine/text/script.h"
#include "fuzz/targets.h"

namespace brink::fuzz {
namespace {

std::string_view as_text(std::span<const u8> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_error(const Error& error) {
  check(!error.message.empty(), "an error has no message");
  check(error.line != 0 && error.column != 0, "an error in a text has no line and column");
}

}  // namespace

void text(std::span<const u8> bytes) {
  auto assembled = brink::text::assemble(as_text(bytes), all_features());
  if (!assembled) return check_error(assembled.error());
  TypeRegistry registry;
  auto module = decode_module(assembled->bytes, registry, all_features());
  // (module binary …) stands for any bytes.
  bool is_binary_form = as_text(bytes).find("binary") != std::string_view::npos;
  check(module || is_binary_form || module.error().kind != ErrorKind::Malformed,
        "the text parser wrote a malformed module");
  u32 before = 0;
  for (const brink::text::SourceMap::Entry& entry : assembled->source_map.entries) {
    check(entry.offset >= before && entry.offset <= assembled->bytes.size(), "the source map is not in order");
    before = entry.offset;
  }
  decode_validate(assembled->bytes);
}

void script(std::span<const u8> bytes) {
  auto parsed = brink::text::parse_script(as_text(bytes), all_features());
  if (!parsed) check_error(parsed.error());
}

}  // namespace brink::fuzz
