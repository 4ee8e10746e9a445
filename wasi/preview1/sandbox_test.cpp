// No way out of a pre-opened directory. Every test runs with both kinds of path resolution.
//
//   scratch/secret.txt      "secret"
//   scratch/outside/…       a file and a folder
//   scratch/inside/         the guest's "/"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "wasi/host/resolve.h"
#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

using host::Resolution;

std::string numbered(const char* name, int number) { return std::string(name).append(std::to_string(number)); }

class WasiSandbox : public testing::TestWithParam<Resolution> {
 protected:
  void SetUp() override {
    if (GetParam() == Resolution::Automatic && !host::kernel_resolves()) GTEST_SKIP() << "this kernel has no openat2";
    host::set_resolution(GetParam());
    scratch.write("secret.txt", "secret");
    scratch.make_folder("outside/folder");
    scratch.write("outside/secret.txt", "secret");
    scratch.make_folder("inside/folder/deep");
    scratch.write("inside/file.txt", "public");
    scratch.write("inside/folder/nested.txt", "nested");
    scratch.make_link("..", "inside/to-parent");
    scratch.make_link("../outside", "inside/to-outside");
    scratch.make_link("../secret.txt", "inside/to-secret");
    scratch.make_link(scratch / "outside", "inside/to-absolute");
    scratch.make_link("/", "inside/to-root");
    scratch.make_link("/proc/self/root", "inside/to-proc");
    scratch.make_link("chain-2", "inside/chain-1");
    scratch.make_link("folder/chain-3", "inside/chain-2");
    scratch.make_link("../to-parent", "inside/folder/chain-3");
    scratch.make_link("../..", "inside/folder/up");
    scratch.make_link("../../inside", "inside/folder/out-and-in");
    scratch.make_link("../planted", "inside/to-planted");
    scratch.make_link("loop-2", "inside/loop-1");
    scratch.make_link("loop-1", "inside/loop-2");
    scratch.make_link("self", "inside/self");
    scratch.make_link("folder", "inside/to-folder");
    scratch.make_link("folder/", "inside/to-folder-slash");
    scratch.make_link("file.txt/", "inside/to-file-slash");
    scratch.make_link("../file.txt", "inside/folder/to-file");
    scratch.make_link("missing", "inside/dangling");
    before = outside();
    guest = std::make_unique<Guest>(scratch / "inside");
  }
  void TearDown() override {
    if (guest) {
      EXPECT_EQ(outside(), before);
    }
    host::set_resolution(Resolution::Automatic);
  }

  // All there is outside of the guest's directory, with contents and link counts.
  std::map<std::string, std::string> outside() const {
    std::map<std::string, std::string> found;
    for (auto entry = std::filesystem::recursive_directory_iterator(scratch.path());
         entry != std::filesystem::recursive_directory_iterator(); ++entry) {
      if (entry->path() == scratch / "inside") {
        entry.disable_recursion_pending();
        continue;
      }
      std::string what = "folder";
      if (entry->is_regular_file()) {
        std::ifstream file(entry->path());
        std::stringstream text;
        text << file.rdbuf() << " links " << entry->hard_link_count();
        what = text.str();
      }
      auto time = entry->last_write_time().time_since_epoch().count();
      found[entry->path().string()] = what + " written " + std::to_string(time);
    }
    return found;
  }

  TemporaryFolder scratch;
  std::map<std::string, std::string> before;
  std::unique_ptr<Guest> guest;
};

INSTANTIATE_TEST_SUITE_P(, WasiSandbox, testing::Values(Resolution::Automatic, Resolution::Walk),
                         [](const auto& info) { return info.param == Resolution::Automatic ? "Kernel" : "Walk"; });

TEST_P(WasiSandbox, PathsThatStayInsideWork) {
  for (const char* path :
       {"file.txt", "./file.txt", "folder/../file.txt", ".//folder/.///../folder/deep/../../file.txt", "folder/to-file",
        "to-folder/to-file", "to-folder-slash/to-file", "to-folder/../file.txt"}) {
    auto fd = guest->open(path);
    ASSERT_TRUE(fd) << path;
    EXPECT_EQ(guest->read(*fd, 10), "public") << path;
    EXPECT_EQ(guest->stat(path)->size, 6u) << path;
  }
  for (const char* path : {".", "./", "folder", "folder/", "folder///", "folder/.", "folder/deep/..", "folder/..",
                           "to-folder", "to-folder/", "to-folder-slash", "folder/deep/../../folder/./"}) {
    auto fd = guest->open(path, {.oflags = oflags::kDirectory});
    ASSERT_TRUE(fd) << path;
    EXPECT_EQ(guest->filestat(*fd)->filetype, FileType::Directory) << path;
    EXPECT_EQ(guest->stat(path)->filetype, FileType::Directory) << path;
  }
}

