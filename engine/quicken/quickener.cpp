#include "engine/quicken/quickener.h"

#include <algorithm>

#include "engine/quicken/common_run.h"
#include "engine/quicken/quick_sink.h"
#include "engine/validate/body_decoder.h"
#include "engine/validate/fuel_sink.h"

namespace brink::quick {
namespace {

// Quick code is addressed by signed 32-bit distances; its size is at most some ten times the body's.
constexpr u32 kMaxBodyBytes = 64u << 20;

template <class Sink>
Result<PreparedCode> run_through(const ModuleInfo& module, u32 function_index, const QuickenOptions& options, bool wide,
                         bool& overflow) {
  if (options.origins) options.origins->clear();
  const RegisteredType& type = module.function_type(function_index);
  Sink sink(module, options, type.result_slots, module.functions[function_index].body.size, wide);
  BodyDecoder<Sink> decoder(module, module.functions[function_index].body, sink, body_scratch());
  if (auto decoded = decoder.decode_function(type); !decoded) return std::unexpected(decoded.error());
  PreparedCode prepared = sink.take(overflow);
  prepared.param_slots = type.param_slots;
  prepared.result_slots = type.result_slots;
  prepared.max_operand_slots = decoder.max_operand_slots();
  return prepared;
}

Result<PreparedCode> run(const ModuleInfo& module, u32 function_index, const QuickenOptions& options, bool wide,
                         bool& overflow) {
  return options.consume_fuel ? run_through<FuelSink<QuickSink>>(module, function_index, options, wide, overflow)
                              : run_through<QuickSink>(module, function_index, options, wide, overflow);
}

}  // namespace

Result<PreparedCode> quicken_function(const ModuleInfo& module, u32 function_index, const QuickenOptions& options) {
  ByteRange body = module.functions[function_index].body;
  if (body.size > kMaxBodyBytes)
    return std::unexpected(
        Error{ErrorKind::Limit, "function body of " + std::to_string(body.size) + " bytes", body.offset, 0, 0, {}});
  bool overflow = false;
  Result<PreparedCode> prepared = run(module, function_index, options, false, overflow);
  if (prepared && overflow) prepared = run(module, function_index, options, true, overflow);
  return prepared;
}

u32 original_offset(const ModuleInfo& module, u32 function_index, const QuickenOptions& options, u32 quick) {
  std::vector<CodeOrigin> origins;
  QuickenOptions with_origins = options;
  with_origins.origins = &origins;
  if (!quicken_function(module, function_index, with_origins)) return 0;
  auto after = std::upper_bound(origins.begin(), origins.end(), quick,
                                [](u32 at, const CodeOrigin& origin) { return at < origin.quick; });
  return after == origins.begin() ? 0 : after[-1].original;
}

}  // namespace brink::quick
