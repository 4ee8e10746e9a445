// What is frozen starts again as it was, and as nothing else.
#include "engine/snapshot/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/snapshot/memory_runs.h"

namespace brink {
namespace {

using snapshot::Options;

class SnapshotTest : public ::testing::Test {
 protected:
  Instance instantiate(const Module& module, Store& in) {
    auto instance = linker.instantiate(in, module);
    if (!instance) {
      ADD_FAILURE() << instance.error().to_string();
      std::abort();
    }
    return *instance;
  }

  Instance start(std::string_view text) {
    auto module = Module::from_text(engine, text, "test.wat");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      std::abort();
    }
    return instantiate(*module, store);
  }

  // Runs "init", freezes, and starts what was frozen in a store of its own.
  Instance restart(std::string_view text, Options options = {.dropped_exports = {"init"}}) {
    Instance running = start(text);
    if (auto init = running.get_function("init")) {
      auto done = init->call({});
      EXPECT_TRUE(done) << done.error().to_string();
    }
    auto bytes = snapshot::take(running, options);
    if (!bytes) {
      ADD_FAILURE() << bytes.error().to_string();
      std::abort();
    }
    frozen = *bytes;
    auto module = Module::from_binary(engine, *bytes, "frozen.wasm");
    if (!module) {
      ADD_FAILURE() << module.error().to_string();
      std::abort();
    }
    auto valid = module->validate();
    EXPECT_TRUE(valid) << valid.error().to_string();
    return instantiate(*module, second_store);
  }

  std::string refusal(std::string_view text, Options options = {}) {
    Instance running = start(text);
    if (auto init = running.get_function("init")) {
      EXPECT_TRUE(init->call({}));
    }
    auto bytes = snapshot::take(running, options);
    return bytes ? "" : bytes.error().to_string();
  }

  static Value call(Instance instance, std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto function = instance.get_function(name);
    if (!function) {
      ADD_FAILURE() << "no function " << name;
      std::abort();
    }
    auto results = function->call(arguments);
    if (!results) {
      ADD_FAILURE() << name << ": " << results.error().to_string();
      return Value::i32(-1);
    }
    return results->empty() ? Value::i32(0) : results->at(0);
  }

  static TrapKind trap_of(Instance instance, std::string_view name, std::initializer_list<Value> arguments = {}) {
    auto results = instance.get_function(name)->call(arguments);
    if (results) {
      ADD_FAILURE() << name << " did not trap";
      return TrapKind::Exit;
    }
    return results.error().kind();
  }

  Engine engine;
  Store store{engine};
  Store second_store{engine};
  Linker linker{engine};
  std::vector<u8> frozen;
};

TEST_F(SnapshotTest, GlobalsOfEveryValueType) {
  Instance again = restart(R"((module
    (global $i32 (export "i32") (mut i32) (i32.const 1))
    (global $i64 (export "i64") (mut i64) (i64.const 1))
    (global $f32 (export "f32") (mut f32) (f32.const 1))
    (global $f64 (export "f64") (mut f64) (f64.const 1))
    (global $v128 (export "v128") (mut v128) (v128.const i64x2 1 1))
    (global $any (export "any") (mut anyref) (ref.null any))
    (global $extern (export "extern") (mut externref) (ref.i31 (i32.const 1)) (extern.convert_any))
    (global $null (export "null") (mut externref) (extern.convert_any (ref.i31 (i32.const 1))))
    (global $func (mut funcref) (ref.null func))
    (global $constant (export "constant") i32 (i32.const 77))
    (global $derived (export "derived") i32 (i32.add (global.get $constant) (i32.const 1)))
    (func $nine (result i32) (i32.const 9))
    (elem declare func $nine)
    (func (export "init")
      (global.set $i32 (i32.const -2147483648))
      (global.set $i64 (i64.const -9223372036854775808))
      (global.set $f32 (f32.const -nan:0x200001))
      (global.set $f64 (f64.const nan:0x4000000000001))
      (global.set $v128 (v128.const i64x2 0x0123456789abcdef 0x8000000000000001))
      (global.set $any (ref.i31 (i32.const -5)))
      (global.set $extern (extern.convert_any (ref.i31 (i32.const 123))))
      (global.set $null (ref.null extern))
      (global.set $func (ref.func $nine)))
    (func (export "any value") (result i32) (i31.get_s (ref.cast (ref i31) (global.get $any))))
    (func (export "extern value") (result i32)
      (i31.get_u (ref.cast (ref i31) (any.convert_extern (global.get $extern)))))
    (func (export "call") (result i32)
      (call_ref $t (ref.cast (ref $t) (global.get $func))))
    (type $t (func (result i32)))
  ))");
  EXPECT_EQ(again.get_global("i32")->get().as_i32(), -2147483648);
  EXPECT_EQ(again.get_global("i64")->get().as_i64(), -9223372036854775807 - 1);
  EXPECT_EQ(again.get_global("f32")->get().bits(), 0xFFA00001u);
  EXPECT_EQ(again.get_global("f64")->get().bits(), 0x7FF4000000000001u);
  EXPECT_EQ(again.get_global("v128")->get().bits(), 0x0123456789abcdefu);
  EXPECT_EQ(again.get_global("v128")->get().high_bits(), 0x8000000000000001u);
  EXPECT_EQ(call(again, "any value").as_i32(), -5);
  EXPECT_EQ(call(again, "extern value").as_i32(), 123);
  EXPECT_TRUE(again.get_global("null")->get().is_null());
  EXPECT_EQ(call(again, "call").as_i32(), 9);
  EXPECT_EQ(again.get_global("constant")->get().as_i32(), 77);
  EXPECT_EQ(again.get_global("derived")->get().as_i32(), 78);
  EXPECT_FALSE(again.get_function("init"));
}

