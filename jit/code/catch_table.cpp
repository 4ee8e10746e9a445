#include "jit/code/catch_table.h"

#include <algorithm>
#include <cstring>

namespace brink::jit {

const CatchTable::Clause* CatchTable::find(u32 native, const runtime::Instance& instance,
                                           const gc::ExceptionObject& exception) const {
  auto site = std::lower_bound(sites.begin(), sites.end(), native, [](const Site& at, u32 n) { return at.native < n; });
  if (site == sites.end() || site->native != native) return nullptr;
  for (u32 region = site->region; region != kNone; region = regions[region].outer)
    for (u32 i = regions[region].first; i != kNone; i = clauses[i].next)
      if (clauses[i].tag == kNone || instance.tags[clauses[i].tag] == exception.tag) return &clauses[i];
  return nullptr;
}

void CatchTable::push(const Clause& clause, gc::ExceptionObject& exception, u64* fp) {
  u64* to = fp + clause.slot;
  u64 reference = reinterpret_cast<u64>(&exception);
  if (clause.reference == Clause::Reference::Before) *to++ = reference;
  if (clause.tag != kNone) {
    std::memcpy(to, exception.values(), exception.count * sizeof(u64));
    to += exception.count;
  }
  if (clause.reference == Clause::Reference::Behind) *to = reference;
}

bool CatchTable::is_sound(u32 code_bytes) const {
  for (const Site& site : sites)
    if (site.native >= code_bytes || site.region >= regions.size()) return false;
  // What is around a region was there before it, and a region's clauses come one after the other.
  for (u32 i = 0; i < regions.size(); ++i) {
    if (regions[i].first != kNone && regions[i].first >= clauses.size()) return false;
    if (regions[i].outer != kNone && regions[i].outer >= i) return false;
  }
  for (u32 i = 0; i < clauses.size(); ++i) {
    if (clauses[i].landing >= code_bytes) return false;
    if (clauses[i].next != kNone && (clauses[i].next <= i || clauses[i].next >= clauses.size())) return false;
  }
  return true;
}

}  // namespace brink::jit
