#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

TEST(WasiFiles, WriteSeekRead) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 fd = guest.open("new", {.oflags = oflags::kCreat, .rights = kReadWrite}).value();
  EXPECT_EQ(fd, 4u);
  EXPECT_EQ(guest.write(fd, "hello world"), 11u);
  EXPECT_EQ(folder.read("new"), "hello world");
  EXPECT_EQ(guest.seek(fd, 6, Whence::Set), 6u);
  EXPECT_EQ(guest.read(fd, 100), "world");
  EXPECT_EQ(guest.read(fd, 100), "");
  EXPECT_EQ(guest.seek(fd, -5, Whence::End), 6u);
  EXPECT_EQ(guest.seek(fd, -1, Whence::Cur), 5u);
  u32 place = guest.room(8);
  EXPECT_EQ(guest->fd_tell(guest.memory, fd, place), Errno::Success);
  EXPECT_EQ(guest.get<u64>(place), 5u);
  EXPECT_EQ(guest.seek(fd, -6, Whence::Cur).error(), Errno::Inval);
  EXPECT_EQ(guest->fd_seek(guest.memory, fd, 0, 3, place), Errno::Inval);
  EXPECT_EQ(guest->fd_seek(guest.memory, fd, 0, 256, place), Errno::Inval);
  EXPECT_EQ(guest.close(fd), Errno::Success);
  EXPECT_EQ(guest.close(fd), Errno::BadF);
  EXPECT_EQ(guest.read(fd, 1).error(), Errno::BadF);
}

TEST(WasiFiles, ScatterAndGather) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 fd = guest.open("f", {.oflags = oflags::kCreat, .rights = kReadWrite}).value();
  u32 result = guest.room(4);
  u32 list = guest.put_vectors({{guest.put("ab"), 2}, {0, 0}, {guest.put("cde"), 3}});
  ASSERT_EQ(guest->fd_write(guest.memory, fd, list, 3, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), 5u);
  u32 first = guest.room(8), second = guest.room(8);
  list = guest.put_vectors({{first, 1}, {second, 8}});
  ASSERT_EQ(guest->fd_pread(guest.memory, fd, list, 2, 1, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), 4u);
  EXPECT_EQ(guest.text(first, 1) + guest.text(second, 3), "bcde");
  ASSERT_EQ(guest->fd_pwrite(guest.memory, fd, guest.put_vectors({{guest.put("XY"), 2}}), 1, 3, result),
            Errno::Success);
  EXPECT_EQ(folder.read("f"), "abcXY");
  EXPECT_EQ(guest.seek(fd, 0, Whence::Cur), 5u);  // positioned transfers leave it
  EXPECT_EQ(guest->fd_pread(guest.memory, fd, list, 2, ~u64{0}, result), Errno::Inval);
  EXPECT_EQ(guest->fd_pwrite(guest.memory, fd, list, 2, u64{1} << 63, result), Errno::Inval);
  // Nothing to move still needs a good descriptor.
  EXPECT_EQ(guest->fd_write(guest.memory, fd, list, 0, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), 0u);
  EXPECT_EQ(guest->fd_write(guest.memory, 99, list, 0, result), Errno::BadF);
}

TEST(WasiFiles, MoreBuffersThanASystemCallTakes) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 fd = guest.open("f", {.oflags = oflags::kCreat, .rights = kReadWrite}).value();
  constexpr u32 kCount = 3000;
  u32 text = guest.room(kCount);
  u32 list = guest.room(kCount * 8);
  for (u32 i = 0; i < kCount; ++i) {
    guest.bytes[text + i] = static_cast<u8>('a' + i % 26);
    IoVector entry{text + i, 1};
    std::memcpy(guest.bytes + list + i * 8, &entry, 8);
  }
  u32 result = guest.room(4);
  ASSERT_EQ(guest->fd_write(guest.memory, fd, list, kCount, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), kCount);
  std::string written = folder.read("f");
  EXPECT_EQ(written, guest.text(text, kCount));
  std::memset(guest.bytes + text, 0, kCount);
  ASSERT_EQ(guest->fd_pread(guest.memory, fd, list, kCount, 0, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), kCount);
  EXPECT_EQ(guest.text(text, kCount), written);
}

