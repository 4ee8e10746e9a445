// The functions as a module sees them: names, types, and the way through the engine.
#include <gtest/gtest.h>

#include "wasi/wasi.h"

namespace brink::wasi {
namespace {

// The types as the specification gives them, in its order.
constexpr const char* kImports = R"(
  (import "wasi_snapshot_preview1" "args_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_advise" (func (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_allocate" (func (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_datasync" (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_set_rights" (func (param i32 i64 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_times" (func (param i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_tell" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_filestat_set_times"
    (func (param i32 i32 i32 i32 i64 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link" (func (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_remove_directory" (func (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink" (func (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func (param i32 i32) (result i32)))
)";

class WasiLinker : public testing::Test {
 protected:
  WasiLinker() {
    Config config;
    config.output = [this](std::span<const u8> bytes) {
      output.append(bytes.begin(), bytes.end());
      return true;
    };
    auto context = make_context(std::move(config));
    EXPECT_TRUE(context);
    add_to_linker(linker, *context);
  }

  // A module with all imports and these fields.
  Result<Instance> load(const std::string& fields) { return load_module("(module " + (kImports + fields) + ")"); }
  Result<Instance> load_module(const std::string& text) {
    auto module = Module::from_text(engine, text, "test");
    if (!module) return std::unexpected(module.error());
    return linker.instantiate(store, *module);
  }

  Engine engine;
  Store store{engine};
  Linker linker{engine};
  std::string output;
};

TEST_F(WasiLinker, AllFunctionsHaveTheSpecificationsTypes) {
  auto instance = load("");
  ASSERT_TRUE(instance) << instance.error().to_string();
  EXPECT_EQ(instance->module().imports.size(), 46u);
}

TEST_F(WasiLinker, WritingReachesTheSink) {
  auto instance = load(R"(
    (memory (export "memory") 1)
    (data (i32.const 8) "\10\00\00\00\06\00\00\00hello\n")
    (func (export "write") (param i32) (result i32)
      (call $fd_write (i32.const 1) (local.get 0) (i32.const 1) (i32.const 0)))
    (func (export "written") (result i32) (i32.load (i32.const 0))))");
  ASSERT_TRUE(instance) << instance.error().to_string();
  auto write = *instance->get_function("write");
  EXPECT_EQ(write.call({Value::i32(8)})->at(0).as_i32(), 0);
  EXPECT_EQ(output, "hello\n");
  EXPECT_EQ(instance->get_function("written")->call({})->at(0).as_i32(), 6);
  EXPECT_EQ(write.call({Value::i32(65532)})->at(0).as_i32(), 21);  // fault
  EXPECT_EQ(write.call({Value::i32(-8)})->at(0).as_i32(), 21);
}

// One linker, and in every store a context of its own.
TEST_F(WasiLinker, ContextsCanBelongToStores) {
  Linker shared(engine);
  add_to_linker(shared);
  auto module = Module::from_text(engine, "(module " + std::string(kImports) + R"(
    (memory (export "memory") 1)
    (data (i32.const 8) "\10\00\00\00\06\00\00\00hello\n")
    (func (export "write") (result i32)
      (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))
    (func (export "exit") (call $proc_exit (i32.const 3)))))");
  ASSERT_TRUE(module) << module.error().to_string();
  std::string outputs[2];
  for (std::string& text : outputs) {
    Store guest(engine);
    Config config;
    config.output = [&](std::span<const u8> bytes) {
      text.append(bytes.begin(), bytes.end());
      return true;
    };
    attach(guest, *make_context(std::move(config)));
    auto instance = shared.instantiate(guest, *module);
    ASSERT_TRUE(instance) << instance.error().to_string();
    EXPECT_EQ(instance->get_function("write")->call({})->at(0).as_i32(), 0);
    EXPECT_EQ(text, "hello\n");
    EXPECT_EQ(instance->get_function("exit")->call({}).error().exit_code(), 3);
  }
  Store bare(engine);
  auto instance = shared.instantiate(bare, *module);
  for (const char* function : {"write", "exit"}) {
    auto outcome = instance->get_function(function)->call({});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), TrapKind::Host);
    EXPECT_EQ(outcome.error().message(), "the store has no WASI context");
  }
}

// The memory is the one the calling instance has at the time of the call.
TEST_F(WasiLinker, GrownMemoryIsSeen) {
  auto instance = load(R"(
    (memory (export "memory") 1)
    (func (export "random") (param i32 i32) (result i32) (call $random_get (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))");
  ASSERT_TRUE(instance) << instance.error().to_string();
  auto random = *instance->get_function("random");
  EXPECT_EQ(random.call({Value::i32(65536), Value::i32(8)})->at(0).as_i32(), 21);
  EXPECT_EQ(instance->get_function("grow")->call({})->at(0).as_i32(), 1);
  EXPECT_EQ(random.call({Value::i32(65536), Value::i32(8)})->at(0).as_i32(), 0);
}

TEST_F(WasiLinker, ExitEndsTheProgram) {
  auto instance = load(R"(
    (func (export "exit") (param i32) (call $proc_exit (local.get 0)) unreachable)
    (func (export "raise") (param i32) (result i32) (call $proc_raise (local.get 0))))");
  ASSERT_TRUE(instance) << instance.error().to_string();
  for (i32 code : {0, 1, 42, -1}) {
    auto ended = instance->get_function("exit")->call({Value::i32(code)});
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind(), TrapKind::Exit);
    EXPECT_EQ(ended.error().exit_code(), code);
  }
  auto raised = instance->get_function("raise")->call({Value::i32(6)});
  ASSERT_FALSE(raised);
  EXPECT_EQ(raised.error().kind(), TrapKind::Exit);
  EXPECT_EQ(raised.error().exit_code(), 134);
  EXPECT_EQ(instance->get_function("raise")->call({Value::i32(16)})->at(0).as_i32(), 0);
}

TEST_F(WasiLinker, ACallerWithoutAMemoryTraps) {
  auto instance = load(R"(
    (func (export "random") (result i32) (call $random_get (i32.const 0) (i32.const 0))))");
  ASSERT_TRUE(instance) << instance.error().to_string();
  auto called = instance->get_function("random")->call({});
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().kind(), TrapKind::Host);
  EXPECT_EQ(called.error().detail(), "random_get needs a memory, and the caller has none");
}

TEST_F(WasiLinker, OtherVersionsAreUnknown) {
  auto instance =
      load_module(R"((module (import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))))");
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind, ErrorKind::Unlinkable);
  EXPECT_NE(instance.error().message.find("\"wasi_unstable\" \"fd_write\""), std::string::npos);
}

}  // namespace
}  // namespace brink::wasi
