#include "engine/cache/cache_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

namespace brink::cache {
namespace {

constexpr u64 kMagic = 0x3163'6b6e'6972'6200;  // "\0brinkc1"
constexpr u32 kVersion = 1;
constexpr u64 kMaxFileBytes = u64{1} << 32;
constexpr u64 kUnit = 16;

enum class Kind : u32 { None = 0, Functions = 1, QuickCode = 2, MachineFunctions = 3, MachineCode = 4, BodyPlaces = 5 };

struct Header {
  u64 magic;
  u32 version;
  u32 function_count;
  Identity identity;
};

struct SectionEntry {
  Kind kind;
  u32 reserved;
  u64 offset;
  u64 size;
};
constexpr u32 kSections = 8;
constexpr u64 kFirstContent = sizeof(Header) + kSections * sizeof(SectionEntry);
static_assert(kFirstContent % kUnit == 0);

struct EntryHeader {
  Code code;  // over what it was made of and all that follows
  u32 function;
  u32 body_size;
  u32 code_size;
  u32 code_begin;  // of the code in the body, which local declarations precede
  u32 side_count;
  u32 region_count;
  u32 clause_count;
  u32 local_slot_entries;
  u32 param_slots;
  u32 result_slots;
  u32 local_slot_count;
  u32 max_operand_slots;
};
static_assert(sizeof(EntryHeader) % kUnit == 0);

struct MachineHeader {
  Code code;  // as EntryHeader's
  u32 function;
  u32 body_size;
  u32 size;  // of what follows
  u32 reserved;
};
static_assert(sizeof(MachineHeader) % kUnit == 0);

struct Region {
  u32 kind;
  u32 begin;
  u32 end;
  u32 opcode;
  u32 first_entry;
  u32 height;
  u32 depth;
  u32 target;
  u32 clause_count;
};

struct Clause {
  u32 tag;
  u32 flags;
  u32 pc;
  u32 entry;
};
constexpr u32 kIsAll = 1, kHasRef = 2;

// What an entry's code is made of.
struct Origin {
  Identity identity;
  Code body;
  Code content;
  u32 function;
  u32 reserved = 0;
};

enum Purpose : u8 { kBody, kContent, kEntry, kMachineContent, kMachineEntry, kPlaces, kPlacesOfModule };

u64 round_up(u64 bytes) { return (bytes + kUnit - 1) & ~(kUnit - 1); }

// The code comes last: everything before it is aligned.
u64 tables_bytes(const EntryHeader& header) {
  return u64{header.side_count} * sizeof(SideEntry) + u64{header.region_count} * sizeof(Region) +
         u64{header.clause_count} * sizeof(Clause) + u64{header.local_slot_entries} * sizeof(u32);
}

u64 total_bytes(const EntryHeader& header) {
  return round_up(sizeof(EntryHeader) + tables_bytes(header) + header.code_size);
}

u64 total_bytes(const MachineHeader& header) { return round_up(sizeof(MachineHeader) + u64{header.size}); }

template <class T>
T read_at(std::span<const u8> bytes, u64 offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Not by insert(), of which gcc 12 warns that it would overflow.
void append_bytes(std::vector<u8>& out, const void* bytes, size_t count) {
  size_t at = out.size();
  out.resize(at + count);
  if (count != 0) std::memcpy(out.data() + at, bytes, count);
}

template <class T>
void append(std::vector<u8>& out, const T& value) {
  append_bytes(out, &value, sizeof value);
}

template <class T>
void take(const u8*& from, T* to, u64 count) {
  if (count != 0) std::memcpy(to, from, count * sizeof(T));
  from += count * sizeof(T);
}

Code code_of(const Authenticator& authenticator, const Identity& identity, u32 function, const CodedBody& body,
             std::span<const u8> entry, bool is_machine_code = false) {
  Origin origin{identity, body.code(authenticator),
                authenticator.of(entry.subspan(sizeof(Code)), is_machine_code ? kMachineContent : kContent), function};
  return authenticator.of({reinterpret_cast<const u8*>(&origin), sizeof origin}, is_machine_code ? kMachineEntry : kEntry);
}

Code code_of_places(const Authenticator& authenticator, const Identity& identity, std::span<const u8> places) {
  struct {
    Identity identity;
    Code places;
  } origin{identity, authenticator.of(places, kPlaces)};
  return authenticator.of({reinterpret_cast<const u8*>(&origin), sizeof origin}, kPlacesOfModule);
}

// A function's entry in one of the sections, as far as its form is right.
template <class Header>
std::span<const u8> entry_at(std::span<const u8> places, std::span<const u8> entries, u32 function) {
  u64 place = u64{read_at<u32>(places, u64{function} * sizeof(u32))} * kUnit;
  // Place 0 is nowhere, so a section begins with an empty unit.
  if (place == 0 || place > entries.size() || entries.size() - place < sizeof(Header)) return {};
  auto header = read_at<Header>(entries, place);
  u64 size = total_bytes(header);
  if (header.function != function || size > entries.size() - place) return {};
  return entries.subspan(place, size);
}

}  // namespace

const Code& CodedBody::code(const Authenticator& authenticator) const {
  if (!code_) code_ = authenticator.of(bytes_, kBody);
  return *code_;
}

bool is_ours_alone(const struct stat& status) {
  return S_ISREG(status.st_mode) && (status.st_uid == ::geteuid() || status.st_uid == 0) && (status.st_mode & 022) == 0;
}

void note_use(int file, const struct stat& status) {
  constexpr time_t kHour = 3600;
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 && now.tv_sec - status.st_mtim.tv_sec > kHour)
    ::futimens(file, nullptr);
}

std::optional<CacheFile> CacheFile::open(const std::string& path, const Identity& identity, u32 function_count) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  struct stat status{};
  void* mapping = MAP_FAILED;
  size_t size = 0;
  if (::fstat(fd, &status) == 0 && is_ours_alone(status) && status.st_size >= static_cast<off_t>(kFirstContent) &&
      static_cast<u64>(status.st_size) <= kMaxFileBytes) {
    size = static_cast<size_t>(status.st_size);
    mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping != MAP_FAILED) note_use(fd, status);
  }
  ::close(fd);
  if (mapping == MAP_FAILED) return std::nullopt;
  auto unmap = [size](const void* at) { ::munmap(const_cast<void*>(at), size); };
  std::shared_ptr<const void> owner(static_cast<const void*>(mapping), unmap);
  return view({static_cast<const u8*>(mapping), size}, std::move(owner), identity, function_count);
}

