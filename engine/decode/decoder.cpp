#include "engine/decode/decoder.h"

#include <algorithm>
#include <cstdio>

#include "engine/decode/limits.h"
#include "engine/decode/module_decoder.h"

namespace brink {
namespace {

constexpr u8 kMagic[4] = {0x00, 'a', 's', 'm'};
constexpr u8 kVersion[4] = {0x01, 0x00, 0x00, 0x00};
constexpr u8 kComponentVersion[4] = {0x0D, 0x00, 0x01, 0x00};  // version 13, layer 1

enum SectionId : u8 {
  kCustom = 0,
  kType = 1,
  kImport = 2,
  kFunction = 3,
  kTable = 4,
  kMemory = 5,
  kGlobal = 6,
  kExport = 7,
  kStart = 8,
  kElement = 9,
  kCode = 10,
  kData = 11,
  kDataCount = 12,
  kTag = 13,
};

struct SectionInfo {
  const char* name;
  u8 rank;  // place in the order that section 5.5.16 demands; 0 = anywhere
};

constexpr SectionInfo kSectionInfo[] = {
    {"custom", 0}, {"type", 1},  {"import", 2},   {"function", 3}, {"table", 4}, {"memory", 5},      {"global", 7},
    {"export", 8}, {"start", 9}, {"element", 10}, {"code", 12},    {"data", 13}, {"data count", 11}, {"tag", 6},
};
constexpr u8 kSectionIds = sizeof kSectionInfo / sizeof kSectionInfo[0];

bool starts_with(std::span<const u8> bytes, const u8 (&expected)[4]) {
  return bytes.size() >= 4 && std::equal(expected, expected + 4, bytes.begin());
}

// The eight bytes in front of the sections (section 5.5.16).
Result<void> check_header(std::span<const u8> bytes) {
  if (bytes.size() > limits::kModuleBytes) {
    return fail(ErrorKind::Limit, "module is " + std::to_string(bytes.size()) + " bytes long, at most " +
                                      std::to_string(limits::kModuleBytes) + " are supported");
  }
  if (bytes.size() < 4) return fail(ErrorKind::Malformed, "unexpected end, expected magic header", bytes.size());
  if (!has_binary_magic(bytes)) {
    return fail(ErrorKind::Malformed, "magic header not detected: expected 00 61 73 6d (\"\\0asm\")", 0);
  }
  if (bytes.size() < 8) return fail(ErrorKind::Malformed, "unexpected end, expected binary version", bytes.size());
  auto version = bytes.subspan(4, 4);
  if (starts_with(version, kComponentVersion)) {
    return fail(ErrorKind::Unsupported,
                "unknown binary version: this is a component of the component model, only core modules (version 1) are "
                "supported",
                4);
  }
  if (!starts_with(version, kVersion)) {
    u32 number = version[0] | version[1] << 8 | version[2] << 16 | u32{version[3]} << 24;
    return fail(ErrorKind::Malformed, "unknown binary version " + std::to_string(number) + ", expected 1", 4);
  }
  return {};
}

}  // namespace

bool has_binary_magic(std::span<const u8> bytes) { return starts_with(bytes, kMagic); }

std::string hex_byte(u8 byte) {
  char text[5];
  std::snprintf(text, sizeof text, "0x%02x", byte);
  return text;
}

ModuleDecoder::ModuleDecoder(std::span<const u8> bytes, TypeRegistry& registry, FeatureSet features, const FindBodies& find_bodies)
    : registry_(registry), features_(features), find_bodies_(find_bodies), r_(bytes) {
  m_.bytes = bytes;
  m_.features_allowed = features;
  m_.registry = &registry;
}

Result<ModuleInfo> ModuleDecoder::decode() {
  if (auto header = check_header(m_.bytes); !header) return std::unexpected(std::move(header.error()));

  Reader top(m_.bytes.subspan(8), 8);
  u8 last_rank = 0;
  while (!top.at_end()) {
    u64 at = top.offset();
    u8 id = top.read_byte("section id");
    if (id >= kSectionIds) {
      top.fail_at(at, ErrorKind::Malformed, "malformed section id " + std::to_string(id));
      break;
    }
    const SectionInfo& info = kSectionInfo[id];
    u32 size = top.read_u32("section size");
    if (!top.ok()) break;
    if (size > top.remaining()) {
      top.fail_at(at, ErrorKind::Malformed,
                  std::string("length out of bounds: ") + info.name + " section claims " + std::to_string(size) +
                      " bytes, " + std::to_string(top.remaining()) + " follow");
      break;
    }
    if (info.rank != 0 && info.rank <= last_rank) {
      top.fail_at(at, ErrorKind::Malformed,
                  std::string("unexpected content after last section: ") + info.name + " section out of order");
      break;
    }
    if (info.rank != 0) last_rank = info.rank;
    if (m_.sections.size() >= limits::kSections) {
      top.fail_at(at, ErrorKind::Limit, "more than " + std::to_string(limits::kSections) + " sections");
      break;
    }
    ByteRange payload{static_cast<u32>(top.offset()), size};
    r_ = Reader(top.read_bytes(size, "section"), payload.offset);
    m_.sections.push_back({id, info.name, payload});
    decode_section(id);
    if (r_.ok() && !r_.at_end()) {
      malformed(r_.offset(), std::string("section size mismatch: ") + std::to_string(r_.remaining()) +
                                 " bytes left over in the " + info.name + " section");
    }
    if (!r_.ok()) return std::unexpected(r_.take_error());
  }
  if (top.ok()) check_complete(top);
  if (!top.ok()) return std::unexpected(top.take_error());
  return std::move(m_);
}

void ModuleDecoder::decode_section(u8 id) {
  switch (id) {
    case kCustom: return decode_custom_section();
    case kType: return decode_type_section();
    case kImport: return decode_import_section();
    case kFunction: return decode_function_section();
    case kTable: return decode_table_section();
    case kMemory: return decode_memory_section();
    case kGlobal: return decode_global_section();
    case kExport: return decode_export_section();
    case kStart: return decode_start_section();
    case kElement: return decode_element_section();
    case kCode: return decode_code_section();
    case kData: return decode_data_section();
    case kDataCount: return decode_data_count_section();
    case kTag: return decode_tag_section();
  }
}

void ModuleDecoder::decode_custom_section() {
  Section& section = m_.sections.back();
  section.name = r_.read_name("custom section name");
  section.payload = {static_cast<u32>(r_.offset()), static_cast<u32>(r_.remaining())};
  r_.read_bytes(r_.remaining(), "custom section");
}

void ModuleDecoder::check_complete(Reader& top) {
  if (!has_code_section_ && own_function_count() != 0) {
    top.fail(ErrorKind::Malformed, "function and code section have inconsistent lengths: " +
                                       std::to_string(own_function_count()) + " functions declared, no code section");
  } else if (!has_data_section_ && m_.data_count.value_or(0) != 0) {
    top.fail(ErrorKind::Malformed, "data count and data section have inconsistent lengths: " +
                                       std::to_string(*m_.data_count) + " segments announced, no data section");
  }
  m_.declared_functions.resize(m_.functions.size());
}

bool ModuleDecoder::require(Feature feature, u64 at, const std::string& what) {
  if (features_.has(feature)) return true;
  r_.fail_at(at, ErrorKind::Unsupported, what + " (" + feature_name(feature) + " proposal) is not enabled");
  return false;
}

u32 ModuleDecoder::read_limited_count(const char* what, u32 least, u32 limit, size_t before) {
  u64 at = r_.offset();
  u32 count = r_.read_count(what, least);
  if (r_.ok() && count + u64{before} > limit) {
    r_.fail_at(at, ErrorKind::Limit,
               std::string(what) + " is " + std::to_string(count + u64{before}) + ", at most " + std::to_string(limit) +
                   " are supported");
    return 0;
  }
  return r_.ok() ? count : 0;
}

Result<ModuleInfo> decode_module(std::span<const u8> bytes, TypeRegistry& registry, FeatureSet features,
                                 const FindBodies& find_bodies) {
  return ModuleDecoder(bytes, registry, features, find_bodies).decode();
}

}  // namespace brink