TEST(WasiFiles, BuffersTogetherMayNotPassFourGigabytes) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 fd = guest.open("f", {.oflags = oflags::kCreat, .rights = kReadWrite}).value();
  // 4097 times the whole memory of 1 MiB: 4 GiB and 1 MiB.
  u32 list = guest.room(4097 * 8);
  for (u32 i = 0; i < 4097; ++i) {
    IoVector entry{0, Guest::kMemoryBytes};
    std::memcpy(guest.bytes + list + i * 8, &entry, 8);
  }
  u32 result = guest.room(4);
  EXPECT_EQ(guest->fd_write(guest.memory, fd, list, 4097, result), Errno::Inval);
  EXPECT_EQ(guest->fd_read(guest.memory, fd, list, 4097, result), Errno::Inval);
  EXPECT_EQ(guest.filestat(fd)->size, 0u);
}

// The data read replaces entries of the list that are still to be used.
TEST(WasiFiles, AListThatIsOverwrittenWhileReadIsCheckedAgain) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  constexpr u32 kCount = 1026;
  // 1024 buffers are filled at a time: the first 16 bytes of the file become the last two entries of the list, and
  // these lead to a page that is mapped but not the guest's.
  IoVector outside{Guest::kForeignPage, 16};
  std::string entry_bytes(reinterpret_cast<const char*>(&outside), 8);
  folder.write("f", entry_bytes + entry_bytes + std::string(4096, 'y'));
  u32 list = guest.room(kCount * 8);
  u32 elsewhere = guest.room(2048);
  for (u32 i = 0; i < kCount; ++i) {
    IoVector entry{i < 16 ? list + 1024 * 8 + i : elsewhere + i, 1};
    std::memcpy(guest.bytes + list + i * 8, &entry, 8);
  }
  u32 fd = guest.open("f").value();
  u32 result = guest.room(4);
  ASSERT_EQ(guest->fd_read(guest.memory, fd, list, kCount, result), Errno::Success);
  EXPECT_EQ(guest.get<u32>(result), 1024u);
  EXPECT_EQ(guest.text(Guest::kForeignPage, 16), std::string(16, '\0'));
}

TEST(WasiFiles, AccessIsWhatTheRightsAsked) {
  TemporaryFolder folder;
  folder.write("f", "text");
  Guest guest(folder.path());
  u32 reader = guest.open("f", {.rights = rights::kFdRead}).value();
  EXPECT_EQ(guest.write(reader, "x").error(), Errno::BadF);
  EXPECT_EQ(guest->fd_filestat_set_size(guest.memory, reader, 0), Errno::Inval);
  EXPECT_EQ(guest->fd_allocate(guest.memory, reader, 0, 1), Errno::BadF);
  FdStat stat = guest.fdstat(reader).value();
  EXPECT_EQ(stat.filetype, FileType::RegularFile);
  EXPECT_EQ(stat.rights_base & kReadWrite, rights::kFdRead);
  EXPECT_TRUE(stat.rights_base & rights::kFdSeek);

  u32 writer = guest.open("f", {.rights = rights::kFdWrite}).value();
  EXPECT_EQ(guest.read(writer, 1).error(), Errno::BadF);
  EXPECT_EQ(guest.fdstat(writer)->rights_base & kReadWrite, rights::kFdWrite);

  u32 both = guest.open("f", {.rights = kReadWrite}).value();
  EXPECT_EQ(guest.fdstat(both)->rights_base & kReadWrite, kReadWrite);

  u32 neither = guest.open("f", {.rights = 0}).value();
  EXPECT_EQ(guest.read(neither, 4), "text");
  EXPECT_EQ(guest->fd_fdstat_set_rights(guest.memory, neither, 0, 0), Errno::NotSup);
  EXPECT_EQ(guest->fd_fdstat_set_rights(guest.memory, 99, 0, 0), Errno::BadF);
}

