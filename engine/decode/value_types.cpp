// Value, reference and heap types (section 5.3.1 to 5.3.4).
#include "engine/decode/module_decoder.h"

namespace brink {
namespace {

struct AbstractCode {
  u8 code;
  AbstractHeap heap;
};

constexpr AbstractCode kAbstractCodes[] = {
    {0x70, AbstractHeap::Func},     {0x6F, AbstractHeap::Extern}, {0x73, AbstractHeap::NoFunc},
    {0x72, AbstractHeap::NoExtern}, {0x71, AbstractHeap::None},   {0x6E, AbstractHeap::Any},
    {0x6D, AbstractHeap::Eq},       {0x6C, AbstractHeap::I31},    {0x6B, AbstractHeap::Struct},
    {0x6A, AbstractHeap::Array},    {0x69, AbstractHeap::Exn},    {0x74, AbstractHeap::NoExn},
};

// Codes that only proposals past 3.0 assign, so that the refusal can name them.
const char* foreign_proposal(u8 code) {
  switch (code) {
    case 0x4C:
    case 0x4D:
    case 0x62: return "custom-descriptors";
    case 0x5D:
    case 0x68:
    case 0x75: return "stack-switching";
    case 0x65: return "shared-everything-threads";
    case 0x67: return "stringref";
    default: return nullptr;
  }
}

constexpr u8 kRefCode = 0x64;
constexpr u8 kRefNullCode = 0x63;

}  // namespace

void ModuleDecoder::fail_type_code(u8 code, u64 at, const char* what) {
  // Type codes are one-byte s33, so a set continuation bit makes a longer form than there is.
  if (code & 0x80) return malformed(at, std::string("integer representation too long in ") + what);
  std::string message = std::string("malformed ") + what + " " + hex_byte(code);
  if (const char* proposal = foreign_proposal(code)) {
    r_.fail_at(at, ErrorKind::Unsupported,
               message + ": it needs the " + proposal + " proposal, which is not supported");
  } else {
    malformed(at, message);
  }
}

HeapType ModuleDecoder::heap_type_at(u32 type_index, u64 at) {
  if (type_index < m_.type_ids.size()) return HeapType::concrete(m_.type_ids[type_index]);
  u64 member = type_index - m_.type_ids.size();
  if (member < group_size_) return HeapType::concrete(TypeRegistry::kGroupRelative + static_cast<u32>(member));
  invalid(at, "unknown type " + std::to_string(type_index));
  return AbstractHeap::Bottom;
}

bool ModuleDecoder::read_abstract_heap(u8 code, u64 at, HeapType& heap) {
  for (const AbstractCode& entry : kAbstractCodes) {
    if (entry.code != code) continue;
    heap = entry.heap;
    if (!features_.has(feature_of(heap.abstract())))
      require(feature_of(heap.abstract()), at, "heap type " + to_string(heap));
    return true;
  }
  return false;
}

HeapType ModuleDecoder::read_heap_type() {
  HeapType heap = AbstractHeap::Bottom;
  u64 at = r_.offset();
  u8 code = r_.peek();
  if (r_.at_end() || (code & 0xC0) != 0x40) {
    i64 index = r_.read_s33("heap type");
    if (!r_.ok()) return heap;
    if (index >= 0) return heap_type_at(static_cast<u32>(index), at);
  } else {
    r_.read_byte("heap type");
    if (read_abstract_heap(code, at, heap)) return heap;
  }
  fail_type_code(code, at, "heap type");
  return heap;
}

ValueType ModuleDecoder::read_reference_type() {
  u64 at = r_.offset();
  u8 code = r_.read_byte("reference type");
  if (!r_.ok()) return kBottom;
  if (code == kRefCode || code == kRefNullCode) {
    if (!require(Feature::FunctionReferences, at, "typed reference")) return kBottom;
    return ValueType::ref(read_heap_type(), code == kRefNullCode);
  }
  HeapType heap = AbstractHeap::Bottom;
  if (read_abstract_heap(code, at, heap)) return ValueType::ref(heap, true);
  fail_type_code(code, at, "reference type");
  return kBottom;
}

ValueType ModuleDecoder::read_value_type() {
  u64 at = r_.offset();
  switch (r_.peek()) {
    case 0x7F: r_.read_byte("value type"); return kI32;
    case 0x7E: r_.read_byte("value type"); return kI64;
    case 0x7D: r_.read_byte("value type"); return kF32;
    case 0x7C: r_.read_byte("value type"); return kF64;
    case 0x7B:
      r_.read_byte("value type");
      require(Feature::Simd, at, "value type v128");
      return kV128;
    case 0x63:
    case 0x64:
    case 0x69:
    case 0x6A:
    case 0x6B:
    case 0x6C:
    case 0x6D:
    case 0x6E:
    case 0x6F:
    case 0x70:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0x74:
      if (!require(Feature::ReferenceTypes, at, "value of reference type")) return kBottom;
      return read_reference_type();
    default: {
      u8 code = r_.read_byte("value type");
      if (r_.ok()) fail_type_code(code, at, "value type");
      return kBottom;
    }
  }
}

}  // namespace brink
