// Every function with pointers, lengths and counts that no honest program uses. The guest's memory ends at a page that
// cannot be touched, so what goes beyond it does not go unnoticed.
#include <signal.h>
#include <sys/resource.h>

#include <functional>
#include <map>
#include <random>

#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

constexpr u32 kEnd = Guest::kMemoryBytes;

struct Function {
  const char* name;
  size_t parameters;
  std::function<Errno(Context&, GuestMemory&, const u64*)> call;
};

template <class... Args>
Function describe(const char* name, Errno (Context::*function)(GuestMemory&, Args...)) {
  return {name, sizeof...(Args), [function](Context& context, GuestMemory& memory, const u64* arguments) {
            return [&]<size_t... I>(std::index_sequence<I...>) {
              return (context.*function)(memory, static_cast<Args>(arguments[I])...);
            }(std::index_sequence_for<Args...>{});
          }};
}

const std::vector<Function>& functions() {
  static const std::vector<Function> list = {
#define BRINK_WASI_FUNCTION(name) describe(#name, &Context::name),
#include "wasi/preview1/functions.def"
#undef BRINK_WASI_FUNCTION
  };
  return list;
}

const Function& function(const std::string& name) {
  for (const Function& candidate : functions())
    if (name == candidate.name) return candidate;
  abort();
}

// A call that works, and which of its parameters are pointers: to how many bytes, or to elements of that size whose
// number is the next parameter.
struct Pointer {
  size_t parameter;
  u32 bytes;
  bool counted = false;
};
struct Call {
  std::string name;
  std::vector<u64> arguments;
  std::vector<Pointer> pointers;
};

class WasiHostile : public testing::Test {
 protected:
  WasiHostile() { fresh(); }

  void fresh() {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove_all(entry);
    folder.write("file", "0123456789");
    folder.make_link("file", "link");
    folder.make_folder("folder");
    Config config = Guest::config_of(folder.path());
    config.args = {"program", "argument"};
    config.environment = {"NAME=VALUE"};
    guest = std::make_unique<Guest>(config);
    file = guest->open("file", {.rights = kReadWrite}).value();
  }

  std::vector<Call> calls() {
    Guest& g = *guest;
    u32 out = g.room(64), buf = g.room(256);
    u32 name = g.put("file"), link = g.put("link"), fresh_name = g.put("made");
    u32 list = g.put_vectors({{buf, 4}});
    u32 subscription = g.put_value(Subscription());
    return {
        {"args_get", {out, buf}, {{0, 8}, {1, 17}}},
        {"args_sizes_get", {out, out + 4}, {{0, 4}, {1, 4}}},
        {"environ_get", {out, buf}, {{0, 4}, {1, 11}}},
        {"environ_sizes_get", {out, out + 4}, {{0, 4}, {1, 4}}},
        {"clock_res_get", {0, out}, {{1, 8}}},
        {"clock_time_get", {0, 0, out}, {{2, 8}}},
        {"fd_fdstat_get", {file, out}, {{1, 24}}},
        {"fd_filestat_get", {file, out}, {{1, 64}}},
        {"fd_pread", {file, list, 1, 0, out}, {{1, 8, true}, {4, 4}}},
        {"fd_prestat_get", {kRoot, out}, {{1, 8}}},
        {"fd_prestat_dir_name", {kRoot, buf, 1}, {{1, 1, true}}},
        {"fd_pwrite", {file, list, 1, 0, out}, {{1, 8, true}, {4, 4}}},
        {"fd_read", {file, list, 1, out}, {{1, 8, true}, {3, 4}}},
        {"fd_readdir", {kRoot, buf, 100, 0, out}, {{1, 1, true}, {4, 4}}},
        {"fd_seek", {file, 0, 0, out}, {{3, 8}}},
        {"fd_tell", {file, out}, {{1, 8}}},
        {"fd_write", {file, list, 1, out}, {{1, 8, true}, {3, 4}}},
        {"path_create_directory", {kRoot, fresh_name, 4}, {{1, 1, true}}},
        {"path_filestat_get", {kRoot, 0, name, 4, out}, {{2, 1, true}, {4, 64}}},
        {"path_filestat_set_times", {kRoot, 0, name, 4, 0, 0, 0}, {{2, 1, true}}},
        {"path_link", {kRoot, 0, name, 4, kRoot, fresh_name, 4}, {{2, 1, true}, {5, 1, true}}},
        {"path_open", {kRoot, 0, name, 4, 0, 2, 0, 0, out}, {{2, 1, true}, {8, 4}}},
        {"path_readlink", {kRoot, link, 4, buf, 100, out}, {{1, 1, true}, {3, 1, true}, {5, 4}}},
        {"path_remove_directory", {kRoot, fresh_name, 4}, {{1, 1, true}}},
        {"path_rename", {kRoot, name, 4, kRoot, fresh_name, 4}, {{1, 1, true}, {4, 1, true}}},
        {"path_symlink", {name, 4, kRoot, fresh_name, 4}, {{0, 1, true}, {3, 1, true}}},
        {"path_unlink_file", {kRoot, fresh_name, 4}, {{1, 1, true}}},
        {"poll_oneoff", {subscription, out, 1, buf}, {{0, 48}, {1, 32}, {3, 4}}},
        {"random_get", {buf, 100}, {{0, 1, true}}},
        {"sock_accept", {file, 0, out}, {{2, 4}}},
        {"sock_recv", {file, list, 1, 0, out, out + 4}, {{1, 8, true}, {4, 4}, {5, 2}}},
        {"sock_send", {file, list, 1, 0, out}, {{1, 8, true}, {4, 4}}},
    };
  }