TEST(WasiFiles, AppendingCanBeSwitched) {
  TemporaryFolder folder;
  folder.write("f", "abc");
  Guest guest(folder.path());
  u32 fd = guest.open("f", {.rights = kReadWrite, .fdflags = fdflags::kAppend}).value();
  EXPECT_EQ(guest.fdstat(fd)->flags, fdflags::kAppend);
  EXPECT_EQ(guest.write(fd, "d"), 1u);
  EXPECT_EQ(folder.read("f"), "abcd");
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, fd, 0), Errno::Success);
  EXPECT_EQ(guest.fdstat(fd)->flags, 0u);
  EXPECT_EQ(guest.seek(fd, 0, Whence::Set), 0u);
  EXPECT_EQ(guest.write(fd, "X"), 1u);
  EXPECT_EQ(folder.read("f"), "Xbcd");
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, fd, fdflags::kAppend | fdflags::kNonblock), Errno::Success);
  EXPECT_EQ(guest.fdstat(fd)->flags, fdflags::kAppend | fdflags::kNonblock);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, fd, fdflags::kSync), Errno::Inval);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, fd, 32), Errno::Inval);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, 99, 0), Errno::BadF);
  u32 synced = guest.open("f", {.rights = kReadWrite, .fdflags = fdflags::kSync | fdflags::kDsync}).value();
  EXPECT_EQ(guest.fdstat(synced)->flags, fdflags::kSync | fdflags::kDsync);
  EXPECT_EQ(guest.write(synced, "Y"), 1u);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, synced, fdflags::kSync), Errno::Success);
}

TEST(WasiFiles, SizeAllocationSyncAdvice) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 fd = guest.open("f", {.oflags = oflags::kCreat, .rights = kReadWrite}).value();
  EXPECT_EQ(guest->fd_filestat_set_size(guest.memory, fd, 100), Errno::Success);
  EXPECT_EQ(guest.filestat(fd)->size, 100u);
  EXPECT_EQ(guest->fd_filestat_set_size(guest.memory, fd, 10), Errno::Success);
  EXPECT_EQ(folder.read("f"), std::string(10, '\0'));
  EXPECT_EQ(guest->fd_filestat_set_size(guest.memory, fd, ~u64{0}), Errno::Inval);
  Errno allocated = guest->fd_allocate(guest.memory, fd, 10, 20);
  if (allocated != Errno::NotSup) {  // not every file system can
    EXPECT_EQ(allocated, Errno::Success);
    EXPECT_EQ(guest.filestat(fd)->size, 30u);
  }
  EXPECT_EQ(guest->fd_allocate(guest.memory, fd, ~u64{0}, ~u64{0}), Errno::Inval);
  EXPECT_EQ(guest->fd_allocate(guest.memory, fd, 0, 0), Errno::Inval);
  EXPECT_EQ(guest->fd_sync(guest.memory, fd), Errno::Success);
  EXPECT_EQ(guest->fd_datasync(guest.memory, fd), Errno::Success);
  for (u32 advice = 0; advice < 6; ++advice)
    EXPECT_EQ(guest->fd_advise(guest.memory, fd, 0, 10, advice), Errno::Success) << advice;
  EXPECT_EQ(guest->fd_advise(guest.memory, fd, 0, 10, 6), Errno::Inval);
  EXPECT_EQ(guest->fd_advise(guest.memory, fd, 0, 10, 256), Errno::Inval);
  EXPECT_EQ(guest->fd_advise(guest.memory, fd, ~u64{0}, 10, 0), Errno::Inval);
  EXPECT_EQ(guest->fd_advise(guest.memory, 99, 0, 10, 0), Errno::BadF);
}

