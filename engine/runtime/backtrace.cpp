#include "engine/runtime/backtrace.h"

#include <unordered_map>

#include "engine/interpret/instruction_walk.h"
#include "engine/quicken/quickener.h"

namespace brink::runtime {

using interpret::Frame;

void attach_backtrace(Trap& trap, const Context& context) {
  std::vector<BacktraceFrame> frames;
  std::unordered_map<const ModuleState*, Names> names;
  const u8* pc = context.pc;
  const Frame* frame = context.frame;
  bool is_return_address = false;
  bool truncated = false;
  for (;;) {
    if (frames.size() == kMaxBacktraceFrames) {
      truncated = true;
      break;
    }
    const FunctionCode& code = *frame->code;
    const ModuleState& module = *code.module;
    auto [entry, is_new] = names.try_emplace(&module);
    if (is_new) entry->second = module.info.read_names();
    BacktraceFrame out;
    out.function_index = static_cast<u32>(&code - module.code) + module.info.imported_functions;
    out.function = module.info.function_label(out.function_index, entry->second);
    out.module = entry->second.module ? std::string(*entry->second.module) : module.name;
    auto offset = static_cast<u32>(pc - code.code.load(std::memory_order_acquire)) - (is_return_address ? 1 : 0);
    const u8* first = module.info.bytes.data() + code.prepared->code_offset;
    const u8* instruction =
        code.prepared->is_quick
            ? first + quick::original_offset(module.info, out.function_index, module.quicken_options(), offset)
            : interpret::instruction_containing(first, first + offset);
    out.module_offset = static_cast<u64>(instruction - module.info.bytes.data());
    frames.push_back(std::move(out));

    pc = frame->return_pc;
    frame += 1;
    is_return_address = true;
    if (interpret::is_exit(pc)) break;
    if (interpret::is_cross_return(pc)) {
      pc = frame->return_pc;
      frame += 1;
    }
  }
  trap.set_backtrace(std::move(frames), truncated);
}

}  // namespace brink::runtime
