// For tests: a module, instantiated, with or without a compiler.
#pragma once
#include <gtest/gtest.h>

#include <functional>

#include "engine/engine.h"
#include "jit/code/arena.h"
#include "jit/jit.h"

namespace brink::jit {

// One module, text or binary, in one engine.
class Guest {
 public:
  Guest(std::string_view text, std::shared_ptr<Compiler> compiler, const StoreLimits& limits = {},
        const std::function<void(Linker&)>& imports = {}, Config config = {})
      : compiler_(std::move(compiler)), engine_(with_compiler(std::move(config))), store_(engine_, limits), linker_(engine_) {
    auto module = Module::from_bytes(engine_, {text.begin(), text.end()}, "test.wat");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      return;
    }
    if (imports) imports(linker_);
    auto instance = linker_.instantiate(store_, *module);
    if (!instance) ADD_FAILURE() << instance.error().to_string();
    else instance_ = *instance;
  }

  // The results' bits, or the trap with its backtrace, as text.
  std::string call(const std::string& name, const std::vector<Value>& arguments) {
    auto function = instance_->get_function(name);
    if (!function) return "no function " + name;
    auto outcome = function->call(arguments);
    if (!outcome) return outcome.error().to_string();
    std::string text;
    for (const Value& value : *outcome) {
      // Which NaN it is, is nobody's promise.
      bool is_nan = (value.type() == kF32 && value.as_f32() != value.as_f32()) ||
                    (value.type() == kF64 && value.as_f64() != value.as_f64());
      text += is_nan ? "nan " : value.to_string() + " ";
    }
    return text;
  }

  std::optional<Instance>& instance() { return instance_; }
  Engine& engine() { return engine_; }
  Store& store() { return store_; }
  Compiler* compiler() { return compiler_.get(); }

 private:
  Config with_compiler(Config config) const {
    config.compiler = compiler_;
    return config;
  }
  std::shared_ptr<Compiler> compiler_;
  Engine engine_;
  Store store_;
  Linker linker_;
  std::optional<Instance> instance_;
};

// Where the code of the function of this name lies, as long as one thread compiles.
class CodeFinder : public CodeObserver {
 public:
  explicit CodeFinder(const std::string& function) : ending_("!" + function) {}
  void on_code(const void*, std::vector<CodePiece> pieces) override {
    for (const CodePiece& piece : pieces)
      if (piece.name.ends_with(ending_)) code = piece.code;
  }
  std::span<const u8> code;

 private:
  std::string ending_;
};

// Functions that have "interpreted" in their name stay so.
inline std::shared_ptr<Compiler> compiler(Options options = {}) {
  options.leaves_out = [](const std::string& function) { return function.find("interpreted") != std::string::npos; };
  auto made = make_compiler(options);
  if (!made) ADD_FAILURE() << made.error().to_string();
  return made ? *made : nullptr;
}

// The same calls in the interpreter and in machine code.
struct Both {
  explicit Both(const std::string& text, const StoreLimits& limits = {}, const std::function<void(Linker&)>& imports = {})
      : interpreted(text, nullptr, limits, imports), compiled(text, compiler(), limits, imports) {}
  std::string expect_same(const std::string& name, const std::vector<Value>& arguments) {
    std::string wanted = interpreted.call(name, arguments);
    std::string found = compiled.call(name, arguments);
    EXPECT_EQ(wanted.find("function cannot run"), std::string::npos) << wanted;
    std::string given;
    for (const Value& value : arguments) given += value.to_string() + " ";
    EXPECT_EQ(found, wanted) << name << " " << given;
    return found;
  }
  void expect_all_compiled() {
    Statistics statistics = compiled.compiler()->statistics();
    EXPECT_GT(statistics.functions, 0u);
    EXPECT_EQ(statistics.left_out, 0u);
    EXPECT_EQ(statistics.out_of_room, 0u);
    EXPECT_EQ(statistics.failed, 0u);
  }
  Guest interpreted;
  Guest compiled;
};

// Room for some of the next module's functions, and not for all.
inline u32 small_arena() { return std::max(128u << 10, 3 * CodeArena::granule()); }

// Functions f0 to f399, each of which calls the one before: more machine code than a small arena has room for.
inline std::string four_hundred_functions() {
  std::string text = "(module\n";
  for (u32 i = 0; i < 400; ++i) {
    text += "(func $f" + std::to_string(i) + " (export \"f" + std::to_string(i) + "\") (param i32) (result i32) (local $s i32)\n";
    for (u32 k = 0; k < 20; ++k)
      text += "(local.set $s (i32.add (i32.mul (local.get $s) (local.get 0)) (i32.const " + std::to_string(k) + ")))\n";
    if (i > 0) text += "(i32.add (local.get $s) (call $f" + std::to_string(i - 1) + " (local.get 0))))\n";
    else text += "(local.get $s))\n";
  }
  return text + ")";
}

}  // namespace brink::jit