TEST(WasiFiles, FilestatIsTheHosts) {
  TemporaryFolder folder;
  folder.write("f", "12345");
  struct stat host;
  ASSERT_EQ(::stat((folder / "f").c_str(), &host), 0);
  Guest guest(folder.path());
  FileStat stat = guest.filestat(guest.open("f").value()).value();
  EXPECT_EQ(stat.ino, host.st_ino);
  EXPECT_EQ(stat.dev, host.st_dev);
  EXPECT_EQ(stat.nlink, 1u);
  EXPECT_EQ(stat.size, 5u);
  EXPECT_EQ(stat.filetype, FileType::RegularFile);
  EXPECT_EQ(stat.mtim, static_cast<u64>(host.st_mtim.tv_sec) * 1'000'000'000 + static_cast<u64>(host.st_mtim.tv_nsec));
  EXPECT_EQ(guest.filestat(99).error(), Errno::BadF);
}

TEST(WasiFiles, TimesCanBeSet) {
  TemporaryFolder folder;
  folder.write("f", "");
  Guest guest(folder.path());
  u32 fd = guest.open("f").value();
  EXPECT_EQ(
      guest->fd_filestat_set_times(guest.memory, fd, 1'000'000'000, 2'000'000'000, fstflags::kAtim | fstflags::kMtim),
      Errno::Success);
  EXPECT_EQ(guest.filestat(fd)->atim, 1'000'000'000u);
  EXPECT_EQ(guest.filestat(fd)->mtim, 2'000'000'000u);
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, fd, 7, 3'000'000'000, fstflags::kMtim), Errno::Success);
  EXPECT_EQ(guest.filestat(fd)->atim, 1'000'000'000u);
  EXPECT_EQ(guest.filestat(fd)->mtim, 3'000'000'000u);
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, fd, 0, 0, fstflags::kAtimNow), Errno::Success);
  EXPECT_NEAR(static_cast<double>(guest.filestat(fd)->atim) / 1e9, static_cast<double>(::time(nullptr)), 5.0);
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, fd, 0, 0, fstflags::kAtim | fstflags::kAtimNow), Errno::Inval);
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, fd, 0, 0, fstflags::kMtim | fstflags::kMtimNow), Errno::Inval);
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, fd, 0, 0, 16), Errno::Inval);
  EXPECT_EQ(guest.filestat(fd)->mtim, 3'000'000'000u);
}

TEST(WasiFiles, DirectoriesAreNotFiles) {
  TemporaryFolder folder;
  Guest guest(folder.path());
  u32 result = guest.room(8);
  EXPECT_EQ(guest.read(kRoot, 1).error(), Errno::BadF);
  EXPECT_EQ(guest.write(kRoot, "x").error(), Errno::BadF);
  EXPECT_EQ(guest.seek(kRoot, 0, Whence::Set).error(), Errno::BadF);
  EXPECT_EQ(guest->fd_tell(guest.memory, kRoot, result), Errno::BadF);
  EXPECT_EQ(guest->fd_allocate(guest.memory, kRoot, 0, 1), Errno::BadF);
  EXPECT_EQ(guest->fd_advise(guest.memory, kRoot, 0, 1, 0), Errno::BadF);
  EXPECT_EQ(guest->fd_filestat_set_size(guest.memory, kRoot, 0), Errno::BadF);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, kRoot, 0), Errno::BadF);
  // A data base makes a new file last by syncing its directory.
  EXPECT_EQ(guest->fd_sync(guest.memory, kRoot), Errno::Success);
  EXPECT_EQ(guest.filestat(kRoot)->filetype, FileType::Directory);
}