std::optional<CacheFile> CacheFile::view(std::span<const u8> bytes, std::shared_ptr<const void> owner,
                                         const Identity& identity, u32 function_count) {
  if (bytes.size() < kFirstContent) return std::nullopt;
  CacheFile file(bytes, std::move(owner));
  auto header = read_at<Header>(bytes, 0);
  if (header.magic != kMagic || header.version != kVersion || header.identity != identity ||
      header.function_count != function_count)
    return std::nullopt;
  for (u32 i = 0; i < kSections; ++i) {
    auto section = read_at<SectionEntry>(bytes, sizeof(Header) + i * sizeof(SectionEntry));
    if (section.offset > bytes.size() || section.size > bytes.size() - section.offset || section.offset % kUnit != 0)
      continue;
    auto content = bytes.subspan(section.offset, section.size);
    if (section.kind == Kind::Functions) file.functions_ = content;
    if (section.kind == Kind::QuickCode) file.quick_ = content;
    if (section.kind == Kind::MachineFunctions) file.machine_functions_ = content;
    if (section.kind == Kind::MachineCode) file.machine_ = content;
    if (section.kind == Kind::BodyPlaces && content.size() == sizeof(Code) + function_count * sizeof(ByteRange)) file.places_ = content;
  }
  if (file.functions_.size() / sizeof(u32) < function_count) return std::nullopt;
  if (file.machine_functions_.size() / sizeof(u32) < function_count) file.machine_functions_ = file.machine_ = {};
  return file;
}