TEST_F(SnapshotTest, MemoriesOfEveryKind) {
  Instance again = restart(R"((module
    (memory $small (export "small") 1 10)
    (memory $large (export "large") i64 1)
    (memory $bytes (export "bytes") 5 300 (pagesize 1))
    (memory $empty (export "empty") 0)
    (data (memory $small) (i32.const 10) "old text")
    (data $passive "passive")
    (data $dropped "dropped")
    (func (export "init")
      (drop (memory.grow $small (i32.const 2)))
      (i32.store8 $small (i32.const 10) (i32.const 0x4f))
      (i32.store8 $small (i32.const 196607) (i32.const 7))   ;; the last byte of three pages
      (drop (memory.grow $large (i64.const 1)))
      (i64.store $large (i64.const 131064) (i64.const -1))
      (drop (memory.grow $bytes (i32.const 100)))
      (i32.store8 $bytes (i32.const 104) (i32.const 42))
      (data.drop $dropped))
    (func (export "use passive")
      (memory.init $small $passive (i32.const 100) (i32.const 0) (i32.const 7)))
    (func (export "use dropped") (param i32)
      (memory.init $small $dropped (i32.const 100) (i32.const 0) (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load8_u $small (local.get 0)))
    (func (export "load large") (param i64) (result i64) (i64.load $large (local.get 0)))
    (func (export "load bytes") (param i32) (result i32) (i32.load8_u $bytes (local.get 0)))
  ))");
  EXPECT_EQ(again.get_memory("small")->size_pages(), 3u);
  EXPECT_EQ(again.get_memory("large")->size_pages(), 2u);
  EXPECT_EQ(again.get_memory("bytes")->size_pages(), 105u);
  EXPECT_EQ(again.get_memory("empty")->size_pages(), 0u);
  EXPECT_EQ(again.get_memory("small")->type().limits.max, 10u);
  std::span<u8> text = *again.get_memory("small")->span(8, 12);
  EXPECT_EQ(std::string(text.begin(), text.end()), std::string("\0\0Old text\0\0", 12));
  EXPECT_EQ(call(again, "load", {Value::i32(196607)}).as_i32(), 7);
  EXPECT_EQ(call(again, "load large", {Value::i64(131064)}).as_i64(), -1);
  EXPECT_EQ(call(again, "load bytes", {Value::i32(104)}).as_i32(), 42);
  call(again, "use passive");
  EXPECT_EQ(call(again, "load", {Value::i32(106)}).as_i32(), 'e');
  call(again, "use dropped", {Value::i32(0)});
  EXPECT_EQ(trap_of(again, "use dropped", {Value::i32(1)}), TrapKind::MemoryOutOfBounds);
}