// A component before the last leads out, or the last is "..": every operation is refused alike.
TEST_P(WasiSandbox, PathsThatLeadOutAreRefusedByEveryFunction) {
  std::string absolute = scratch / "secret.txt";
  std::string absolute_inside = scratch / "inside/file.txt";
  const std::string paths[] = {"..",
                               "../",
                               "../.",
                               "./..",
                               "../secret.txt",
                               "./../secret.txt",
                               "../inside/file.txt",
                               "folder/../../secret.txt",
                               "folder/../..",
                               "folder/deep/../../../secret.txt",
                               "folder/deep/../../../inside/file.txt",
                               "/",
                               "//",
                               "/secret.txt",
                               "/etc/passwd",
                               "//etc/passwd",
                               absolute,
                               absolute_inside,
                               "to-parent/secret.txt",
                               "to-parent/inside/file.txt",
                               "to-parent/",
                               "to-parent/.",
                               "to-parent/..",
                               "to-outside/secret.txt",
                               "to-outside/folder",
                               "to-outside/../secret.txt",
                               "to-absolute/secret.txt",
                               "to-absolute/",
                               "to-root/etc/passwd",
                               "to-folder/../../secret.txt",
                               "to-folder/up/secret.txt",
                               "chain-1/secret.txt",
                               "folder/up/secret.txt",
                               "folder/up/inside/file.txt",
                               "folder/out-and-in/file.txt"};
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    for (u32 lookup : {0u, lookupflags::kSymlinkFollow}) {
      EXPECT_EQ(guest->open_error(path, {.lookup = lookup}), Errno::Perm);
      EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kDirectory, .lookup = lookup}), Errno::Perm);
      EXPECT_EQ(guest->open_error(path, {.rights = kReadWrite, .lookup = lookup}), Errno::Perm);
      EXPECT_EQ(guest->open_error(path, {.rights = kReadWrite, .fdflags = fdflags::kAppend, .lookup = lookup}),
                Errno::Perm);
      Errno created =
          guest->open_error(path, {.oflags = oflags::kCreat | oflags::kTrunc, .rights = kReadWrite, .lookup = lookup});
      // As on Linux, a path to create that ends in a slash is wrong before it is looked at.
      EXPECT_EQ(created, path.ends_with('/') && !path.starts_with('/') ? Errno::IsDir : Errno::Perm);
      EXPECT_EQ(guest->stat_error(path, lookup), Errno::Perm);
      EXPECT_EQ(guest->set_times(path, 0, 0, fstflags::kMtim, lookup), Errno::Perm);
    }
    // These act on a last component itself, so for them a link with a slash behind it is that link.
    if (path == "to-parent/" || path == "to-absolute/") continue;
    EXPECT_EQ(guest->read_link_error(path), Errno::Perm);
    EXPECT_EQ(guest->make_directory(path), Errno::Perm);
    EXPECT_EQ(guest->remove_directory(path), Errno::Perm);
    EXPECT_EQ(guest->unlink(path), Errno::Perm);
    EXPECT_EQ(guest->rename(path, "stolen"), Errno::Perm);
    EXPECT_EQ(guest->rename("file.txt", path), Errno::Perm);
    EXPECT_EQ(guest->rename("folder", path), Errno::Perm);
    EXPECT_EQ(guest->link(path, "stolen"), Errno::Perm);
    EXPECT_EQ(guest->link("file.txt", path), Errno::Perm);
    EXPECT_EQ(guest->symlink("file.txt", path), Errno::Perm);
  }
  EXPECT_FALSE(scratch.exists("inside/stolen"));
  EXPECT_EQ(scratch.read("inside/file.txt"), "public");
}

