#include "engine/quicken/listing.h"

#include <algorithm>
#include <cstdio>

namespace brink::quick {
namespace {

template <class T>
T take(const u8*& p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  p += sizeof value;
  return value;
}

}  // namespace

std::string list_quick_code(const ModuleInfo& module, u32 function_index, const QuickenOptions& options) {
  std::vector<CodeOrigin> origins;
  QuickenOptions with_origins = options;
  with_origins.origins = &origins;
  auto prepared = quicken_function(module, function_index, with_origins);
  if (!prepared) return {};
  const u8* begin = prepared->code.get();
  const u8* end = begin + prepared->code_size;
  std::string text;
  char buffer[96];
  for (const u8* p = begin; p < end;) {
    auto offset = static_cast<u32>(p - begin);
    u32 opcode = take<u16>(p);
    bool wide = opcode >= kNarrowCount;
    auto op = static_cast<QuickOp>(wide ? opcode - kNarrowCount : opcode);
    auto origin = std::lower_bound(origins.begin(), origins.end(), offset + 2,
                                   [](const CodeOrigin& o, u32 at) { return o.quick < at; });
    std::snprintf(buffer, sizeof buffer, "%6u %6u  ", origin == origins.end() ? 0 : origin->original, offset);
    text += buffer;
    text += quick_op_name(op);
    for (char letter : quick_op_operands(op)) {
      long long value = 0;
      const char* form = " %lld";
      auto at = static_cast<u32>(p - begin);
      switch (letter) {
        case 'L':
          form = " L%lld";
          value = wide ? take<u32>(p) : take<u8>(p);
          break;
        case 'b': value = take<i8>(p); break;
        case 'o':
          form = " +%lld";
          value = take<u8>(p);
          break;
        case 'd': value = take<i32>(p); break;
        case 'O':
          form = " +%lld";
          value = take<u32>(p);
          break;
        case 'i': value = take<u32>(p); break;
        case 'v': {
          text += " 0x";
          for (u32 i = 16; i-- > 0;) {
            std::snprintf(buffer, sizeof buffer, "%02x", p[i]);
            text += buffer;
          }
          p += 16;
          continue;
        }
        case 'q': value = take<i64>(p); break;
        case 'j':
          form = " @%lld";
          value = at + take<i32>(p);
          break;
        case 't': {
          u32 count = take<u32>(p);
          for (u32 i = 0; i < count; ++i) {
            auto field = static_cast<u32>(p - begin);
            std::snprintf(buffer, sizeof buffer, " @%u", field + static_cast<u32>(take<i32>(p)));
            text += buffer;
          }
          form = " @%lld";
          value = static_cast<u32>(p - begin);
          value += take<i32>(p);
          break;
        }
        default: {  // 'p', which ends an instruction
          auto next = std::upper_bound(origins.begin(), origins.end(), at,
                                       [](u32 from, const CodeOrigin& o) { return from < o.quick; });
          value = static_cast<i64>((next == origins.end() ? prepared->code_size : next->quick - 2) - at);
          form = " (%lld bytes)";
          p += value;
        }
      }
      std::snprintf(buffer, sizeof buffer, form, value);
      text += buffer;
    }
    text += '\n';
  }
  return text;
}

}  // namespace brink::quick
