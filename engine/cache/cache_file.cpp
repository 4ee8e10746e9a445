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

// Machine code will have a kind for each architecture and tier, data images one more.
enum class Kind : u32 { None = 0, Functions = 1, QuickCode = 2 };

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

enum Purpose : u8 { kBody, kContent, kEntry };

u64 round_up(u64 bytes) { return (bytes + kUnit - 1) & ~(kUnit - 1); }

// The code comes last: everything before it is aligned.
u64 tables_bytes(const EntryHeader& header) {
  return u64{header.side_count} * sizeof(SideEntry) + u64{header.region_count} * sizeof(Region) +
         u64{header.clause_count} * sizeof(Clause) + u64{header.local_slot_entries} * sizeof(u32);
}

u64 total_bytes(const EntryHeader& header) {
  return round_up(sizeof(EntryHeader) + tables_bytes(header) + header.code_size);
}

template <class T>
T read_at(std::span<const u8> bytes, u64 offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void append(std::vector<u8>& out, const T& value) {
  const u8* bytes = reinterpret_cast<const u8*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

template <class T>
void take(const u8*& from, T* to, u64 count) {
  if (count != 0) std::memcpy(to, from, count * sizeof(T));
  from += count * sizeof(T);
}

Code code_of(const Authenticator& authenticator, const Identity& identity, u32 function, std::span<const u8> body,
             std::span<const u8> entry) {
  Origin origin{identity, authenticator.of(body, kBody), authenticator.of(entry.subspan(sizeof(Code)), kContent),
                function};
  return authenticator.of({reinterpret_cast<const u8*>(&origin), sizeof origin}, kEntry);
}

// So that the folder knows which files are in use. It is a hint: nothing depends on its success.
void note_use(int file, const struct stat& status) {
  constexpr time_t kHour = 3600;
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 && now.tv_sec - status.st_mtim.tv_sec > kHour)
    ::futimens(file, nullptr);
}

}  // namespace

CacheFile::CacheFile(CacheFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), functions_(other.functions_), quick_(other.quick_) {}

CacheFile& CacheFile::operator=(CacheFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(functions_, other.functions_);
  std::swap(quick_, other.quick_);
  return *this;
}

CacheFile::~CacheFile() {
  if (!bytes_.empty()) ::munmap(const_cast<u8*>(bytes_.data()), bytes_.size());
}

std::optional<CacheFile> CacheFile::open(const std::string& path, const Identity& identity, u32 function_count) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  struct stat status{};
  void* mapping = MAP_FAILED;
  size_t size = 0;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= static_cast<off_t>(kFirstContent) &&
      static_cast<u64>(status.st_size) <= kMaxFileBytes) {
    size = static_cast<size_t>(status.st_size);
    mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping != MAP_FAILED) note_use(fd, status);
  }
  ::close(fd);
  if (mapping == MAP_FAILED) return std::nullopt;

  CacheFile file(std::span<const u8>(static_cast<const u8*>(mapping), size));
  auto header = read_at<Header>(file.bytes_, 0);
  if (header.magic != kMagic || header.version != kVersion || header.identity != identity ||
      header.function_count != function_count)
    return std::nullopt;
  for (u32 i = 0; i < kSections; ++i) {
    auto section = read_at<SectionEntry>(file.bytes_, sizeof(Header) + i * sizeof(SectionEntry));
    if (section.offset > size || section.size > size - section.offset || section.offset % kUnit != 0) continue;
    auto content = file.bytes_.subspan(section.offset, section.size);
    if (section.kind == Kind::Functions) file.functions_ = content;
    if (section.kind == Kind::QuickCode) file.quick_ = content;
  }
  if (file.functions_.size() / sizeof(u32) < function_count) return std::nullopt;
  return file;
}

std::span<const u8> CacheFile::raw_entry(u32 function) const {
  u64 place = u64{read_at<u32>(functions_, u64{function} * sizeof(u32))} * kUnit;
  // Place 0 is nowhere, so the section begins with an empty unit.
  if (place == 0 || place > quick_.size() || quick_.size() - place < sizeof(EntryHeader)) return {};
  auto header = read_at<EntryHeader>(quick_, place);
  u64 size = total_bytes(header);
  if (header.function != function || size > quick_.size() - place) return {};
  return quick_.subspan(place, size);
}

std::optional<PreparedCode> CacheFile::find(const Authenticator& authenticator, const Identity& identity, u32 function,
                                            std::span<const u8> body, u32 body_offset) const {
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
  prepared.code_offset = body_offset + header.code_begin;
  prepared.param_slots = header.param_slots;
  prepared.result_slots = header.result_slots;
  prepared.local_slot_count = header.local_slot_count;
  prepared.max_operand_slots = header.max_operand_slots;
  return prepared;
}

void CacheFileWriter::add(const Authenticator& authenticator, u32 function, std::span<const u8> body, u32 body_offset,
                          const PreparedCode& prepared) {
  EntryHeader header{};
  header.function = function;
  header.body_size = static_cast<u32>(body.size());
  header.code_size = prepared.code_size;
  header.code_begin = prepared.code_offset - body_offset;
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
  entry.insert(entry.end(), prepared.code.get(), prepared.code.get() + prepared.code_size);
  entry.resize(total_bytes(header));
  header.code = code_of(authenticator, identity_, function, body, entry);
  std::memcpy(entry.data(), header.code.data(), sizeof header.code);
  add_raw(function, entry);
}

void CacheFileWriter::add_raw(u32 function, std::span<const u8> entry) {
  if (entries_.empty()) entries_.resize(kUnit);
  if (entries_.size() / kUnit > ~u32{0}) return;
  places_[function] = static_cast<u32>(entries_.size() / kUnit);
  entries_.insert(entries_.end(), entry.begin(), entry.end());
}

std::optional<std::vector<u8>> CacheFileWriter::finish() const {
  u64 places_bytes = places_.size() * sizeof(u32);
  u64 quick_offset = kFirstContent + round_up(places_bytes);
  u64 size = quick_offset + entries_.size();
  if (size > kMaxFileBytes) return std::nullopt;
  std::vector<u8> out;
  out.reserve(size);
  append(out, Header{kMagic, kVersion, static_cast<u32>(places_.size()), identity_});
  SectionEntry sections[kSections] = {{Kind::Functions, 0, kFirstContent, places_bytes},
                                      {Kind::QuickCode, 0, quick_offset, entries_.size()}};
  append(out, sections);
  for (u32 place : places_) append(out, place);
  out.resize(quick_offset);
  out.insert(out.end(), entries_.begin(), entries_.end());
  return out;
}

}  // namespace brink::cache