  Errno invoke(const Call& call) {
    return function(call.name).call(*guest->context, guest->memory, call.arguments.data());
  }

  TemporaryFolder folder;
  std::unique_ptr<Guest> guest;
  u32 file = 0;
};

TEST_F(WasiHostile, PointersBeyondTheMemoryAreFaults) {
  for (const Call& call : calls()) {
    SCOPED_TRACE(call.name);
    ASSERT_EQ(function(call.name).parameters, call.arguments.size());
    for (const Pointer& pointer : call.pointers) {
      SCOPED_TRACE(pointer.parameter);
      u64 bytes = pointer.counted ? pointer.bytes * call.arguments[pointer.parameter + 1] : pointer.bytes;
      for (u64 place : {u64{kEnd} - bytes + 1, u64{kEnd}, u64{kEnd} + 1, u64{0x7fff'ffff}, u64{0x8000'0000},
                        u64{0x1'0000'0000} - bytes, u64{0xffff'ffff}}) {
        Call bad = call;
        bad.arguments[pointer.parameter] = place;
        EXPECT_EQ(invoke(bad), Errno::Fault) << std::hex << place;
      }
      if (!pointer.counted) continue;
      // Counts whose product with the size wraps 32 bits to something small.
      for (u64 count : {u64{kEnd} / pointer.bytes + 1, u64{0x1'0000'0000} / pointer.bytes - 1, u64{0x8000'0000},
                        u64{0xffff'ffff}}) {
        Call bad = call;
        bad.arguments[pointer.parameter + 1] = count;
        EXPECT_EQ(invoke(bad), Errno::Fault) << std::hex << count;
      }
      if (pointer.bytes == 8) {
        Call bad = call;
        bad.arguments[pointer.parameter + 1] = 0x2000'0001;
        EXPECT_EQ(invoke(bad), Errno::Fault);
      }
    }
  }
  // None of it had an effect, and what was to work works.
  EXPECT_FALSE(folder.exists("made"));
  EXPECT_EQ(folder.read("file"), "0123456789");
  EXPECT_EQ(guest->open("file"), 5u);
  for (const Call& call : calls()) {
    Errno expected = Errno::Success;
    if (call.name.starts_with("sock_")) expected = Errno::NotSock;
    if (call.name == "path_unlink_file" || call.name == "path_remove_directory") expected = Errno::NoEnt;
    EXPECT_EQ(invoke(call), expected) << call.name;
    std::filesystem::remove(folder / "made");
    folder.write("file", "0123456789");
  }
}

TEST_F(WasiHostile, BuffersBeyondTheMemoryAreFaults) {
  u32 out = guest->room(8);
  for (IoVector bad : {IoVector{kEnd, 1}, IoVector{kEnd - 4, 5}, IoVector{0xffff'ffff, 1}, IoVector{1, 0xffff'ffff},
                       IoVector{0xffff'ffff, 0xffff'ffff}, IoVector{0, kEnd + 1}}) {
    u32 list = guest->put_vectors({{0, 1}, bad});
    EXPECT_EQ((*guest)->fd_read(guest->memory, file, list, 2, out), Errno::Fault);
    EXPECT_EQ((*guest)->fd_pread(guest->memory, file, list, 2, 0, out), Errno::Fault);
    EXPECT_EQ((*guest)->fd_write(guest->memory, file, list, 2, out), Errno::Fault);
    EXPECT_EQ((*guest)->fd_pwrite(guest->memory, file, list, 2, 0, out), Errno::Fault);
    EXPECT_EQ((*guest)->sock_recv(guest->memory, file, list, 2, 0, out, out), Errno::Fault);
    EXPECT_EQ((*guest)->sock_send(guest->memory, file, list, 2, 0, out), Errno::Fault);
  }
  EXPECT_EQ(folder.read("file"), "0123456789");
  // The last byte of memory is as good as any.
  u32 list = guest->put_vectors({{kEnd - 10, 10}, {kEnd, 0}});
  EXPECT_EQ((*guest)->fd_read(guest->memory, file, list, 2, out), Errno::Success);
  EXPECT_EQ(guest->get<u32>(out), 10u);
}

TEST_F(WasiHostile, AnEmptyMemory) {
  GuestMemory none{std::span<u8>()};
  for (Call call : calls()) {
    for (const Pointer& pointer : call.pointers) call.arguments[pointer.parameter] = 0;
    EXPECT_EQ(function(call.name).call(*guest->context, none, call.arguments.data()), Errno::Fault) << call.name;
  }
}

// What is thrown at random must end in an errno, never in a crash, and stay within the folder.
TEST_F(WasiHostile, RandomCalls) {
  // No file grows beyond this, whatever is asked.
  rlimit before;
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small{1 << 20, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto old_handler = ::signal(SIGXFSZ, SIG_IGN);

  std::mt19937_64 random(20240607);
  const u64 kValues[] = {0,
                         1,
                         2,
                         3,
                         4,
                         5,
                         7,
                         8,
                         16,
                         31,
                         32,
                         48,
                         64,
                         100,
                         255,
                         256,
                         1023,
                         4096,
                         kEnd / 2,
                         kEnd - 64,
                         kEnd - 9,
                         kEnd - 8,
                         kEnd - 4,
                         kEnd - 1,
                         kEnd,
                         kEnd + 1,
                         0x7fff'ffff,
                         0x8000'0000,
                         0xffff'fff8,
                         0xffff'ffff,
                         0x7fff'ffff'ffff'ffff,
                         0x8000'0000'0000'0000,
                         ~u64{0}};
  const char* kNames[] = {"file", "link", "folder", "folder/x", "..", "../x", "/", "a/../b", "x/", ".", "folder/.."};
  std::map<Errno, int> seen;
  for (int round = 0; round < 150; ++round) {
    fresh();
    // Names at every eighth byte of the first pages, so that small pointers often mean something.
    for (u32 at = 0; at < 1024; at += 8) {
      const char* name = kNames[random() % std::size(kNames)];
      std::strncpy(reinterpret_cast<char*>(guest->bytes) + at, name, 8);
    }
    for (const Function& each : functions()) {
      // Zeros are clock subscriptions that are due; random ones could sleep for years.
      bool polls = std::string(each.name) == "poll_oneoff";
      if (polls) std::memset(guest->bytes, 0, kEnd);
      for (int i = 0; i < 3; ++i) {
        u64 arguments[12];
        for (u64& argument : arguments) argument = kValues[random() % std::size(kValues)];
        if (polls && arguments[0] < kEnd) std::memset(guest->bytes, 0, kEnd);
        ++seen[each.call(*guest->context, guest->memory, arguments)];
      }
    }
  }
  ::signal(SIGXFSZ, old_handler);
  ::setrlimit(RLIMIT_FSIZE, &before);
  // The mixture reaches into the functions, not only to their doors.
  EXPECT_GT(seen[Errno::Success], 500);
  EXPECT_GT(seen[Errno::Fault], 500);
  EXPECT_GT(seen[Errno::BadF], 100);
}

}  // namespace
}  // namespace brink::wasi