std::span<const ByteRange> CacheFile::bodies(const Authenticator& authenticator, const Identity& identity) const {
  if (places_.empty()) return {};
  auto ranges = places_.subspan(sizeof(Code));
  if (read_at<Code>(places_, 0) != code_of_places(authenticator, identity, ranges)) return {};
  static_assert(kUnit % alignof(ByteRange) == 0 && sizeof(Code) % alignof(ByteRange) == 0);
  return {reinterpret_cast<const ByteRange*>(ranges.data()), ranges.size() / sizeof(ByteRange)};
}

std::span<const u8> CacheFile::raw_entry(u32 function) const {
  return entry_at<EntryHeader>(functions_, quick_, function);
}

std::span<const u8> CacheFile::raw_machine_entry(u32 function) const {
  if (machine_functions_.empty()) return {};
  return entry_at<MachineHeader>(machine_functions_, machine_, function);
}

std::span<const u8> CacheFile::find_machine_code(const Authenticator& authenticator, const Identity& identity, u32 function,
                                                 const CodedBody& body) const {
  std::span<const u8> entry = raw_machine_entry(function);
  if (entry.empty()) return {};
  auto header = read_at<MachineHeader>(entry, 0);
  if (header.body_size != body.size() || header.code != code_of(authenticator, identity, function, body, entry, true))
    return {};
  return entry.subspan(sizeof header, header.size);
}

std::optional<PreparedCode> CacheFile::find(const Authenticator& authenticator, const Identity& identity, u32 function,
                                            const CodedBody& body) const {
  std::span<const u8> entry = raw_entry(function);
  if (entry.empty()) return std::nullopt;
  auto header = read_at<EntryHeader>(entry, 0);
  if (header.body_size != body.size() || header.code != code_of(authenticator, identity, function, body, entry))
    return std::nullopt;

  // From here on it is what we have written.
  PreparedCode prepared;
  const u8* at = entry.data() + sizeof(EntryHeader);
  prepared.side.resize(header.side_count);
  take(at, prepared.side.data(), header.side_count);
  const u8* clause_at = at + header.region_count * sizeof(Region);
  prepared.try_regions.reserve(header.region_count);
  for (u32 i = 0; i < header.region_count; ++i) {
    Region from;
    take(at, &from, 1);
    TryRegion& region = prepared.try_regions.emplace_back();
    region.kind = static_cast<TryRegion::Kind>(from.kind);
    region.begin = from.begin;
    region.end = from.end;
    region.opcode = from.opcode;
    region.first_entry = from.first_entry;
    region.height = from.height;
    region.depth = from.depth;
    region.target = from.target;
    for (u32 j = 0; j < from.clause_count; ++j) {
      Clause clause;
      take(clause_at, &clause, 1);
      region.clauses.push_back(
          {clause.tag, (clause.flags & kIsAll) != 0, (clause.flags & kHasRef) != 0, clause.pc, clause.entry});
    }
  }
  prepared.local_slots.resize(header.local_slot_entries);
  take(clause_at, prepared.local_slots.data(), header.local_slot_entries);
  prepared.code = CodeBytes(const_cast<u8*>(clause_at), CodeDeleter::none());
  prepared.code_size = header.code_size;
  prepared.is_quick = true;
  prepared.code_offset = body.offset() + header.code_begin;
  prepared.param_slots = header.param_slots;
  prepared.result_slots = header.result_slots;
  prepared.local_slot_count = header.local_slot_count;
  prepared.max_operand_slots = header.max_operand_slots;
  return prepared;
}