TEST(WasiStandardStreams, GoWhereTheConfigurationSays) {
  std::string out, err, in = "first second";
  Config config;
  config.output = [&](std::span<const u8> bytes) {
    out.append(bytes.begin(), bytes.end());
    return true;
  };
  config.error_output = [&](std::span<const u8> bytes) {
    err.append(bytes.begin(), bytes.end());
    return err.size() < 5;
  };
  config.input = [&](std::span<u8> place) {
    size_t size = std::min<size_t>({place.size(), in.size(), 6});
    std::memcpy(place.data(), in.data(), size);
    in.erase(0, size);
    return size;
  };
  Guest guest(config);
  EXPECT_EQ(guest.write(1, "to standard output"), 18u);
  EXPECT_EQ(out, "to standard output");
  EXPECT_EQ(guest.write(2, "1234"), 4u);
  EXPECT_EQ(guest.write(2, "5678").error(), Errno::Pipe);
  EXPECT_EQ(guest.read(0, 100), "first ");
  EXPECT_EQ(guest.read(0, 3), "sec");
  EXPECT_EQ(guest.read(0, 100), "ond");
  EXPECT_EQ(guest.read(0, 100), "");
  EXPECT_EQ(guest.read(1, 1).error(), Errno::BadF);
  EXPECT_EQ(guest.write(0, "x").error(), Errno::BadF);
  EXPECT_EQ(guest.seek(1, 0, Whence::Set).error(), Errno::SPipe);
  u32 result = guest.room(4);
  EXPECT_EQ(guest->fd_pread(guest.memory, 0, 64, 0, 0, result), Errno::SPipe);
  EXPECT_EQ(guest->fd_pwrite(guest.memory, 1, 64, 0, 0, result), Errno::SPipe);
  FdStat stat = guest.fdstat(1).value();
  EXPECT_EQ(stat.filetype, FileType::Unknown);  // not a terminal
  EXPECT_EQ(stat.rights_base & kReadWrite, rights::kFdWrite);
  EXPECT_EQ(guest.filestat(0)->size, 0u);
  EXPECT_EQ(guest.close(1), Errno::Success);
  EXPECT_EQ(guest.write(1, "x").error(), Errno::BadF);
}

// Replaces one of the test's own standard streams while it lives.
class Redirected {
 public:
  Redirected(int fd, int replacement) : fd_(fd), saved_(::fcntl(fd, F_DUPFD_CLOEXEC, 10)) { ::dup2(replacement, fd); }
  ~Redirected() {
    ::dup2(saved_, fd_);
    ::close(saved_);
  }

 private:
  int fd_, saved_;
};

TEST(WasiStandardStreams, AreTheHostsUnlessOverridden) {
  TemporaryFolder folder;
  folder.write("in", "line 1\nline 2\n");
  host::FileDescriptor in(::open((folder / "in").c_str(), O_RDONLY));
  Redirected redirected(0, in.get());
  Guest guest;
  FdStat stat = guest.fdstat(0).value();
  EXPECT_EQ(stat.filetype, FileType::RegularFile);
  EXPECT_TRUE(stat.rights_base & rights::kFdSeek);
  EXPECT_EQ(guest.read(0, 7), "line 1\n");
  EXPECT_EQ(guest.seek(0, 5, Whence::Set), 5u);
  EXPECT_EQ(guest.read(0, 2), "1\n");
  EXPECT_EQ(guest->fd_filestat_set_times(guest.memory, 0, 0, 0, fstflags::kMtimNow), Errno::Perm);
  EXPECT_EQ(guest.close(0), Errno::Success);
  char byte;
  EXPECT_EQ(::read(0, &byte, 1), 1);  // the host's is still open
}

TEST(WasiStandardStreams, ANullDeviceIsNoTerminal) {
  host::FileDescriptor null(::open("/dev/null", O_RDWR));
  Redirected redirected(0, null.get());
  Guest guest;
  FdStat stat = guest.fdstat(0).value();
  EXPECT_EQ(stat.filetype, FileType::CharacterDevice);
  // C libraries take a character device that cannot seek for a terminal.
  EXPECT_TRUE(stat.rights_base & rights::kFdSeek);
}

