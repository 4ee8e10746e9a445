// Arguments, environment, clocks, random numbers, exit.
#include <fcntl.h>

#include <algorithm>

#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

TEST(WasiArguments, AreWrittenWithPointersAndNuls) {
  Config config;
  config.args = {"prog", "", "two words"};
  Guest guest(config);
  u32 sizes = guest.room(8);
  ASSERT_EQ(guest->args_sizes_get(guest.memory, sizes, sizes + 4), Errno::Success);
  EXPECT_EQ(guest.get<u32>(sizes), 3u);
  EXPECT_EQ(guest.get<u32>(sizes + 4), 16u);  // 5 + 1 + 10
  u32 argv = guest.room(12);
  u32 buf = guest.room(16);
  ASSERT_EQ(guest->args_get(guest.memory, argv, buf), Errno::Success);
  EXPECT_EQ(guest.get<u32>(argv), buf);
  EXPECT_EQ(guest.get<u32>(argv + 4), buf + 5);
  EXPECT_EQ(guest.get<u32>(argv + 8), buf + 6);
  EXPECT_EQ(guest.text(buf, 16), std::string("prog\0\0two words\0", 16));
}

TEST(WasiArguments, MustFitTheMemory) {
  Config config;
  config.args = {"prog"};
  Guest guest(config);
  constexpr u32 kEnd = Guest::kMemoryBytes;
  EXPECT_EQ(guest->args_get(guest.memory, 64, kEnd - 5), Errno::Success);
  EXPECT_EQ(guest->args_get(guest.memory, 64, kEnd - 4), Errno::Fault);
  EXPECT_EQ(guest->args_get(guest.memory, kEnd - 3, 64), Errno::Fault);
  EXPECT_EQ(guest->args_sizes_get(guest.memory, kEnd - 4, kEnd - 3), Errno::Fault);
}

TEST(WasiArguments, NoneIsNone) {
  Guest guest;
  u32 sizes = guest.room(8);
  ASSERT_EQ(guest->args_sizes_get(guest.memory, sizes, sizes + 4), Errno::Success);
  EXPECT_EQ(guest.get<u64>(sizes), 0u);
  EXPECT_EQ(guest->args_get(guest.memory, 0, 0), Errno::Success);
}

TEST(WasiEnvironment, IsWrittenAsGiven) {
  Config config;
  config.environment = {"A=1", "EMPTY=", "B=x=y"};
  Guest guest(config);
  u32 sizes = guest.room(8);
  ASSERT_EQ(guest->environ_sizes_get(guest.memory, sizes, sizes + 4), Errno::Success);
  EXPECT_EQ(guest.get<u32>(sizes), 3u);
  EXPECT_EQ(guest.get<u32>(sizes + 4), 17u);  // 4 + 7 + 6
  u32 environ = guest.room(12);
  u32 buf = guest.room(17);
  ASSERT_EQ(guest->environ_get(guest.memory, environ, buf), Errno::Success);
  EXPECT_EQ(guest.text(buf, 17), std::string("A=1\0EMPTY=\0B=x=y\0", 17));
  EXPECT_EQ(guest.get<u32>(environ + 8), buf + 11);
}

TEST(WasiConfig, RefusesWhatAGuestCannotBeGiven) {
  Config nul;
  nul.args = {std::string("a\0b", 3)};
  auto refused = make_context(nul);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Usage);

  Config no_value;
  no_value.environment = {"NAME"};
  refused = make_context(no_value);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
  EXPECT_EQ(refused.error().message, "an environment variable 'NAME' has no '='");

  TemporaryFolder folder;
  Config missing;
  missing.directories = {{folder / "missing", "/"}};
  refused = make_context(missing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Io);
  EXPECT_EQ(refused.error().file, folder / "missing");

  folder.write("file", "");
  missing.directories = {{folder / "file", "/"}};
  refused = make_context(missing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cannot open directory: Not a directory");

  Config few;
  few.max_descriptors = 3;
  few.directories = {{folder.path(), "/"}};
  refused = make_context(few);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Limit);

  host::FileDescriptor file(::open((folder / "file").c_str(), O_RDONLY));
  Config not_socket;
  not_socket.sockets = {file.get()};
  refused = make_context(not_socket);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
}

TEST(WasiClocks, FourClocksRun) {
  Guest guest;
  u32 place = guest.room(8);
  for (u32 id = 0; id < 4; ++id) {
    ASSERT_EQ(guest->clock_time_get(guest.memory, id, 0, place), Errno::Success) << id;
    u64 first = guest.get<u64>(place);
    ASSERT_EQ(guest->clock_time_get(guest.memory, id, 0, place), Errno::Success);
    EXPECT_GE(guest.get<u64>(place), first) << id;
    ASSERT_EQ(guest->clock_res_get(guest.memory, id, place), Errno::Success);
    EXPECT_GT(guest.get<u64>(place), 0u);
    EXPECT_LE(guest.get<u64>(place), 1'000'000'000u);
  }
  EXPECT_EQ(guest->clock_time_get(guest.memory, 4, 0, place), Errno::Inval);
  EXPECT_EQ(guest->clock_res_get(guest.memory, 0xffff'ffff, place), Errno::Inval);
}

TEST(WasiClocks, RealtimeIsNanosecondsSince1970) {
  Guest guest;
  u32 place = guest.room(8);
  ASSERT_EQ(guest->clock_time_get(guest.memory, 0, 0, place), Errno::Success);
  u64 now = static_cast<u64>(::time(nullptr));
  EXPECT_NEAR(static_cast<double>(guest.get<u64>(place)) / 1e9, static_cast<double>(now), 5.0);
}

TEST(WasiRandom, FillsExactlyWhatIsAsked) {
  Guest guest;
  u32 place = guest.room(4096 + 8);
  ASSERT_EQ(guest->random_get(guest.memory, place, 4096), Errno::Success);
  std::string bytes = guest.text(place, 4096);
  std::sort(bytes.begin(), bytes.end());
  // 4096 random bytes miss a given value with probability e^-16; more than 40 values missing is a broken generator.
  EXPECT_GT(std::unique(bytes.begin(), bytes.end()) - bytes.begin(), 216);
  EXPECT_EQ(guest.text(place + 4096, 8), std::string(8, '\0'));
  EXPECT_EQ(guest->random_get(guest.memory, Guest::kMemoryBytes, 0), Errno::Success);
  EXPECT_EQ(guest->random_get(guest.memory, Guest::kMemoryBytes - 8, 9), Errno::Fault);
}

TEST(WasiProcess, ExitCarriesTheCode) {
  Guest guest;
  auto ended = guest->proc_exit(42);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), 42u);
  EXPECT_EQ(guest->sched_yield(guest.memory), Errno::Success);
}

TEST(WasiProcess, RaiseDoesWhatSignalsDoByDefault) {
  Guest guest;
  EXPECT_EQ(guest->proc_raise(0).value(), Errno::Success);   // none
  EXPECT_EQ(guest->proc_raise(16).value(), Errno::Success);  // chld
  EXPECT_EQ(guest->proc_raise(18).value(), Errno::NotSup);   // stop
  EXPECT_EQ(guest->proc_raise(31).value(), Errno::Inval);
  EXPECT_EQ(guest->proc_raise(0xffff'ffff).value(), Errno::Inval);
  EXPECT_EQ(guest->proc_raise(6).error(), 134u);   // abrt
  EXPECT_EQ(guest->proc_raise(15).error(), 143u);  // term
  EXPECT_EQ(guest->proc_raise(30).error(), 159u);  // sys, 31 on Linux
}

}  // namespace
}  // namespace brink::wasi
