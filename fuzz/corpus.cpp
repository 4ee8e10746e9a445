#include "fuzz/corpus.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/module/opcodes.h"
#include "engine/text/parser.h"
#include "fuzz/targets.h"

namespace brink::fuzz {
namespace {

Result<Bytes> parse_hex(const Bytes& text, const std::string& path) {
  Bytes bytes;
  i32 high = -1;
  for (auto c = text.begin(); c != text.end(); ++c) {
    if (*c == '#') {
      c = std::find(c, text.end(), '\n');
      if (c == text.end()) break;
      continue;
    }
    if (std::isspace(*c)) continue;
    if (!std::isxdigit(*c)) return fail(ErrorKind::Malformed, path + ": expected hexadecimal digits");
    i32 digit = std::isdigit(*c) ? *c - '0' : std::tolower(*c) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<u8>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) return fail(ErrorKind::Malformed, path + ": an odd number of hexadecimal digits");
  return bytes;
}

void put_leb(Bytes& out, u32 value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<u8>(value | 0x80));
  out.push_back(static_cast<u8>(value));
}

void put_sized(Bytes& out, const Bytes& content) {
  put_leb(out, static_cast<u32>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
}

// Immediates that are good for any plain instruction: zeros, but for the alignment, which is the natural one because
// atomic instructions allow no other.
void put_immediates(Bytes& out, Op op) {
  u32 zeros = 0;
  switch (op_info(op).immediate) {
    case Immediate::None: return;
    case Immediate::MemArg:
    case Immediate::MemArgLane:
      put_leb(out, natural_alignment(op));
      zeros = op_info(op).immediate == Immediate::MemArg ? 1 : 2;
      break;
    case Immediate::F32: zeros = 4; break;
    case Immediate::F64: zeros = 8; break;
    case Immediate::V128:
    case Immediate::Shuffle: zeros = 16; break;
    default: zeros = 1;
  }
  out.insert(out.end(), zeros, 0);
}

}  // namespace

Result<std::vector<Input>> read_inputs(const std::string& folder) {
  std::vector<Input> inputs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (file.bad()) return fail(ErrorKind::Io, entry.path().string() + ": cannot read");
    if (entry.path().extension() == ".hex") {
      auto parsed = parse_hex(bytes, entry.path().string());
      if (!parsed) return std::unexpected(parsed.error());
      bytes = std::move(*parsed);
    }
    inputs.push_back({entry.path().filename().string(), std::move(bytes)});
  }
  if (error) return fail(ErrorKind::Io, folder + ": " + error.message());
  std::ranges::sort(inputs, {}, &Input::name);
  return inputs;
}

Bytes random_choices(Random& random) {
  Bytes choices(64 + random.below(random.below(8) == 0 ? 8000 : 1500));
  for (u8& byte : choices) byte = static_cast<u8>(random.next());
  return choices;
}

Bytes every_instruction() {
  constexpr u8 kUnreachable = 0x00, kDrop = 0x1A, kEnd = 0x0B;
  Bytes code;
  u32 count = 0;
  for (u32 i = 0; i < kOpCount; ++i) {
    Op op = static_cast<Op>(i);
    const OpInfo& info = op_info(op);
    if (info.signature.special) continue;
    Bytes body = {0, kUnreachable};
    if (info.code >> 16 != 0) {
      body.push_back(static_cast<u8>(info.code >> 16));
      put_leb(body, info.code & 0xFFFF);
    } else {
      body.push_back(static_cast<u8>(info.code));
    }
    put_immediates(body, op);
    if (info.signature.result != 'v') body.push_back(kDrop);
    body.push_back(kEnd);
    put_sized(code, body);
    ++count;
  }
  Bytes functions;
  put_leb(functions, count);
  functions.insert(functions.end(), count, 0);
  Bytes bodies;
  put_leb(bodies, count);
  bodies.insert(bodies.end(), code.begin(), code.end());

  Bytes module = {0, 'a', 's', 'm', 1, 0, 0, 0};
  auto put_section = [&](u8 id, const Bytes& content) {
    module.push_back(id);
    put_sized(module, content);
  };
  put_section(1, {1, 0x60, 0, 0});
  put_section(3, functions);
  put_section(5, {1, 0, 1});
  put_section(10, bodies);
  return module;
}

Result<std::vector<Input>> assemble_seeds(const std::vector<Input>& texts) {
  std::vector<Input> seeds;
  for (const Input& input : texts) {
    std::string_view source(reinterpret_cast<const char*>(input.bytes.data()), input.bytes.size());
    auto assembled = brink::text::assemble(source, all_features());
    if (!assembled) {
      assembled.error().file = input.name;
      return std::unexpected(std::move(assembled.error()));
    }
    seeds.push_back({input.name, std::move(assembled->bytes)});
  }
  seeds.push_back({"every_instruction", every_instruction()});
  return seeds;
}

}  // namespace brink::fuzz