constexpr std::string_view kTables = R"((module
  (type $t (func (result i32)))
  (type $other (func (param i32)))
  (table $plain (export "plain") 4 20 funcref)
  (table $typed 2 (ref $t) (ref.func $one))
  (table $long i64 1 externref)
  (table $numbers 3 i31ref)
  (table $mixed 3 funcref)
  (elem (table $plain) (i32.const 0) func $one $two $three)
  (elem $passive (ref null $t) (ref.func $two) (ref.null $t))
  (elem $dropped func $three)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func $three (result i32) (i32.const 3))
  (func $only_in_body (result i32) (i32.const 4))
  (elem declare func $only_in_body)
  (func (export "init")
    (table.set $plain (i32.const 1) (ref.null func))
    (drop (table.grow $plain (ref.func $only_in_body) (i32.const 3)))
    (table.set $typed (i32.const 1) (ref.func $three))
    (drop (table.grow $long (ref.null extern) (i64.const 5)))
    (table.set $numbers (i32.const 2) (ref.i31 (i32.const 1000)))
    (table.set $mixed (i32.const 0) (ref.func $two))
    (table.set $mixed (i32.const 2) (ref.func $one))
    (elem.drop $dropped))
  (func (export "call plain") (param i32) (result i32) (call_indirect $plain (type $t) (local.get 0)))
  (func (export "call typed") (param i32) (result i32) (call_indirect $typed (type $t) (local.get 0)))
  (func (export "call mixed") (param i32) (result i32) (call_indirect $mixed (type $t) (local.get 0)))
  (func (export "long size") (result i64) (table.size $long))
  (func (export "number") (param i32) (result i32) (i31.get_s (table.get $numbers (local.get 0))))
  (func (export "use passive") (table.init $plain $passive (i32.const 2) (i32.const 0) (i32.const 2)))
  (func (export "use dropped") (param i32) (table.init $plain $dropped (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "fresh") (result i32) (call_ref $t (ref.func $only_in_body)))
))";

TEST_F(SnapshotTest, Tables) {
  Instance again = restart(kTables);
  auto plain = [&](i32 index) { return call(again, "call plain", {Value::i32(index)}).as_i32(); };
  EXPECT_EQ(again.get_table("plain")->size(), 7u);
  EXPECT_EQ(plain(0), 1);
  EXPECT_EQ(trap_of(again, "call plain", {Value::i32(1)}), TrapKind::UninitializedElement);
  EXPECT_EQ(plain(2), 3);
  EXPECT_EQ(trap_of(again, "call plain", {Value::i32(3)}), TrapKind::UninitializedElement);
  EXPECT_EQ(plain(4), 4);
  EXPECT_EQ(plain(6), 4);
  EXPECT_EQ(trap_of(again, "call plain", {Value::i32(7)}), TrapKind::TableOutOfBounds);
  EXPECT_EQ(call(again, "call typed", {Value::i32(0)}).as_i32(), 1);
  EXPECT_EQ(call(again, "call typed", {Value::i32(1)}).as_i32(), 3);
  EXPECT_EQ(call(again, "call mixed", {Value::i32(0)}).as_i32(), 2);
  EXPECT_EQ(trap_of(again, "call mixed", {Value::i32(1)}), TrapKind::UninitializedElement);
  EXPECT_EQ(call(again, "call mixed", {Value::i32(2)}).as_i32(), 1);
  EXPECT_EQ(call(again, "long size").as_i64(), 6);
  EXPECT_EQ(call(again, "number", {Value::i32(2)}).as_i32(), 1000);
  EXPECT_EQ(trap_of(again, "number", {Value::i32(1)}), TrapKind::NullReference);
  call(again, "use passive");
  EXPECT_EQ(plain(2), 2);
  EXPECT_EQ(trap_of(again, "call plain", {Value::i32(3)}), TrapKind::UninitializedElement);
  call(again, "use dropped", {Value::i32(0)});
  EXPECT_EQ(trap_of(again, "use dropped", {Value::i32(1)}), TrapKind::TableOutOfBounds);
  EXPECT_EQ(call(again, "fresh").as_i32(), 4);
}

TEST_F(SnapshotTest, ASnapshotOfASnapshotIsTheSame) {
  Instance again = restart(kTables);
  std::vector<u8> first = frozen;
  auto second = snapshot::take(again, {});
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(*second, first);
}

TEST_F(SnapshotTest, BodiesTypesAndNamesStayAndTheStartSectionGoes) {
  constexpr std::string_view kText = R"((module $named
    (global $g (export "g") (mut i32) (i32.const 0))
    (func $begin (global.set $g (i32.add (global.get $g) (i32.const 1))))
    (start $begin)
    (@custom "note" (before code) "kept")
    (@custom "sourceMappingURL" "away")
    (func $more (export "more") (param $x i64) (result i64) (local $y f32) (local.get $x))
    (func (export "init"))))";
  Instance again = restart(kText);
  EXPECT_EQ(again.get_global("g")->get().as_i32(), 1);  // 2, had it run twice
  const ModuleInfo& info = again.module();
  EXPECT_FALSE(info.start);
  EXPECT_EQ(info.read_names().module, "named");
  EXPECT_EQ(info.read_names().functions.at(1), "more");
  std::vector<std::string> sections;
  for (const Section& section : info.sections) sections.emplace_back(section.name);
  EXPECT_EQ(sections, (std::vector<std::string>{"type", "function", "global", "export", "note", "code", "name"}));

  auto original = Module::from_text(engine, kText);
  ASSERT_TRUE(original);
  auto code = [](const ModuleInfo& module) {
    auto bytes = module.bytes.subspan(module.code_section.offset, module.code_section.size);
    return std::vector<u8>(bytes.begin(), bytes.end());
  };
  EXPECT_EQ(code(info), code(original->info()));
}