TEST_P(WasiSandbox, LinksThatLeadOutAreNotFollowed) {
  for (const char* path :
       {"to-secret", "to-parent", "to-outside", "to-absolute", "to-root", "chain-1", "folder/up", "to-planted"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(guest->open_error(path), Errno::Perm);
    EXPECT_EQ(guest->open_error(path, {.rights = rights::kFdWrite}), Errno::Perm);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kTrunc, .rights = kReadWrite}), Errno::Perm);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kCreat, .rights = kReadWrite}), Errno::Perm);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kCreat | oflags::kExcl, .rights = kReadWrite}), Errno::Exist);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kDirectory}), Errno::Perm);
    EXPECT_EQ(guest->open_error(path, {.lookup = 0}), Errno::Loop);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kCreat, .rights = kReadWrite, .lookup = 0}), Errno::Loop);
    EXPECT_EQ(guest->stat_error(path), Errno::Perm);
    EXPECT_EQ(guest->stat(path, false)->filetype, FileType::SymbolicLink);
    EXPECT_EQ(guest->set_times(path, 0, 0, fstflags::kMtim), Errno::Perm);
    EXPECT_EQ(guest->set_times(path, 0, 0, fstflags::kMtim, false), Errno::Success);
    EXPECT_EQ(guest->stat(path, false)->mtim, 0u);
    EXPECT_EQ(guest->make_directory(path), Errno::Exist);
    EXPECT_EQ(guest->make_directory(std::string(path) + "/"), Errno::Exist);
    EXPECT_EQ(guest->remove_directory(path), Errno::NotDir);
    EXPECT_EQ(guest->remove_directory(std::string(path) + "/"), Errno::NotDir);
    EXPECT_EQ(guest->symlink("file.txt", path), Errno::Exist);
    EXPECT_EQ(guest->symlink("file.txt", std::string(path) + "/"), Errno::Exist);
    EXPECT_EQ(guest->link("file.txt", path), Errno::Exist);
    EXPECT_EQ(guest->unlink(std::string(path) + "/"), Errno::NotDir);
    EXPECT_EQ(guest->rename(std::string(path) + "/", "stolen"), Errno::NotDir);
    EXPECT_EQ(guest->rename("folder/deep", std::string(path) + "/"), Errno::NotDir);
    EXPECT_EQ(guest->link(std::string(path) + "/", "stolen"), Errno::NotDir);
    EXPECT_EQ(guest->read_link_error(std::string(path) + "/"), Errno::Perm);
    // Following with path_link is refused altogether; the link itself may get a second name, and be unlinked.
    EXPECT_EQ(guest->link(path, "second", kRoot, kRoot, lookupflags::kSymlinkFollow), Errno::Inval);
    EXPECT_EQ(guest->link(path, "second"), Errno::Success);
    EXPECT_EQ(guest->open_error("second"), Errno::Perm);
    EXPECT_EQ(guest->rename("second", "third"), Errno::Success);
    EXPECT_EQ(guest->unlink("third"), Errno::Success);
  }
  // Files that replace links replace nothing else.
  EXPECT_EQ(guest->rename("file.txt", "to-secret"), Errno::Success);
  EXPECT_EQ(scratch.read("inside/to-secret"), "public");
}

TEST_P(WasiSandbox, LinkTargets) {
  EXPECT_EQ(guest->read_link("to-secret"), "../secret.txt");
  EXPECT_EQ(guest->read_link("to-secret", 4), "../s");
  EXPECT_EQ(guest->read_link("to-secret", 0), "");
  EXPECT_EQ(guest->read_link_error("to-absolute"), Errno::Perm);  // it would tell where the host keeps things
  EXPECT_EQ(guest->read_link_error("to-root"), Errno::Perm);
  EXPECT_EQ(guest->read_link_error("file.txt"), Errno::Inval);
  EXPECT_EQ(guest->read_link_error("folder"), Errno::Inval);
  EXPECT_EQ(guest->read_link_error("folder/"), Errno::Inval);
  EXPECT_EQ(guest->read_link_error("."), Errno::Inval);
  EXPECT_EQ(guest->read_link_error("file.txt/"), Errno::NotDir);
  EXPECT_EQ(guest->read_link_error("missing"), Errno::NoEnt);
  EXPECT_EQ(guest->symlink("/etc/passwd", "made"), Errno::Perm);
  EXPECT_EQ(guest->symlink("/", "made"), Errno::Perm);
  EXPECT_EQ(guest->symlink("", "made"), Errno::NoEnt);
  EXPECT_EQ(guest->symlink(std::string_view("a\0b", 3), "made"), Errno::Inval);
  EXPECT_EQ(guest->symlink(std::string(5000, 'a'), "made"), Errno::NameTooLong);
  EXPECT_FALSE(scratch.exists("inside/made"));
  EXPECT_EQ(guest->symlink("../secret.txt", "made"), Errno::Success);
  EXPECT_EQ(guest->open_error("made"), Errno::Perm);
  EXPECT_EQ(guest->symlink("file.txt", "good"), Errno::Success);
  EXPECT_EQ(guest->read(guest->open("good").value(), 10), "public");
}

