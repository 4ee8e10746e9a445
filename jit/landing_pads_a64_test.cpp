// Where the system enforces landing pads: code with them is reached in every way there is (all other tests go these ways as
// well), and what leads anywhere else is a fault of the whole process, not of the guest.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "jit/code/arena.h"
#include "jit/code/convention.h"
#include "jit/code/patch.h"
#include "jit/emit/assembler.h"
#include "jit/test_guest.h"

namespace brink::jit {
namespace {

constexpr u32 kBtiC = 0xD503245F;

#if defined(__clang__)
[[clang::no_sanitize("function")]]
#endif
int run(const u8* code) {
  return reinterpret_cast<int (*)()>(reinterpret_cast<u64>(code))();
}

// The signal that ends a process which runs this, or 0.
int signal_of(const u8* code) {
  pid_t child = fork();
  if (child == 0) {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    run(code);
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

// Code in an arena of its own; answers 42 where `emit` does not say otherwise.
struct Piece {
  Piece(bool is_guarded, const std::function<void(Assembler&)>& emit) {
    Features features = {.bti = is_guarded};
    Assembler a(features);
    emit(a);
    a.move_constant(kResult, 42, true);
    a.return_();
    EXPECT_TRUE(a.ok());
    arena = *CodeArena::create(CodeArena::granule(), {.has_landing_pads = is_guarded});
    code = arena->begin() + arena->allocate(static_cast<u32>(a.code().size()))->offset;
    std::memcpy(arena->writable(code), a.code().data(), a.code().size());
    finish_code(code, code + a.code().size());
  }
  std::unique_ptr<CodeArena> arena;
  const u8* code;
};

void nothing(Assembler&) {}
void call_pad(Assembler& a) { a.open_frame({}, {}), a.leave_frame({}, {}); }
void jump_pad(Assembler& a) { a.landing_pad(); }
// A call's pad, and then a jump by a register to the place behind the next instructions, where `pad` has to make one.
auto jump_inside(Gp by, void (*pad)(Assembler&)) {
  return [=](Assembler& a) {
    call_pad(a);
    auto field = a.address_of(by);
    a.jump(by);
    a.trap();
    a.bind(field);
    pad(a);
  };
}

class LandingPads : public testing::Test {
 protected:
  void SetUp() override {
    if (!Features::host().bti) GTEST_SKIP() << "this processor or system does not enforce landing pads";
  }
};

TEST_F(LandingPads, AreWhereJumpsAndCallsMayLead) {
  EXPECT_EQ(run(Piece(true, call_pad).code), 42);
  EXPECT_EQ(run(Piece(true, jump_inside(Gp::x9, jump_pad)).code), 42);
  EXPECT_EQ(run(Piece(true, jump_inside(Gp::x17, jump_pad)).code), 42);
  EXPECT_EQ(run(Piece(true, jump_inside(Gp::x16, call_pad)).code), 42);
}

TEST_F(LandingPads, OtherPlacesAreFaults) {
  for (const auto& emit : {std::function(nothing), std::function(jump_pad), std::function(jump_inside(Gp::x9, nothing)),
                           std::function(jump_inside(Gp::x16, nothing)), std::function(jump_inside(Gp::x9, call_pad))}) {
    Piece piece(true, emit);
    EXPECT_EQ(signal_of(piece.code), SIGILL);
  }
  // Nothing of that where the pages are not mapped for it.
  EXPECT_EQ(run(Piece(false, nothing).code), 42);
  EXPECT_EQ(run(Piece(false, jump_inside(Gp::x9, nothing)).code), 42);
}

TEST_F(LandingPads, CompiledFunctionsLieOnSuchPages) {
  constexpr const char* kText = R"((module (func (export "f") (result i32) (i32.const 42))))";
  for (bool baseline : {false, true}) {
    auto finder = std::make_shared<CodeFinder>("f");
    Guest guest(kText, compiler({.arena_bytes = 1 << 20, .baseline = baseline, .observers = {finder}}));
    EXPECT_EQ(guest.call("f", {}), "42 ");
    ASSERT_GE(finder->code.size(), 16u);
    u32 first;
    std::memcpy(&first, finder->code.data(), sizeof first);
    EXPECT_EQ(first == kBtiC, !baseline);
    // What follows the call's pad makes the frame, so it could be called as well.
    const u8* inside = finder->code.data() + 4;
    if (baseline) EXPECT_EQ(run(finder->code.data()), 42);
    else EXPECT_EQ(signal_of(inside), SIGILL);
  }
}

}  // namespace
}  // namespace brink::jit