TEST(WasiStandardStreams, ATerminalLooksLikeOne) {
  host::FileDescriptor master(::posix_openpt(O_RDWR | O_NOCTTY));
  if (!master || ::grantpt(master.get()) < 0 || ::unlockpt(master.get()) < 0) GTEST_SKIP() << "no terminals here";
  host::FileDescriptor terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY));
  ASSERT_TRUE(terminal);
  Redirected redirected(0, terminal.get());
  Guest guest;
  FdStat stat = guest.fdstat(0).value();
  EXPECT_EQ(stat.filetype, FileType::CharacterDevice);
  EXPECT_FALSE(stat.rights_base & (rights::kFdSeek | rights::kFdTell));
}

TEST(WasiStandardStreams, APipeWaitsEvenIfAnotherProcessMadeItNonblocking) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  host::FileDescriptor reader(ends[0]), writer(ends[1]);
  Redirected redirected(0, reader.get());
  Guest guest;
  EXPECT_EQ(guest.fdstat(0)->filetype, FileType::Unknown);
  EXPECT_EQ(guest.seek(0, 0, Whence::Cur).error(), Errno::SPipe);
  // Asked for by the guest, not waiting is its right.
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, 0, fdflags::kNonblock), Errno::Success);
  EXPECT_EQ(guest.read(0, 10).error(), Errno::Again);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, 0, 0), Errno::Success);
  EXPECT_EQ(guest->fd_fdstat_set_flags(guest.memory, 0, fdflags::kAppend), Errno::NotSup);
  pid_t child = ::fork();
  if (child == 0) {
    ::usleep(50'000);
    _exit(::write(writer.get(), "late", 4) == 4 ? 0 : 1);
  }
  EXPECT_EQ(guest.read(0, 10), "late");
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(WasiStandardStreams, AClosedPipeIsAnErrno) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  host::FileDescriptor reader(ends[0]), writer(ends[1]);
  Errno found;
  {
    Redirected redirected(1, writer.get());
    Guest guest;
    reader.reset();
    auto written = guest.write(1, "x");
    found = written ? Errno::Success : written.error();
  }
  EXPECT_EQ(found, Errno::Pipe);
}

TEST(WasiDescriptors, AreNumberedFromTheLowestFree) {
  TemporaryFolder folder;
  folder.write("a", "A");
  folder.write("b", "B");
  Guest guest(folder.path());
  u32 a = guest.open("a").value();
  u32 b = guest.open("b").value();
  EXPECT_EQ(a, 4u);
  EXPECT_EQ(b, 5u);
  EXPECT_EQ(guest.close(a), Errno::Success);
  EXPECT_EQ(guest.open("a"), 4u);
  EXPECT_EQ(guest.close(0), Errno::Success);
  EXPECT_EQ(guest.open("a"), 0u);
  EXPECT_EQ(guest.open("a"), 6u);
}

TEST(WasiDescriptors, Renumbering) {
  TemporaryFolder folder;
  folder.write("a", "A");
  folder.write("b", "B");
  Guest guest(folder.path());
  u32 a = guest.open("a").value();
  u32 b = guest.open("b").value();
  EXPECT_EQ(guest->fd_renumber(guest.memory, a, 99), Errno::BadF);
  EXPECT_EQ(guest->fd_renumber(guest.memory, 99, a), Errno::BadF);
  EXPECT_EQ(guest->fd_renumber(guest.memory, a, a), Errno::Success);
  EXPECT_EQ(guest->fd_renumber(guest.memory, a, b), Errno::Success);
  EXPECT_EQ(guest.read(b, 1), "A");
  EXPECT_EQ(guest.read(a, 1).error(), Errno::BadF);
  EXPECT_EQ(guest.open("b"), a);
  EXPECT_EQ(guest->fd_renumber(guest.memory, b, kRoot), Errno::Success);
  EXPECT_EQ(guest.open_error("a"), Errno::NotDir);
}