TEST_P(WasiSandbox, MagicLinksAreNotFollowed) {
  Guest proc("/proc/self");
  host::FileDescriptor secret(::open((scratch / "secret.txt").c_str(), O_RDONLY));
  std::string fd_link = "fd/" + std::to_string(secret.get());
  EXPECT_TRUE(proc.open("status"));
  for (const std::string& path : {fd_link, std::string("root"), std::string("cwd"), std::string("exe")}) {
    for (u32 lookup : {0u, lookupflags::kSymlinkFollow}) {
      auto opened = proc.open(path, {.lookup = lookup});
      ASSERT_FALSE(opened) << path;
      EXPECT_TRUE(opened.error() == Errno::Loop || opened.error() == Errno::Perm) << path;
    }
  }
  EXPECT_FALSE(proc.open("root/etc/passwd"));
  EXPECT_FALSE(proc.open("cwd/."));
  EXPECT_EQ(guest->open_error("to-proc/etc/passwd"), Errno::Perm);
}

TEST_P(WasiSandbox, LoopsEnd) {
  for (const char* path : {"loop-1", "self", "loop-1/x", "self/", "self/../self/x"}) {
    EXPECT_EQ(guest->open_error(path), Errno::Loop) << path;
    EXPECT_EQ(guest->stat_error(path), Errno::Loop) << path;
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kCreat, .rights = kReadWrite}),
              std::string(path).ends_with('/') ? Errno::IsDir : Errno::Loop)
        << path;
  }
  // 40 links are followed, 41 are a loop, as on Linux.
  scratch.make_link("file.txt", "inside/l1");
  for (int i = 2; i <= 41; ++i) scratch.make_link(numbered("l", i - 1), numbered("inside/l", i));
  EXPECT_EQ(guest->open_error("l40"), Errno::Success);
  EXPECT_EQ(guest->open_error("l41"), Errno::Loop);
  // Links that double the path at each step stay within bounds too.
  scratch.make_folder("inside/d0");
  for (int i = 1; i < 60; ++i) {
    std::string previous = numbered("d", i - 1);
    scratch.make_link(previous + "/../" + previous, numbered("inside/d", i));
  }
  EXPECT_EQ(guest->open_error("d59"), Errno::Loop);
}

TEST_P(WasiSandbox, PathsThatAreNoPaths) {
  EXPECT_EQ(guest->open_error(""), Errno::NoEnt);
  EXPECT_EQ(guest->stat_error(""), Errno::NoEnt);
  EXPECT_EQ(guest->make_directory(""), Errno::NoEnt);
  EXPECT_EQ(guest->unlink(""), Errno::NoEnt);
  EXPECT_EQ(guest->rename("", "x"), Errno::NoEnt);
  EXPECT_EQ(guest->rename("file.txt", ""), Errno::NoEnt);
  for (std::string_view path :
       {std::string_view("file.txt\0", 9), std::string_view("\0", 1), std::string_view("file.txt\0/../../x", 17)}) {
    EXPECT_EQ(guest->open_error(path), Errno::Inval);
    EXPECT_EQ(guest->open_error(path, {.oflags = oflags::kCreat, .rights = kReadWrite}), Errno::Inval);
    EXPECT_EQ(guest->stat_error(path), Errno::Inval);
    EXPECT_EQ(guest->make_directory(path), Errno::Inval);
    EXPECT_EQ(guest->unlink(path), Errno::Inval);
    EXPECT_EQ(guest->rename("file.txt", path), Errno::Inval);
    EXPECT_EQ(guest->symlink("file.txt", path), Errno::Inval);
  }
  EXPECT_EQ(guest->open_error("\xff\xfe"), Errno::IlSeq);
  EXPECT_EQ(guest->make_directory("\xc0\xaf"), Errno::IlSeq);  // an overlong slash
  std::string component(256, 'a');
  EXPECT_EQ(guest->open_error(component), Errno::NameTooLong);
  EXPECT_EQ(guest->make_directory(component), Errno::NameTooLong);
  std::string path;
  while (path.size() < 4096) path += "./";
  EXPECT_EQ(guest->open_error(path), Errno::NameTooLong);
  EXPECT_EQ(guest->make_directory(path + "x"), Errno::NameTooLong);
  EXPECT_EQ(guest->open_error(path.substr(0, 4094)), Errno::Success);
  EXPECT_EQ(guest->open_error("file.txt/"), Errno::NotDir);
  EXPECT_EQ(guest->open_error("file.txt///"), Errno::NotDir);
  EXPECT_EQ(guest->open_error("file.txt/."), Errno::NotDir);
  EXPECT_EQ(guest->open_error("file.txt/.."), Errno::NotDir);
  EXPECT_EQ(guest->open_error("file.txt/x"), Errno::NotDir);
  EXPECT_EQ(guest->open_error("to-file-slash"), Errno::NotDir);
  EXPECT_EQ(guest->open_error("missing/../file.txt"), Errno::NoEnt);
  EXPECT_EQ(guest->open_error("dangling"), Errno::NoEnt);
  EXPECT_EQ(guest->open_error("dangling/x"), Errno::NoEnt);
}

