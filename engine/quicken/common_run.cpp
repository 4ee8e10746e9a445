// Dispatch for CommonRun: threaded or portable, as the interpreters' is (engine/base/threaded.h).
#include "engine/quicken/common_run.h"

#include "engine/quicken/common_control.h"
#include "engine/quicken/common_values.h"

namespace brink::quick {

#define BRINK_COMMON_FORMS(form)                                                                                    \
  form(None) form(LocalGet) form(LocalSet) form(LocalTee) form(GlobalGet) form(GlobalSet) form(I32Const)            \
      form(I64Const) form(Unary) form(Binary) form(IntegerBinary) form(Load) form(Store) form(Block) form(If)       \
          form(End) form(Br) form(BrIf) form(Call)

struct CommonMachine {
  using Step = CommonRun::Step;
  using Decoder = CommonRun::Decoder;

#ifdef BRINK_THREADED

#define BRINK_COMMON_REGISTERS                                                                               \
  const u8 *p, u8 *position, size_t height, ValueType *types, Operand *stack, const u8 *end, QuickSink *sink, \
      Decoder *decoder
#define BRINK_COMMON_ENTER CommonRun s(p, position, height, types, stack, end, *sink, *decoder)
#define BRINK_COMMON_GO(target)                                                                                        \
  [[clang::musttail]] return (target)(s.p_, s.position_, s.height_, s.types_, s.stack_, s.end_, &s.sink_, &s.decoder_)
#define BRINK_COMMON_NEXT                   \
  do {                                      \
    if (s.p_ >= s.end_) [[unlikely]]        \
      BRINK_COMMON_GO(stop);                \
    BRINK_COMMON_GO(kHandlers.of[*s.p_]);   \
  } while (false)

  using Handler = __attribute__((preserve_none)) const u8* (*)(BRINK_COMMON_REGISTERS);
  // By opcode byte, not by form: nobody can predict which one is next, so it must be known early.
  struct Handlers {
    std::array<Handler, 256> of;
  };
  static const Handlers kHandlers;

  __attribute__((preserve_none, noinline)) static const u8* stop(BRINK_COMMON_REGISTERS) {
    BRINK_COMMON_ENTER;
    s.leave();
    return s.p_;
  }
  template <Step step>
  __attribute__((preserve_none, noinline)) static const u8* after(BRINK_COMMON_REGISTERS) {
    BRINK_COMMON_ENTER;
    if (!s.go_on_after(step)) BRINK_COMMON_GO(stop);
    BRINK_COMMON_NEXT;
  }
  template <CommonForm form>
  __attribute__((preserve_none)) static const u8* handler(BRINK_COMMON_REGISTERS) {
    BRINK_COMMON_ENTER;
    switch (s.template take<form>()) {
      [[likely]] case Step::Done: BRINK_COMMON_NEXT;
      case Step::Tell: BRINK_COMMON_GO(after<Step::Tell>);
      case Step::Free: BRINK_COMMON_GO(after<Step::Free>);
      case Step::Leave: break;
    }
    BRINK_COMMON_GO(stop);
  }

  // Small and uninstrumented: entered from a function that needs a base pointer, as sanitizers make them, such a chain
  // is corrupted by clang 19.
  static __attribute__((noinline, no_sanitize("address", "undefined", "thread"))) const u8* run(const CommonRun& s) {
    return kHandlers.of[*s.p_](s.p_, s.position_, s.height_, s.types_, s.stack_, s.end_, &s.sink_, &s.decoder_);
  }

#else

  static const u8* run(CommonRun& s) {
    while (s.p_ < s.end_) {
      Step step = Step::Leave;
      switch (kCommonRows[*s.p_].form) {
#define BRINK_COMMON_CASE(name) \
  case CommonForm::name: step = s.template take<CommonForm::name>(); break;
        BRINK_COMMON_FORMS(BRINK_COMMON_CASE)
      }
      if (step != Step::Done && !s.go_on_after(step)) break;
    }
    s.leave();
    return s.p_;
  }

#endif
};

#ifdef BRINK_THREADED
constinit const CommonMachine::Handlers CommonMachine::kHandlers = [] {
  std::array<Handler, kCommonFormCount> by_form{};
#define BRINK_COMMON_HANDLER(name) by_form[static_cast<u32>(CommonForm::name)] = handler<CommonForm::name>;
  BRINK_COMMON_FORMS(BRINK_COMMON_HANDLER)
  // The same code, and a jump of fewer ways is better predicted.
  by_form[static_cast<u32>(CommonForm::LocalTee)] = by_form[static_cast<u32>(CommonForm::LocalSet)];
  Handlers handlers{};
  for (u32 i = 0; i < 256; ++i) handlers.of[i] = by_form[static_cast<u32>(kCommonForms[i])];
  return handlers;
}();
#endif

const u8* CommonRun::run(QuickSink& sink, Decoder& decoder, const u8* p, const u8* end, ValueType*& top) {
  CommonRun s(p, nullptr, 0, nullptr, nullptr, end, sink, decoder);
  s.enter();
  p = CommonMachine::run(s);
  top = decoder.scratch_.operands.data() + sink.stack_.size();
  return p;
}

}  // namespace brink::quick
