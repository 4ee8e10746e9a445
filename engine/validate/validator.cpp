#include "engine/validate/validator.h"

#include "engine/validate/body_decoder.h"

namespace brink {
namespace {

struct ValidatorSink : NullSink {
  static constexpr bool kListens = false;
};

struct ConstantSink : NullSink {
  static constexpr bool kIsConstantExpression = true;

  void on_instruction(const Instruction& instruction) {
    if (instruction.op == Op::RefFunc && declared && instruction.index < declared->size())
      (*declared)[instruction.index] = true;
  }

  u32 visible_globals = 0;
  std::vector<bool>* declared = nullptr;
};

}  // namespace

Result<void> validate_function(const ModuleInfo& module, u32 function_index) {
  ValidatorSink sink;
  BodyDecoder<ValidatorSink> decoder(module, module.functions[function_index].body, sink, body_scratch());
  return decoder.decode_function(module.function_type(function_index));
}

Result<u32> validate_constant_expression(const ModuleInfo& module, u32 offset, u32 limit, ValueType expected,
                                         u32 visible_globals, std::vector<bool>* declared) {
  ConstantSink sink;
  sink.visible_globals = visible_globals;
  sink.declared = declared;
  BodyDecoder<ConstantSink> decoder(module, {offset, limit - offset}, sink, body_scratch());
  return decoder.decode_constant_expression(expected);
}

}  // namespace brink