TEST_P(WasiSandbox, ADeepPathAndItsWayBack) {
  std::string down, up;
  for (int i = 0; i < 100; ++i) {
    down += "d/";
    up += "../";
    ASSERT_EQ(guest->make_directory(down), Errno::Success);
  }
  EXPECT_EQ(guest->read(guest->open(down + up + "file.txt").value(), 10), "public");
  EXPECT_EQ(guest->read(guest->open(down + up + down + up + "file.txt").value(), 10), "public");
  EXPECT_EQ(guest->open_error(down + up + "../secret.txt"), Errno::Perm);
  EXPECT_EQ(guest->open_error(down + up + "../inside/file.txt"), Errno::Perm);
  // Half of the way back, to where a walk keeps no directory open any more.
  std::string half_up = up.substr(0, 60 * 3);
  ASSERT_EQ(guest->open_error(down.substr(0, 40 * 2) + "mark", {.oflags = oflags::kCreat}), Errno::Success);
  EXPECT_EQ(guest->open_error(down + half_up + "mark"), Errno::Success);
  EXPECT_EQ(guest->open_error(down + half_up + "../mark"), Errno::NoEnt);
}

// A directory that the guest has opened is a root of its own.
TEST_P(WasiSandbox, AnOpenedDirectoryCannotBeLeftEither) {
  u32 folder = guest->open("folder").value();
  EXPECT_EQ(guest->open_error("nested.txt", {.base = folder}), Errno::Success);
  EXPECT_EQ(guest->open_error("../file.txt", {.base = folder}), Errno::Perm);
  EXPECT_EQ(guest->open_error("to-file", {.base = folder}), Errno::Perm);
  EXPECT_EQ(guest->open_error("deep/../../file.txt", {.base = folder}), Errno::Perm);
  // Moved elsewhere, it does not take a reach beyond its root with it.
  u32 deep = guest->open("folder/deep").value();
  EXPECT_EQ(guest->rename("folder/deep", "deep"), Errno::Success);
  EXPECT_EQ(guest->open_error("..", {.base = deep}), Errno::Perm);
  EXPECT_EQ(guest->open_error("../secret.txt", {.base = deep}), Errno::Perm);
  EXPECT_EQ(guest->make_directory("new", deep), Errno::Success);
  EXPECT_TRUE(scratch.exists("inside/deep/new"));
}

TEST_P(WasiSandbox, MovingALinkDoesNotWidenItsReach) {
  EXPECT_EQ(guest->make_directory("a"), Errno::Success);
  EXPECT_EQ(guest->make_directory("a/b"), Errno::Success);
  EXPECT_EQ(guest->symlink("../../secret.txt", "a/b/up"), Errno::Success);
  EXPECT_EQ(guest->open_error("a/b/up"), Errno::NoEnt);
  EXPECT_EQ(guest->rename("a/b", "moved"), Errno::Success);
  EXPECT_EQ(guest->open_error("moved/up"), Errno::Perm);
}

