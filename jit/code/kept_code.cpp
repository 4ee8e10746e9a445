#include "jit/code/kept_code.h"

#include <cstring>

namespace brink::jit {
namespace {

using Kind = KeptReference::Kind;

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

// Of what is between the header and the code.
u64 table_bytes(const KeptHeader& header) {
  return u64{header.loop_count} * sizeof(LoopPosition) + u64{header.site_count} * sizeof(CatchTable::Site) +
         u64{header.region_count} * sizeof(CatchTable::Region) + u64{header.clause_count} * sizeof(CatchTable::Clause) +
         u64{header.reference_count} * sizeof(KeptReference);
}

template <class T>
void take(const u8*& from, u32 count, std::vector<T>& out) {
  out.resize(count);
  if (count != 0) std::memcpy(out.data(), from, count * sizeof(T));
  from += count * sizeof(T);
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
  auto count = [](const auto& list) { return static_cast<u32>(list.size()); };
  KeptHeader header{.key = key, .code_bytes = count(code), .frame = shape.frame, .loop_entry = shape.loop_entry,
                    .loop_count = count(shape.loops), .site_count = count(shape.catches.sites),
                    .region_count = count(shape.catches.regions), .clause_count = count(shape.catches.clauses),
                    .reference_count = count(references)};
  std::vector<u8> out;
  out.reserve(sizeof header + table_bytes(header) + code.size());
  append(out, &header, 1);
  append(out, shape.loops.data(), shape.loops.size());
  append(out, shape.catches.sites.data(), shape.catches.sites.size());
  append(out, shape.catches.regions.data(), shape.catches.regions.size());
  append(out, shape.catches.clauses.data(), shape.catches.clauses.size());
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
  if (header.key != key || header.code_bytes == 0 || !header.frame.is_sound() ||
      kept.size() < sizeof header + table_bytes(header) + header.code_bytes)
    return std::nullopt;
  if (header.loop_entry != 0 && (header.loop_entry < sizeof(CodeHeader) || header.loop_entry >= header.code_bytes))
    return std::nullopt;

  RestoredCode restored;
  CodeShape& shape = restored.shape;
  shape.frame = header.frame;
  shape.loop_entry = header.loop_entry;
  const u8* from = kept.data() + sizeof header;
  std::vector<KeptReference> references;
  take(from, header.loop_count, shape.loops);
  take(from, header.site_count, shape.catches.sites);
  take(from, header.region_count, shape.catches.regions);
  take(from, header.clause_count, shape.catches.clauses);
  take(from, header.reference_count, references);
  for (const LoopPosition& loop : shape.loops)
    if (loop.native >= header.code_bytes) return std::nullopt;
  if (!shape.catches.is_sound(header.code_bytes)) return std::nullopt;
  restored.code.assign(from, from + header.code_bytes);
  for (const KeptReference& reference : references) {
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