TEST_F(SnapshotTest, ExportsAreRenamed) {
  constexpr std::string_view kText = R"((module
    (func (export "_start"))
    (func (export "resume") (result i32) (i32.const 5))
    (func (export "init"))))";
  Instance again = restart(kText, {.dropped_exports = {"init"}, .renames = {{"resume", "_start"}}});
  EXPECT_EQ(call(again, "_start").as_i32(), 5);
  EXPECT_FALSE(again.get_function("resume"));
  EXPECT_EQ(again.module().exports.size(), 1u);
  EXPECT_EQ(refusal(kText, {.renames = {{"nobody", "_start"}}}),
            "test.wat: nothing is exported as 'nobody', to be renamed");
}

TEST_F(SnapshotTest, ImportedFunctionsAndConstantsAreImportedAgain) {
  i32 given = 1;
  linker.define_function("host", "f", [&] { return given; });
  auto constant = Global::create(store, {kI32, false}, Value::i32(10));
  linker.define("host", "c", *constant);
  Instance running = start(R"((module
    (import "host" "f" (func $f (result i32)))
    (import "host" "c" (global $c i32))
    (global $copy (export "copy") i32 (global.get $c))
    (table (export "table") 2 funcref)
    (elem declare func $f)
    (func (export "init") (table.set (i32.const 1) (ref.func $f)))
    (func (export "call") (result i32) (call_indirect (result i32) (i32.const 1)))))");
  call(running, "init");
  auto bytes = snapshot::take(running, {});
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  auto module = Module::from_binary(engine, *bytes);
  ASSERT_TRUE(module);
  given = 2;
  Instance again = instantiate(*module, store);
  EXPECT_EQ(call(again, "call").as_i32(), 2);
  EXPECT_EQ(again.get_global("copy")->get().as_i32(), 10);
}

// What needed nothing of the proposals after the first version needs none of them frozen, either.
TEST_F(SnapshotTest, AModuleOfTheFirstVersionStaysOne) {
  FeatureSet first;
  first.add(Feature::Mvp);
  Config config;
  config.features = first;
  engine = Engine(config);
  Store own(engine);
  Linker own_linker(engine);
  auto module = Module::from_text(engine, R"((module
    (type $t (func (result i32)))
    (table 4 4 funcref)
    (memory 1)
    (elem (i32.const 1) $one)
    (data (i32.const 3) "abc")
    (func $one (export "init") (result i32) (i32.store (i32.const 5000) (i32.const 5)) (i32.const 1))
    (func (export "call") (result i32)
      (i32.add (call_indirect (type $t) (i32.const 1)) (i32.load8_u (i32.const 5))))))");
  ASSERT_TRUE(module) << module.error().to_string();
  auto instance = own_linker.instantiate(own, *module);
  ASSERT_TRUE(instance) << instance.error().to_string();
  call(*instance, "init");
  auto bytes = snapshot::take(*instance, {.dropped_exports = {"init"}});
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  auto frozen_module = Module::from_binary(engine, *bytes);
  ASSERT_TRUE(frozen_module) << frozen_module.error().to_string();
  auto again = own_linker.instantiate(own, *frozen_module);
  ASSERT_TRUE(again);
  EXPECT_EQ(call(*again, "call").as_i32(), 1 + 'c');
}

