#include "engine/snapshot/body_references.h"

#include <algorithm>

#include "engine/validate/body_decoder.h"

namespace brink::snapshot {
namespace {

struct ReferenceSink : NullSink {
  explicit ReferenceSink(BodyReferences& references) : found(references) {}

  void on_instruction(const Instruction& instruction) {
    switch (instruction.op) {
      case Op::RefFunc: found.functions[instruction.index] = true; break;
      case Op::MemoryInit:
      case Op::DataDrop: cover(found.data_segments, instruction.index); break;
      case Op::ArrayNewData:
      case Op::ArrayInitData: cover(found.data_segments, instruction.index2); break;
      case Op::TableInit:
      case Op::ElemDrop: cover(found.element_segments, instruction.index); break;
      case Op::ArrayNewElem:
      case Op::ArrayInitElem: cover(found.element_segments, instruction.index2); break;
      default: break;
    }
  }

  static void cover(u32& count, u32 index) { count = std::max(count, index + 1); }

  BodyReferences& found;
};

}  // namespace

Result<BodyReferences> find_body_references(const ModuleInfo& info) {
  BodyReferences found;
  found.functions.resize(info.functions.size());
  for (u32 i = info.imported_functions; i < info.functions.size(); ++i) {
    ReferenceSink sink(found);
    BodyDecoder<ReferenceSink> decoder(info, info.functions[i].body, sink, body_scratch());
    if (auto valid = decoder.decode_function(info.function_type(i)); !valid) return std::unexpected(valid.error());
  }
  return found;
}

}  // namespace brink::snapshot
