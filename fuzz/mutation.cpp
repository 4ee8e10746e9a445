#include "fuzz/mutation.h"

#include <algorithm>
#include <string_view>

namespace brink::fuzz {
namespace {

constexpr size_t kMaxSize = 64 * 1024;

using Difference = std::ptrdiff_t;

struct Range {
  u32 begin;
  u32 end;
};

Range random_range(size_t size, Random& random, u32 longest = 64) {
  u32 begin = random.below(static_cast<u32>(size));
  u32 length = 1 + random.below(longest);
  return {begin, std::min(static_cast<u32>(size), begin + length)};
}

void erase(Bytes& bytes, Range range) {
  bytes.erase(bytes.begin() + static_cast<Difference>(range.begin), bytes.begin() + static_cast<Difference>(range.end));
}

void insert(Bytes& bytes, u32 at, std::span<const u8> piece) {
  bytes.insert(bytes.begin() + static_cast<Difference>(at), piece.begin(), piece.end());
}

std::span<const u8> as_bytes(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

Bytes copy_of(const Bytes& bytes, Range range) {
  return {bytes.begin() + static_cast<Difference>(range.begin), bytes.begin() + static_cast<Difference>(range.end)};
}

// LEB128 numbers at their limits, minimal and with a padding byte too many.
constexpr std::string_view kNumbers[] = {
    {"\xFF\xFF\xFF\xFF\x0F", 5},                           // 2^32 - 1
    {"\xFF\xFF\xFF\xFF\x07", 5},                           // 2^31 - 1
    {"\x80\x80\x80\x80\x08", 5},                           // 2^31
    {"\x80\x80\x80\x80\x10", 5},                           // 2^32: too large for 32 bits
    {"\x80\x80\x80\x80\x00", 5},                           // 0, as long as can be
    {"\x80\x80\x80\x80\x80\x00", 6},                       // 0, too long for 32 bits
    {"\x80\x80\x80\x80\x78", 5},                           // -2^31
    {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10},      // 2^64 - 1
    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7F", 10},      // -2^63
    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11},  // too long for 64 bits
    {"\xD0\x86\x03", 3},                                   // 50,000: the most locals
    {"\xFF\x7F", 2},                                       // 2^14 - 1
};

constexpr u8 kBytes[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x40, 0x0B, 0x05, 0x02, 0x03, 0x04, 0x1F,
                         0x0C, 0x0E, 0x20, 0x41, 0x60, 0x63, 0x64, 0x6F, 0x70, 0x7B, 0xD2, 0xFB,
                         0xFC, 0xFD, 0xFE, 0x27, 0xC5, 0x4E, 0x50, 0x5E, 0x5F, 0x1C};

void change_bytes(Bytes& bytes, std::span<const u8> other, Random& random) {
  if (bytes.empty()) return bytes.push_back(static_cast<u8>(random.next()));
  u32 size = static_cast<u32>(bytes.size());
  u32 at = random.below(size);
  switch (random.below(12)) {
    case 0: bytes[at] ^= static_cast<u8>(1u << random.below(8)); break;
    case 1: bytes[at] = static_cast<u8>(random.next()); break;
    case 2:
    case 3: bytes[at] = kBytes[random.below(sizeof kBytes)]; break;
    case 4: bytes[at] = static_cast<u8>(bytes[at] + random.below(9) - 4); break;
    case 5:
      if (random.below(4) == 0) bytes.resize(at);
      break;
    case 6: erase(bytes, random_range(size, random, 8)); break;
    case 7: {
      Bytes piece(1 + random.below(8));
      for (u8& byte : piece) byte = static_cast<u8>(random.next());
      insert(bytes, at, piece);
      break;
    }
    case 8: insert(bytes, at, copy_of(bytes, random_range(size, random))); break;
    case 9: {
      auto number = as_bytes(kNumbers[random.below(std::size(kNumbers))]);
      if (random.below(2) == 0) erase(bytes, {at, std::min(size, at + static_cast<u32>(number.size()))});
      insert(bytes, std::min(at, static_cast<u32>(bytes.size())), number);
      break;
    }
    case 10: {
      if (other.empty()) break;
      Range piece = random_range(other.size(), random);
      insert(bytes, at, other.subspan(piece.begin, piece.end - piece.begin));
      break;
    }
    default: {
      Bytes piece = copy_of(bytes, random_range(size, random, 16));
      u32 to = random.below(size);
      for (u32 i = 0; i < piece.size() && to + i < size; ++i) bytes[to + i] = piece[i];
    }
  }
}

constexpr std::string_view kTokens[] = {"(",
                                        ")",
                                        "()",
                                        "\"",
                                        "(;",
                                        ";)",
                                        ";;",
                                        "\n",
                                        "$x",
                                        "$",
                                        "(@custom \"x\" \"y\")",
                                        "(@",
                                        "@",
                                        "0",
                                        "-1",
                                        "0x",
                                        "4294967295",
                                        "4294967296",
                                        "-2147483649",
                                        "18446744073709551616",
                                        "9223372036854775808",
                                        "1e999",
                                        "0x1p-1074",
                                        "nan:0x1",
                                        "nan:0x8000000000000",
                                        "nan",
                                        "-inf",
                                        "0x1.8p+1023",
                                        "_",
                                        "1__0",
                                        "\"\\00\\u{10ffff}\\u{d800}\"",
                                        "module",
                                        "(module binary \"\\00asm\")",
                                        "(module quote \"\")",
                                        "func",
                                        "param",
                                        "result",
                                        "local",
                                        "type",
                                        "(type 0)",
                                        "rec",
                                        "sub",
                                        "final",
                                        "struct",
                                        "field",
                                        "array",
                                        "mut",
                                        "ref",
                                        "null",
                                        "i31",
                                        "none",
                                        "exn",
                                        "funcref",
                                        "import",
                                        "export",
                                        "memory",
                                        "table",
                                        "global",
                                        "tag",
                                        "elem",
                                        "data",
                                        "start",
                                        "offset",
                                        "item",
                                        "declare",
                                        "block",
                                        "loop",
                                        "if",
                                        "then",
                                        "else",
                                        "end",
                                        "try_table",
                                        "catch",
                                        "catch_all_ref",
                                        "br_table 0 0",
                                        "select (result i32)",
                                        "call_indirect",
                                        "i64.const",
                                        "v128.const i32x4 0 0 0 0",
                                        "i8x16.shuffle",
                                        "offset=4294967296",
                                        "align=3",
                                        "align=0",
                                        "shared",
                                        "(pagesize 1)",
                                        "i32",
                                        "i64",
                                        "f32",
                                        "f64",
                                        "v128",
                                        "unreachable",
                                        "local.get 0",
                                        "i32.const 0",
                                        "assert_return",
                                        "invoke",
                                        "register"};

bool is_token_byte(u8 byte) { return byte > ' ' && byte != '(' && byte != ')' && byte != '"' && byte != ';'; }

Range token_at(const Bytes& bytes, u32 at) {
  Range token{at, at + 1};
  if (!is_token_byte(bytes[at])) return token;
  while (token.begin > 0 && is_token_byte(bytes[token.begin - 1])) --token.begin;
  while (token.end < bytes.size() && is_token_byte(bytes[token.end])) ++token.end;
  return token;
}

// From the first '(' at or after `at` to its ')'; empty where there is none.
Range form_at(std::span<const u8> bytes, u32 at) {
  u32 size = static_cast<u32>(bytes.size());
  while (at < size && bytes[at] != '(') ++at;
  u32 depth = 0;
  for (u32 i = at; i < size; ++i) {
    if (bytes[i] == '(') ++depth;
    else if (bytes[i] == ')' && --depth == 0) return {at, i + 1};
  }
  return {at, at};
}

void change_tokens(Bytes& bytes, std::span<const u8> other, Random& random) {
  if (bytes.empty()) return insert(bytes, 0, as_bytes("(module)"));
  u32 at = random.below(static_cast<u32>(bytes.size()));
  switch (random.below(7)) {
    case 0: erase(bytes, token_at(bytes, at)); break;
    case 1:
    case 2: {
      Range token = token_at(bytes, at);
      erase(bytes, token);
      insert(bytes, token.begin, as_bytes(kTokens[random.below(std::size(kTokens))]));
      break;
    }
    case 3: {
      Range token = token_at(bytes, at);
      const u8 space = ' ';
      insert(bytes, token.begin, {&space, 1});
      insert(bytes, token.begin, as_bytes(kTokens[random.below(std::size(kTokens))]));
      break;
    }
    case 4: {
      Range form = form_at(bytes, at);
      if (random.below(2) == 0) insert(bytes, form.begin, copy_of(bytes, form));
      else erase(bytes, form);
      break;
    }
    case 5: {
      Range from = form_at(bytes, at);
      Bytes form = copy_of(bytes, from);
      Range to = form_at(bytes, random.below(static_cast<u32>(bytes.size())));
      erase(bytes, to);
      insert(bytes, to.begin, form);
      break;
    }
    default: {
      Range form = form_at(other, random.below(static_cast<u32>(other.size())));
      insert(bytes, token_at(bytes, at).begin, other.subspan(form.begin, form.end - form.begin));
    }
  }
}

u32 read_leb(std::span<const u8> bytes, size_t& at, bool& is_good) {
  u32 value = 0;
  for (u32 shift = 0; shift < 35; shift += 7) {
    if (at >= bytes.size()) break;
    u8 byte = bytes[at++];
    value |= (byte & 0x7Fu) << shift;
    if (byte < 0x80) return value;
  }
  is_good = false;
  return 0;
}

void put_leb(Bytes& out, u32 value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<u8>(value | 0x80));
  out.push_back(static_cast<u8>(value));
}

struct Part {
  size_t size_field;  // where the size in front of it begins
  size_t begin;
  size_t end;
};

std::optional<std::vector<Part>> split(std::span<const u8> bytes, size_t at, bool with_ids) {
  std::vector<Part> parts;
  bool is_good = true;
  while (at < bytes.size()) {
    Part part;
    part.size_field = with_ids ? at + 1 : at;
    at = part.size_field;
    u32 size = read_leb(bytes, at, is_good);
    if (!is_good || size > bytes.size() - at) return std::nullopt;
    part.begin = at;
    part.end = at += size;
    parts.push_back(part);
  }
  if (parts.empty()) return std::nullopt;
  return parts;
}

Bytes replace(std::span<const u8> bytes, const Part& part, const Bytes& content) {
  Bytes out(bytes.begin(), bytes.begin() + static_cast<Difference>(part.size_field));
  put_leb(out, static_cast<u32>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  out.insert(out.end(), bytes.begin() + static_cast<Difference>(part.end), bytes.end());
  return out;
}

}  // namespace

Bytes mutate_bytes(Bytes bytes, std::span<const u8> other, Random& random) {
  for (u32 changes = 1 + random.below(8); changes != 0; --changes) change_bytes(bytes, other, random);
  if (bytes.size() > kMaxSize) bytes.resize(kMaxSize);
  return bytes;
}

Bytes mutate_text(Bytes bytes, std::span<const u8> other, Random& random) {
  for (u32 changes = 1 + random.below(8); changes != 0; --changes) {
    if (random.below(4) == 0) change_bytes(bytes, other, random);
    else change_tokens(bytes, other, random);
    if (bytes.size() > kMaxSize) bytes.resize(kMaxSize);
  }
  return bytes;
}

std::optional<Bytes> mutate_part(std::span<const u8> module, Random& random,
                                 const std::function<Bytes(Bytes)>& mutate) {
  constexpr size_t kHeader = 8;
  constexpr u8 kCodeSection = 10;
  auto sections = split(module, kHeader, true);
  if (!sections) return std::nullopt;
  // Half of the time in the code section, where there is one: it has the most to be found.
  auto code = std::ranges::find_if(*sections, [&](const Part& s) { return module[s.size_field - 1] == kCodeSection; });
  bool in_code = code != sections->end() && random.below(2) == 0;
  const Part& section = in_code ? *code : (*sections)[random.below(static_cast<u32>(sections->size()))];
  auto content = module.subspan(section.begin, section.end - section.begin);
  if (in_code) {
    size_t at = 0;
    bool is_good = true;
    read_leb(content, at, is_good);
    if (auto bodies = is_good ? split(content, at, false) : std::nullopt) {
      const Part& body = (*bodies)[random.below(static_cast<u32>(bodies->size()))];
      Bytes changed =
          mutate(copy_of({content.begin(), content.end()}, {static_cast<u32>(body.begin), static_cast<u32>(body.end)}));
      return replace(module, section, replace(content, body, changed));
    }
  }
  return replace(module, section, mutate({content.begin(), content.end()}));
}

}  // namespace brink::fuzz