TEST_F(SnapshotTest, WhatCannotBeFrozenIsRefusedByName) {
  auto with = [](std::string_view fields, std::string_view init) {
    return "(module (type $s (struct (field (mut i32)))) (type $a (array i32)) " + std::string(fields) +
           " (func (export \"init\") " + std::string(init) + "))";
  };
  std::string prefix = "test.wat: cannot be frozen: ";
  EXPECT_EQ(refusal(with("(global $g (export \"state\") (mut anyref) (ref.null any))",
                         "(global.set $g (struct.new $s (i32.const 1)))")),
            prefix + "global 0 (state) holds a reference to an object on the GC heap");
  EXPECT_EQ(refusal(with("(global $g (ref $a) (array.new_fixed $a 0))", "")),
            prefix + "global 0 holds a reference to an object on the GC heap");
  EXPECT_EQ(refusal(with("(table $t 1 (ref null struct))",
                         "(table.set $t (i32.const 0) (struct.new $s (i32.const 1)))")),
            prefix + "table 0 holds a reference to an object on the GC heap");
  EXPECT_EQ(refusal(with("(elem $e (ref $s) (struct.new $s (i32.const 1))) (table $t 1 (ref null $s))",
                         "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0))")),
            prefix + "element segment 0 holds a reference to an object on the GC heap");
  EXPECT_EQ(refusal(with("(tag $x) (global $g (mut exnref) (ref.null exn))",
                         "(global.set $g (block $b (result exnref) (try_table (catch_all_ref $b) (throw $x)) "
                         "(unreachable)))")),
            prefix + "global 0 holds an exception");
  EXPECT_EQ(refusal("(module (memory 1 1 shared))"), prefix + "memory 0 is shared with threads");

  linker.define_function("host", "other", [] {});
  Instance other = start("(module (func (export \"f\")))");
  linker.define_instance("other", other);
  EXPECT_EQ(refusal("(module (table (export \"t\") 1 funcref))"), "");
  Instance running = start("(module (table (export \"t\") 1 funcref) (global (export \"h\") (mut externref) "
                           "(ref.null extern)))");
  running.get_table("t")->set(0, other.get_function("f")->reference());
  EXPECT_EQ(snapshot::take(running, {}).error().to_string(),
            prefix + "table 0 (t) holds a function that is neither the module's own nor imported by it");
  running.get_table("t")->set(0, 0);
  running.get_global("h")->set(Value::reference(kExternRef, store.make_extern(5)));
  EXPECT_EQ(snapshot::take(running, {}).error().to_string(),
            prefix + "global 0 (h) holds a reference of the host's");
}

TEST_F(SnapshotTest, ImportsWithStateAreRefused) {
  auto refused = [&](std::string_view import) {
    auto module = Module::from_text(engine, "(module (import \"a\" \"b\" " + std::string(import) + "))");
    EXPECT_TRUE(module) << import;
    auto ok = snapshot::check(module->info());
    return ok ? "" : ok.error().message;
  };
  EXPECT_EQ(refused("(memory 1)"), "cannot be frozen: the module imports a memory, \"a\" \"b\"");
  EXPECT_EQ(refused("(memory 1 1 shared)"),
            "cannot be frozen: the module imports a shared memory (threads), \"a\" \"b\"");
  EXPECT_EQ(refused("(table 1 funcref)"), "cannot be frozen: the module imports a table, \"a\" \"b\"");
  EXPECT_EQ(refused("(global (mut i32))"), "cannot be frozen: the module imports a mutable global, \"a\" \"b\"");
  EXPECT_EQ(refused("(global i32)"), "");
  EXPECT_EQ(refused("(func)"), "");
  EXPECT_EQ(refused("(tag)"), "");
}

TEST_F(SnapshotTest, AnInvalidBodyIsRefusedAlthoughItNeverRan) {
  std::string message = refusal("(module (func (i32.add)))");
  EXPECT_NE(message.find("type mismatch"), std::string::npos) << message;
}

TEST(MemoryRuns, BeginAndEndWithWhatIsNotZero) {
  using Runs = std::vector<snapshot::MemoryRun>;
  std::vector<u8> bytes(20000);
  EXPECT_EQ(snapshot::find_runs(bytes, 16), Runs{});
  EXPECT_EQ(snapshot::find_runs({}, 16), Runs{});
  bytes[0] = bytes[15] = 1;  // 14 zeros between
  bytes[32] = 1;             // 16 zeros
  bytes[19999] = 1;
  Runs runs = snapshot::find_runs(bytes, 16);
  EXPECT_EQ(runs, (Runs{{0, 16}, {32, 1}, {19999, 1}}));
  EXPECT_EQ(snapshot::find_runs(bytes, 15), (Runs{{0, 16}, {32, 1}, {19999, 1}}));
  EXPECT_EQ(snapshot::find_runs(bytes, 14), (Runs{{0, 1}, {15, 1}, {32, 1}, {19999, 1}}));
  snapshot::join_runs(runs, 2);
  EXPECT_EQ(runs, (Runs{{0, 33}, {19999, 1}}));
  snapshot::join_runs(runs, 1);
  EXPECT_EQ(runs, (Runs{{0, 20000}}));
}

}  // namespace
}  // namespace brink
