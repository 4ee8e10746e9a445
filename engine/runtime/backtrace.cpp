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
  // Those of machine code, activation by activation.
  std::span<const NotedFrame> noted(context.noted_frames.get(), context.noted_frame_count);
  auto add = [&](const FunctionCode& code, u32 offset) {
    const ModuleState& module = *code.module;
    auto [entry, is_new] = names.try_emplace(&module);
    if (is_new) entry->second = module.info.read_names();
    BacktraceFrame out;
    out.function_index = static_cast<u32>(&code - module.code) + module.info.imported_functions;
    out.function = module.info.function_label(out.function_index, entry->second);
    out.module = entry->second.module ? std::string(*entry->second.module) : module.name;
    out.module_offset = u64{code.prepared->code_offset} + offset;
    frames.push_back(std::move(out));
  };
  for (;;) {
    if (frames.size() == kMaxBacktraceFrames) {
      truncated = true;
      break;
    }
    const FunctionCode& code = *frame->code;
    const ModuleState& module = *code.module;
    if (!noted.empty() && noted[0].entry_frame == frame) {
      TierCompiler& compiler = *module.engine->config.compiler;
      for (; !noted.empty() && noted[0].entry_frame == frame && !truncated; noted = noted.subspan(1)) {
        truncated = frames.size() == kMaxBacktraceFrames;
        if (!truncated) add(*noted[0].function, compiler.original_offset(noted[0]));
      }
      if (truncated) break;
    } else {
      u32 index = static_cast<u32>(&code - module.code) + module.info.imported_functions;
      // At the instruction that would have entered machine code.
      if (pc >= interpret::kQuickEnterTier && pc <= interpret::kQuickEnterTier + 2) pc = code.prepared->code.get();
      auto offset = static_cast<u32>(pc - code.prepared->code.get()) - (is_return_address ? 1 : 0);
      const u8* first = module.info.bytes.data() + code.prepared->code_offset;
      add(code, code.prepared->is_quick
                    ? quick::original_offset(module.info, index, module.quicken_options(), offset)
                    : static_cast<u32>(interpret::instruction_containing(first, first + offset) - first));
    }

    pc = frame->return_pc;
    frame += 1;
    is_return_address = true;
    if (interpret::is_exit(pc)) {
      // The host's call, or one from machine code.
      if (noted.empty() || noted[0].entry_frame != frame) break;
      continue;
    }
    if (interpret::is_cross_return(pc)) {
      pc = frame->return_pc;
      frame += 1;
    }
  }
  trap.set_backtrace(std::move(frames), truncated);
}

}  // namespace brink::runtime