TEST_P(WasiSandbox, AReadOnlyDirectoryCannotBeChanged) {
  Guest reader(scratch / "inside", true);
  EXPECT_EQ(reader.read(reader.open("file.txt").value(), 10), "public");
  EXPECT_EQ(reader.stat("file.txt")->size, 6u);
  EXPECT_EQ(reader.read_link("to-folder"), "folder");
  for (u32 base : {kRoot, reader.open("folder").value()}) {
    SCOPED_TRACE(base);
    const char* file = base == kRoot ? "file.txt" : "nested.txt";
    EXPECT_EQ(reader.open_error(file, {.base = base, .rights = rights::kFdWrite}), Errno::Perm);
    EXPECT_EQ(reader.open_error(file, {.base = base, .rights = kReadWrite}), Errno::Perm);
    EXPECT_EQ(reader.open_error(file, {.base = base, .oflags = oflags::kTrunc}), Errno::Perm);
    EXPECT_EQ(reader.open_error("new", {.base = base, .oflags = oflags::kCreat}), Errno::Perm);
    EXPECT_EQ(reader.make_directory("new", base), Errno::Perm);
    EXPECT_EQ(reader.rename(file, "new", base, base), Errno::Perm);
    EXPECT_EQ(reader.link(file, "new", base, base), Errno::Perm);
  }
  EXPECT_EQ(reader.remove_directory("folder/deep"), Errno::Perm);
  EXPECT_EQ(reader.unlink("file.txt"), Errno::Perm);
  EXPECT_EQ(reader.symlink("file.txt", "new"), Errno::Perm);
  EXPECT_EQ(reader.set_times("file.txt", 0, 0, fstflags::kMtimNow), Errno::Perm);
  u32 fd = reader.open("file.txt").value();
  EXPECT_EQ(reader->fd_filestat_set_times(reader.memory, fd, 0, 0, fstflags::kMtimNow), Errno::Perm);
  EXPECT_EQ(reader->fd_filestat_set_times(reader.memory, kRoot, 0, 0, fstflags::kMtimNow), Errno::Perm);
  EXPECT_EQ(reader->fd_filestat_set_size(reader.memory, fd, 0), Errno::Perm);
  EXPECT_EQ(scratch.read("inside/file.txt"), "public");
}

// With a second name in a directory that may be written, a file of a read-only one could be.
TEST_P(WasiSandbox, ReadOnlyFilesGetNoNamesElsewhere) {
  scratch.make_folder("inside/writable");
  Config config;
  config.directories = {{scratch / "inside/folder", "/read", true}, {scratch / "inside/writable", "/write"}};
  Guest both(config);
  EXPECT_EQ(both.link("nested.txt", "stolen", 3, 4), Errno::Perm);
  EXPECT_EQ(both.rename("nested.txt", "stolen", 3, 4), Errno::Perm);
  EXPECT_EQ(both.make_directory("x", 4), Errno::Success);
  EXPECT_EQ(both.rename("x", "x", 4, 3), Errno::Perm);
  EXPECT_EQ(both.link("x", "x", 4, 3), Errno::Perm);
}

TEST_P(WasiSandbox, MovesBetweenDirectoriesOfTheGuest) {
  scratch.make_folder("inside/other");
  Config config;
  config.directories = {{scratch / "inside/folder", "/a"}, {scratch / "inside/other", "/b"}};
  Guest both(config);
  EXPECT_EQ(both.rename("nested.txt", "moved.txt", 3, 4), Errno::Success);
  EXPECT_EQ(scratch.read("inside/other/moved.txt"), "nested");
  EXPECT_EQ(both.link("moved.txt", "back.txt", 4, 3), Errno::Success);
  EXPECT_EQ(both.rename("moved.txt", "../moved.txt", 4, 3), Errno::Perm);
  EXPECT_EQ(both.rename("../file.txt", "file.txt", 3, 4), Errno::Perm);
}