void CacheFileWriter::add(const Authenticator& authenticator, u32 function, const CodedBody& body,
                          const PreparedCode& prepared) {
  EntryHeader header{};
  header.function = function;
  header.body_size = body.size();
  header.code_size = prepared.code_size;
  header.code_begin = prepared.code_offset - body.offset();
  header.side_count = static_cast<u32>(prepared.side.size());
  header.region_count = static_cast<u32>(prepared.try_regions.size());
  for (const TryRegion& region : prepared.try_regions) header.clause_count += static_cast<u32>(region.clauses.size());
  header.local_slot_entries = static_cast<u32>(prepared.local_slots.size());
  header.param_slots = prepared.param_slots;
  header.result_slots = prepared.result_slots;
  header.local_slot_count = prepared.local_slot_count;
  header.max_operand_slots = prepared.max_operand_slots;

  std::vector<u8> entry;
  entry.reserve(total_bytes(header));
  append(entry, header);
  for (const SideEntry& side : prepared.side) append(entry, side);
  for (const TryRegion& region : prepared.try_regions)
    append(entry, Region{static_cast<u32>(region.kind), region.begin, region.end, region.opcode, region.first_entry,
                         region.height, region.depth, region.target, static_cast<u32>(region.clauses.size())});
  for (const TryRegion& region : prepared.try_regions)
    for (const TryRegion::Clause& clause : region.clauses)
      append(entry, Clause{clause.tag, (clause.is_all ? kIsAll : 0) | (clause.has_ref ? kHasRef : 0), clause.pc,
                           clause.entry});
  for (u32 slot : prepared.local_slots) append(entry, slot);
  append_bytes(entry, prepared.code.get(), prepared.code_size);
  entry.resize(total_bytes(header));
  header.code = code_of(authenticator, identity_, function, body, entry);
  std::memcpy(entry.data(), header.code.data(), sizeof header.code);
  add_raw(function, entry);
}

void CacheFileWriter::add_machine_code(const Authenticator& authenticator, u32 function, const CodedBody& body,
                                       std::span<const u8> kept) {
  MachineHeader header{{}, function, body.size(), static_cast<u32>(kept.size()), 0};
  std::vector<u8> entry(total_bytes(header));
  std::memcpy(entry.data(), &header, sizeof header);
  std::copy(kept.begin(), kept.end(), entry.begin() + sizeof header);
  header.code = code_of(authenticator, identity_, function, body, entry, true);
  std::memcpy(entry.data(), header.code.data(), sizeof header.code);
  add_raw_machine(function, entry);
}

void CacheFileWriter::add_bodies(const Authenticator& authenticator, std::span<const ByteRange> bodies) {
  std::span<const u8> ranges(reinterpret_cast<const u8*>(bodies.data()), bodies.size_bytes());
  places_.clear();
  append(places_, code_of_places(authenticator, identity_, ranges));
  append_bytes(places_, ranges.data(), ranges.size());
}

void CacheFileWriter::Section::add(u32 function, std::span<const u8> entry) {
  if (entries.empty()) entries.resize(kUnit);
  if (entries.size() / kUnit > ~u32{0}) return;
  places[function] = static_cast<u32>(entries.size() / kUnit);
  append_bytes(entries, entry.data(), entry.size());
}

std::optional<std::vector<u8>> CacheFileWriter::finish() const {
  u64 places_bytes = quick_.places.size() * sizeof(u32);
  u64 quick_offset = kFirstContent + round_up(places_bytes);
  u64 size = quick_offset + quick_.entries.size();
  SectionEntry sections[kSections] = {{Kind::Functions, 0, kFirstContent, places_bytes},
                                      {Kind::QuickCode, 0, quick_offset, quick_.entries.size()}};
  if (!machine_.entries.empty()) {
    u64 machine_offset = size + round_up(places_bytes);
    sections[2] = {Kind::MachineFunctions, 0, size, places_bytes};
    sections[3] = {Kind::MachineCode, 0, machine_offset, machine_.entries.size()};
    size = machine_offset + machine_.entries.size();
  }
  if (!places_.empty()) {
    size = round_up(size);
    sections[4] = {Kind::BodyPlaces, 0, size, places_.size()};
    size += places_.size();
  }
  if (size > kMaxFileBytes) return std::nullopt;
  std::vector<u8> out;
  out.reserve(size);
  append(out, Header{kMagic, kVersion, static_cast<u32>(quick_.places.size()), identity_});
  append(out, sections);
  auto add = [&](const Section& section) {
    for (u32 place : section.places) append(out, place);
    out.resize(round_up(out.size()));
    append_bytes(out, section.entries.data(), section.entries.size());
  };
  add(quick_);
  if (!machine_.entries.empty()) add(machine_);
  if (!places_.empty()) {
    out.resize(round_up(out.size()));
    append_bytes(out, places_.data(), places_.size());
  }
  return out;
}

}  // namespace brink::cache
