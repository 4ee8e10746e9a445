// Stands in for the validator in the decoder's tests: the constant expressions of one instruction that those tests use.
#include "engine/base/reader.h"
#include "engine/decode/test_modules.h"
#include "engine/validate/validator.h"

namespace brink {

Result<u32> validate_constant_expression(const ModuleInfo& module, u32 offset, u32 limit, ValueType expected,
                                         u32 visible_globals, std::vector<bool>* declared) {
  Reader r(module.bytes.subspan(offset, limit - offset), offset);
  ValueType type;
  bool has_value = false;
  while (r.ok()) {
    u64 at = r.offset();
    u8 opcode = r.read_byte("instruction");
    if (!r.ok()) break;
    if (opcode == 0x0B) {
      if (!has_value || !module.registry->is_subtype(type, expected))
        r.fail_at(at, ErrorKind::Invalid, "type mismatch");
      if (r.ok()) return static_cast<u32>(r.offset()) - offset;
      break;
    }
    if (has_value) r.fail_at(at, ErrorKind::Invalid, "type mismatch");
    has_value = true;
    switch (opcode) {
      case 0x41:
        r.read_s32("constant");
        type = kI32;
        break;
      case 0x42:
        r.read_s64("constant");
        type = kI64;
        break;
      case 0x23: {
        u32 index = r.read_u32("global index");
        if (index >= visible_globals) {
          r.fail_at(at, ErrorKind::Invalid, "unknown global " + std::to_string(index));
        } else {
          type = module.globals[index].type.value;
        }
        break;
      }
      case 0xD0: {
        u8 heap = r.read_byte("heap type");
        type = ValueType::ref(heap == 0x70 ? AbstractHeap::Func : AbstractHeap::Extern, true);
        break;
      }
      case 0xD2: {
        u32 index = r.read_u32("function index");
        if (index >= module.functions.size()) {
          r.fail_at(at, ErrorKind::Invalid, "unknown function " + std::to_string(index));
        } else {
          (*declared)[index] = true;
          type = ValueType::ref(HeapType::concrete(module.functions[index].type), false);
        }
        break;
      }
      default: r.fail_at(at, ErrorKind::Malformed, "illegal opcode");
    }
  }
  return std::unexpected(r.take_error());
}

namespace test {

std::string refusal(const Bytes& bytes, FeatureSet features) {
  Decoded decoded(bytes, features);
  if (decoded.result) return "";
  const Error& error = decoded.result.error();
  const char* kinds[] = {"malformed", "invalid", "unsupported", "unlinkable", "limit", "io", "usage"};
  // Every refusal says where, and inside the module.
  if (error.offset == Error::kNoOffset) return "no offset: " + error.message;
  if (error.offset > bytes.size()) return "offset past the end: " + error.message;
  return std::string(kinds[static_cast<u8>(error.kind)]) + ": " + error.message;
}

}  // namespace test
}  // namespace brink