TEST_P(WasiSandbox, AFifoDoesNotHoldUpTheHost) {
  ASSERT_EQ(::mkfifo((scratch / "inside/fifo").c_str(), 0600), 0);
  EXPECT_EQ(guest->open_error("fifo", {.rights = rights::kFdWrite}), Errno::NxIo);  // nobody reads
  u32 reader = guest->open("fifo").value();
  u32 writer = guest->open("fifo", {.rights = rights::kFdWrite}).value();
  EXPECT_EQ(guest->write(writer, "through"), 7u);
  EXPECT_EQ(guest->read(reader, 100), "through");
  EXPECT_EQ(guest->fdstat(reader)->flags, 0u);
  EXPECT_EQ(guest->filestat(reader)->filetype, FileType::Unknown);
  EXPECT_EQ(guest->close(writer), Errno::Success);
  EXPECT_EQ(guest->read(reader, 100), "");
  u32 nonblocking = guest->open("fifo", {.rights = kReadWrite, .fdflags = fdflags::kNonblock}).value();
  EXPECT_EQ(guest->read(nonblocking, 100).error(), Errno::Again);
}

TEST_P(WasiSandbox, HostDescriptorsAreNotInherited) {
  u32 before_count = 0;
  guest->open("file.txt").value();
  guest->open("folder").value();
  for (auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    auto target = std::filesystem::read_symlink(entry.path(), error);
    if (error || target.string().find(scratch.path()) != 0) continue;
    ++before_count;
    int flags = ::fcntl(std::stoi(entry.path().filename().string()), F_GETFD);
    EXPECT_TRUE(flags & FD_CLOEXEC) << target;
  }
  EXPECT_EQ(before_count, 3u);  // the directory, the file, the folder
}

// While `swap` runs in another thread, `attempt` must never see the secret; both outcomes should be met.
template <class Swap, class Attempt>
void race(Swap swap, Attempt attempt) {
  using Clock = std::chrono::steady_clock;
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    while (!stop.load(std::memory_order_relaxed)) swap();
  });
  u64 good = 0, refused = 0;
  auto start = Clock::now();
  while (Clock::now() - start < std::chrono::milliseconds(500) ||
         ((good == 0 || refused == 0) && Clock::now() - start < std::chrono::seconds(10))) {
    std::string found = attempt();
    if (found == "refused") ++refused;
    else if (found == "public") ++good;
    else ADD_FAILURE() << "read " << found;
    if (testing::Test::HasFailure()) break;
  }
  stop = true;
  swapper.join();
  EXPECT_GT(good, 0u);
  EXPECT_GT(refused, 0u);
}

TEST_P(WasiSandbox, RaceOfADirectoryWithALinkOutside) {
  scratch.make_folder("inside/swap");
  scratch.write("inside/swap/secret.txt", "public");
  scratch.make_link("../outside", "inside/other");
  std::string a = scratch / "inside/swap", b = scratch / "inside/other";
  auto attempt = [&] {
    guest->reset_room();
    auto fd = guest->open("swap/secret.txt");
    if (!fd)
      return std::string(fd.error() == Errno::Perm ? "refused"
                                                   : "error " + std::to_string(static_cast<int>(fd.error())));
    std::string text = guest->read(*fd, 10).value();
    guest->close(*fd);
    return text;
  };
  EXPECT_EQ(attempt(), "public");
  race([&] { ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE); }, attempt);
}

TEST_P(WasiSandbox, RaceOfAFileWithALinkOutside) {
  scratch.write("inside/swap", "public");
  scratch.make_link("../secret.txt", "inside/other");
  std::string a = scratch / "inside/swap", b = scratch / "inside/other";
  auto attempt = [&] {
    guest->reset_room();
    auto fd = guest->open("swap");
    if (!fd)
      return std::string(fd.error() == Errno::Perm ? "refused"
                                                   : "error " + std::to_string(static_cast<int>(fd.error())));
    std::string text = guest->read(*fd, 10).value();
    guest->close(*fd);
    return text;
  };
  race([&] { ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE); }, attempt);
}

// ".." after a directory that moves up meanwhile: for the file system it is now one level higher.
TEST_P(WasiSandbox, RaceOfDotDotWithARename) {
  scratch.make_folder("inside/a/b");
  scratch.write("inside/secret.txt", "public");
  std::string low = scratch / "inside/a/b", high = scratch / "inside/b";
  auto attempt = [&] {
    guest->reset_room();
    auto fd = guest->open("a/b/../../secret.txt");
    if (!fd) return std::string("refused");
    std::string text = guest->read(*fd, 10).value();
    guest->close(*fd);
    return text;
  };
  race(
      [&] {
        ::rename(low.c_str(), high.c_str());
        ::rename(high.c_str(), low.c_str());
      },
      attempt);
}

}  // namespace
}  // namespace brink::wasi
