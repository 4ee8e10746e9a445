#include "jit/code/kept_code.h"

#include <cstring>

namespace brink::jit {
namespace {

using Kind = KeptReference::Kind;

constexpr u32 kDistanceBytes = 4;

bool is_distance(Kind kind) { return kind == Kind::Stub || kind == Kind::Function; }

std::optional<KeptReference> reference(u32 at, Kind kind, u32 number) {
  if (number > KeptReference::kMaxNumber) return std::nullopt;
  return KeptReference{at, static_cast<u32>(kind) << 28 | number};
}

// Not by insert(), of which gcc 12 warns that it would overflow.
template <class T>
void append(std::vector<u8>& out, const T* from, size_t count) {
  size_t at = out.size();
  out.resize(at + count * sizeof(T));
  if (count != 0) std::memcpy(out.data() + at, from, count * sizeof(T));
}

// What an address in the code is of, in this process; null for a number that there is not.
const void* address_of(const KeptReference& reference, const runtime::ModuleState& module, u32 function) {
  u32 number = reference.number();
  switch (reference.kind()) {
    case Kind::Type: return number < module.types.size() ? module.types[number] : nullptr;
    case Kind::Body: {
      ByteRange body = module.info.functions[module.info.imported_functions + function].body;
      return number < body.size ? module.info.bytes.data() + body.offset + number : nullptr;
    }
    case Kind::Instruction:
      if (number >> 1 >= static_cast<u32>(kOpCount)) return nullptr;
      return reinterpret_cast<const void*>(interpret::instruction_call(static_cast<Op>(number >> 1), (number & 1) != 0));
    default: return nullptr;
  }
}

}  // namespace

std::optional<std::vector<KeptReference>> references_of(const Assembler& assembler, const ModuleCode& module,
                                                        const Stubs& stubs) {
  std::vector<KeptReference> references;
  references.reserve(assembler.relocations().size() + assembler.addresses().size());
  for (const Assembler::Relocation& relocation : assembler.relocations()) {
    std::optional<KeptReference> found;
    if (auto stub = stubs.number_of(relocation.target)) found = reference(relocation.at, Kind::Stub, *stub);
    else if (auto own = module.function_at(relocation.target)) found = reference(relocation.at, Kind::Function, *own);
    if (!found) return std::nullopt;
    references.push_back(*found);
  }
  for (const AddressReference& address : assembler.addresses()) {
    Kind kind = address.kind == AddressReference::Kind::Type   ? Kind::Type
                : address.kind == AddressReference::Kind::Body ? Kind::Body
                                                               : Kind::Instruction;
    std::optional<u32> number = kind == Kind::Type ? module.type_index(address.address) : address.which;
    auto found = number ? reference(address.at, kind, *number) : std::nullopt;
    if (!found) return std::nullopt;
    references.push_back(*found);
  }
  return references;
}

std::vector<u8> keep_code(u64 key, std::span<const u8> code, const CodeShape& shape, std::span<const KeptReference> references) {
  KeptHeader header{key, static_cast<u32>(code.size()), shape.frame_bytes, shape.loop_entry, static_cast<u32>(shape.loops.size()),
                    static_cast<u32>(references.size()), 0};
  std::vector<u8> out;
  out.reserve(sizeof header + shape.loops.size() * sizeof(LoopPosition) + references.size_bytes() + code.size());
  append(out, &header, 1);
  append(out, shape.loops.data(), shape.loops.size());
  append(out, references.data(), references.size());
  size_t begin = out.size();
  append(out, code.data(), code.size());
  u8* kept = out.data() + begin;
  for (const KeptReference& reference : references) {
    if (is_distance(reference.kind())) clear_distance(kept + reference.at);
    else write_address(kept + reference.at, nullptr);
  }
  // place() writes it anew.
  if (shape.loop_entry != 0) std::memset(kept + shape.loop_entry - sizeof(CodeHeader), 0, sizeof(CodeHeader));
  return out;
}

std::optional<RestoredCode> restore_code(u64 key, std::span<const u8> kept, const ModuleCode& module, const Stubs& stubs,
                                         u32 function) {
  KeptHeader header;
  if (kept.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, kept.data(), sizeof header);
  u64 loop_bytes = u64{header.loop_count} * sizeof(LoopPosition);
  u64 reference_bytes = u64{header.reference_count} * sizeof(KeptReference);
  if (header.key != key || header.code_bytes == 0 ||
      kept.size() < sizeof header + loop_bytes + reference_bytes + header.code_bytes)
    return std::nullopt;
  if (header.loop_entry != 0 && (header.loop_entry < sizeof(CodeHeader) || header.loop_entry >= header.code_bytes))
    return std::nullopt;

  RestoredCode restored;
  restored.shape = {header.frame_bytes, header.loop_entry, std::vector<LoopPosition>(header.loop_count)};
  const u8* from = kept.data() + sizeof header;
  if (loop_bytes != 0) std::memcpy(restored.shape.loops.data(), from, loop_bytes);
  for (const LoopPosition& loop : restored.shape.loops)
    if (loop.native >= header.code_bytes) return std::nullopt;
  const u8* references = from + loop_bytes;
  const u8* code = references + reference_bytes;
  restored.code.assign(code, code + header.code_bytes);
  for (u32 i = 0; i < header.reference_count; ++i) {
    KeptReference reference;
    std::memcpy(&reference, references + i * sizeof reference, sizeof reference);
    u32 bytes = is_distance(reference.kind()) ? kDistanceBytes : kAddressBytes;
    if (reference.at > header.code_bytes || header.code_bytes - reference.at < bytes) return std::nullopt;
    if (is_distance(reference.kind())) {
      const void* target = reference.kind() == Kind::Stub ? stubs.by_number(reference.number())
                                                          : module.callee(reference.number());
      if (target == nullptr) return std::nullopt;
      restored.relocations.push_back({reference.at, target});
    } else {
      const void* address = address_of(reference, module.module(), function);
      if (address == nullptr) return std::nullopt;
      write_address(restored.code.data() + reference.at, address);
    }
  }
  return restored;
}

}  // namespace brink::jit