TEST(WasiDescriptors, AreLimited) {
  TemporaryFolder folder;
  folder.write("a", "A");
  Config config = Guest::config_of(folder.path());
  config.max_descriptors = 6;
  Guest guest(config);
  EXPECT_EQ(guest.open("a"), 4u);
  EXPECT_EQ(guest.open("a"), 5u);
  EXPECT_EQ(guest.open("new", {.oflags = oflags::kCreat}).error(), Errno::NFile);
  EXPECT_FALSE(folder.exists("new"));
  EXPECT_EQ(guest.close(4), Errno::Success);
  EXPECT_EQ(guest.open("a"), 4u);
  EXPECT_EQ(guest->fd_renumber(guest.memory, 4, 5), Errno::Success);
  EXPECT_EQ(guest.open("a"), 4u);
}

TEST(WasiDescriptors, PreopenedDirectories) {
  TemporaryFolder folder;
  folder.make_folder("x");
  Config config;
  config.directories = {{folder.path(), "/data"}, {folder / "x", "."}};
  Guest guest(config);
  u32 place = guest.room(16);
  ASSERT_EQ(guest->fd_prestat_get(guest.memory, 3, place), Errno::Success);
  EXPECT_EQ(guest.get<u32>(place), 0u);  // a directory
  EXPECT_EQ(guest.get<u32>(place + 4), 5u);
  EXPECT_EQ(guest->fd_prestat_dir_name(guest.memory, 3, place, 4), Errno::NameTooLong);
  EXPECT_EQ(guest->fd_prestat_dir_name(guest.memory, 3, place, 5), Errno::Success);
  EXPECT_EQ(guest.text(place, 5), "/data");
  EXPECT_EQ(guest->fd_prestat_dir_name(guest.memory, 4, place, 16), Errno::Success);
  EXPECT_EQ(guest.text(place, 5), ".data");
  // The end of the list, by which C libraries find it.
  EXPECT_EQ(guest->fd_prestat_get(guest.memory, 5, place), Errno::BadF);
  EXPECT_EQ(guest->fd_prestat_get(guest.memory, 0, place), Errno::BadF);
  EXPECT_EQ(guest->fd_prestat_dir_name(guest.memory, 0, place, 16), Errno::NotDir);
  u32 opened = guest.open("x").value();
  EXPECT_EQ(guest->fd_prestat_get(guest.memory, opened, place), Errno::BadF);
  FdStat stat = guest.fdstat(3).value();
  EXPECT_EQ(stat.filetype, FileType::Directory);
  EXPECT_EQ(stat.flags, 0u);
  EXPECT_TRUE(stat.rights_base & rights::kPathOpen);
  EXPECT_FALSE(stat.rights_base & rights::kFdSeek);
  EXPECT_FALSE(stat.rights_base & rights::kFdFilestatSetSize);
  // C libraries mask what they ask for with these.
  EXPECT_EQ(stat.rights_inheriting & kReadWrite, kReadWrite);
  EXPECT_EQ(guest.close(3), Errno::Success);
  EXPECT_EQ(guest.open("x").error(), Errno::BadF);
}

TEST(WasiDescriptors, DirectoriesOpenedOnceServeManyContexts) {
  TemporaryFolder folder;
  folder.write("f", "shared");
  std::vector<Directory> list = {{folder.path(), "/", true}};
  auto opened = open_directories(list);
  ASSERT_TRUE(opened);
  Config config;
  config.opened_directories = *opened;
  Guest first(config), second(config);
  EXPECT_EQ(first.close(3), Errno::Success);
  EXPECT_EQ(second.read(second.open("f").value(), 10), "shared");
  EXPECT_EQ(second.make_directory("x"), Errno::Perm);
}

}  // namespace
}  // namespace brink::wasi
