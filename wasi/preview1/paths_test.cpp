#include <fcntl.h>
#include <sys/stat.h>

#include "wasi/host/resolve.h"
#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

class WasiPaths : public testing::TestWithParam<host::Resolution> {
 protected:
  void SetUp() override {
    if (GetParam() == host::Resolution::Automatic && !host::kernel_resolves())
      GTEST_SKIP() << "this kernel has no openat2";
    host::set_resolution(GetParam());
  }
  void TearDown() override { host::set_resolution(host::Resolution::Automatic); }

  TemporaryFolder folder;
  Guest guest{folder.path()};
};

INSTANTIATE_TEST_SUITE_P(, WasiPaths, testing::Values(host::Resolution::Automatic, host::Resolution::Walk),
                         [](const auto& info) {
                           return info.param == host::Resolution::Automatic ? "Kernel" : "Walk";
                         });

TEST_P(WasiPaths, Open) {
  folder.write("f", "text");
  EXPECT_EQ(guest.open_error("missing"), Errno::NoEnt);
  EXPECT_EQ(guest.open_error("f", {.oflags = oflags::kDirectory}), Errno::NotDir);
  EXPECT_EQ(guest.open_error("f", {.oflags = oflags::kCreat}), Errno::Success);
  EXPECT_EQ(guest.open_error("f", {.oflags = oflags::kCreat | oflags::kExcl}), Errno::Exist);
  EXPECT_EQ(guest.open_error("f", {.oflags = oflags::kExcl}), Errno::Success);
  EXPECT_EQ(folder.read("f"), "text");
  EXPECT_EQ(guest.open_error("f", {.oflags = oflags::kTrunc, .rights = kReadWrite}), Errno::Success);
  EXPECT_EQ(folder.read("f"), "");
  EXPECT_EQ(guest.open_error("new", {.oflags = oflags::kCreat | oflags::kExcl, .rights = kReadWrite}), Errno::Success);
  EXPECT_TRUE(folder.exists("new"));
  EXPECT_EQ(guest.open_error("new/x", {.oflags = oflags::kCreat}), Errno::NotDir);
  EXPECT_EQ(guest.open_error("missing/x", {.oflags = oflags::kCreat}), Errno::NoEnt);
  EXPECT_EQ(guest.open_error("x/", {.oflags = oflags::kCreat}), Errno::IsDir);
  EXPECT_EQ(guest.open_error(".", {.oflags = oflags::kCreat}), Errno::IsDir);
  EXPECT_EQ(guest.open_error(".", {.rights = kReadWrite}), Errno::IsDir);
  for (u32 flag : {oflags::kCreat, oflags::kExcl, oflags::kTrunc})
    EXPECT_EQ(guest.open_error(".", {.oflags = oflags::kDirectory | flag}), Errno::Inval);
  EXPECT_EQ(guest.open_error("f", {.oflags = 16}), Errno::Inval);
  EXPECT_EQ(guest.open_error("f", {.fdflags = 32}), Errno::Inval);
  EXPECT_EQ(guest.open_error("f", {.lookup = 2}), Errno::Inval);
  EXPECT_EQ(guest.open_error("f", {.base = 99}), Errno::BadF);
  EXPECT_EQ(guest.open_error("f", {.base = 0}), Errno::NotDir);
  u32 file = guest.open("f").value();
  EXPECT_EQ(guest.open_error("f", {.base = file}), Errno::NotDir);
  EXPECT_EQ(guest.open_error("f", {.rights = ~u64{0}}), Errno::Success);
}

TEST_P(WasiPaths, LinksAreFollowedOnlyOnRequest) {
  folder.make_folder("folder");
  folder.write("f", "text");
  ASSERT_EQ(guest.symlink("folder", "to-folder"), Errno::Success);
  ASSERT_EQ(guest.symlink("f", "to-f"), Errno::Success);
  ASSERT_EQ(guest.symlink("new", "dangling"), Errno::Success);
  EXPECT_EQ(guest.open_error("to-f"), Errno::Success);
  EXPECT_EQ(guest.open_error("to-f", {.lookup = 0}), Errno::Loop);
  EXPECT_EQ(guest.open_error("to-folder", {.lookup = 0}), Errno::Loop);
  EXPECT_EQ(guest.open_error("to-folder", {.oflags = oflags::kDirectory, .lookup = 0}), Errno::NotDir);
  EXPECT_EQ(guest.open_error("to-folder/", {.oflags = oflags::kDirectory, .lookup = 0}), Errno::Success);
  EXPECT_EQ(guest.open_error("to-folder", {.oflags = oflags::kDirectory}), Errno::Success);
  EXPECT_EQ(guest.open_error("to-f", {.oflags = oflags::kDirectory}), Errno::NotDir);
  EXPECT_EQ(guest.stat("to-f", true)->filetype, FileType::RegularFile);
  EXPECT_EQ(guest.stat("to-f", false)->filetype, FileType::SymbolicLink);
  EXPECT_EQ(guest.stat("to-f", false)->size, 1u);
  EXPECT_EQ(guest.stat("to-folder/", false)->filetype, FileType::Directory);
  EXPECT_EQ(guest.stat_error("dangling"), Errno::NoEnt);
  EXPECT_EQ(guest.stat_error("dangling", false), Errno::Success);
  EXPECT_EQ(guest.open_error("dangling", {.oflags = oflags::kCreat | oflags::kExcl}), Errno::Exist);
  EXPECT_FALSE(folder.exists("new"));
  EXPECT_EQ(guest.open_error("dangling", {.oflags = oflags::kCreat}), Errno::Success);
  EXPECT_TRUE(folder.exists("new"));
}

TEST_P(WasiPaths, Directories) {
  EXPECT_EQ(guest.make_directory("a"), Errno::Success);
  EXPECT_EQ(guest.make_directory("a"), Errno::Exist);
  EXPECT_EQ(guest.make_directory("a/"), Errno::Exist);
  EXPECT_EQ(guest.make_directory("."), Errno::Exist);
  EXPECT_EQ(guest.make_directory("a/.."), Errno::Exist);
  EXPECT_EQ(guest.make_directory("a/b/"), Errno::Success);
  EXPECT_EQ(guest.make_directory("x/y"), Errno::NoEnt);
  folder.write("f", "");
  EXPECT_EQ(guest.make_directory("f"), Errno::Exist);
  EXPECT_EQ(guest.make_directory("f/x"), Errno::NotDir);
  EXPECT_EQ(guest.remove_directory("a"), Errno::NotEmpty);
  EXPECT_EQ(guest.remove_directory("a/b/"), Errno::Success);
  EXPECT_EQ(guest.remove_directory("a/."), Errno::Inval);
  EXPECT_EQ(guest.remove_directory("f"), Errno::NotDir);
  EXPECT_EQ(guest.remove_directory("f/"), Errno::NotDir);
  EXPECT_EQ(guest.remove_directory("missing"), Errno::NoEnt);
  EXPECT_EQ(guest.remove_directory("a"), Errno::Success);
  EXPECT_FALSE(folder.exists("a"));
  EXPECT_EQ(guest.make_directory("x", 99), Errno::BadF);
  EXPECT_EQ(guest.make_directory("x", guest.open("f").value()), Errno::NotDir);
}

TEST_P(WasiPaths, Unlinking) {
  folder.make_folder("a");
  folder.write("f", "");
  EXPECT_EQ(guest.unlink("a"), Errno::IsDir);
  EXPECT_EQ(guest.unlink("a/"), Errno::IsDir);
  EXPECT_EQ(guest.unlink("."), Errno::IsDir);
  EXPECT_EQ(guest.unlink("f/"), Errno::NotDir);
  EXPECT_EQ(guest.unlink("missing"), Errno::NoEnt);
  EXPECT_EQ(guest.unlink("missing/"), Errno::NoEnt);
  u32 fd = guest.open("f", {.rights = kReadWrite}).value();
  EXPECT_EQ(guest.unlink("f"), Errno::Success);
  EXPECT_EQ(guest.unlink("f"), Errno::NoEnt);
  EXPECT_EQ(guest.write(fd, "still there"), 11u);
  EXPECT_EQ(guest.filestat(fd)->nlink, 0u);
}

TEST_P(WasiPaths, Renaming) {
  folder.write("f", "F");
  folder.write("g", "G");
  folder.make_folder("a/inner");
  folder.make_folder("empty");
  EXPECT_EQ(guest.rename("f", "h"), Errno::Success);
  EXPECT_EQ(folder.read("h"), "F");
  EXPECT_EQ(guest.rename("f", "i"), Errno::NoEnt);
  EXPECT_EQ(guest.rename("h", "g"), Errno::Success);
  EXPECT_EQ(folder.read("g"), "F");
  EXPECT_EQ(guest.rename("g", "empty"), Errno::IsDir);
  EXPECT_EQ(guest.rename("empty", "g"), Errno::NotDir);
  EXPECT_EQ(guest.rename("empty", "a"), Errno::NotEmpty);
  EXPECT_EQ(guest.rename("a", "a/inner/x"), Errno::Inval);
  EXPECT_EQ(guest.rename("a", "empty"), Errno::Success);
  EXPECT_TRUE(folder.exists("empty/inner"));
  EXPECT_EQ(guest.rename("empty/", "b"), Errno::Success);
  EXPECT_EQ(guest.rename("b", "c/"), Errno::Success);
  EXPECT_EQ(guest.rename("g/", "x"), Errno::NotDir);
  EXPECT_EQ(guest.rename("g", "x/"), Errno::NotDir);
  EXPECT_EQ(guest.rename("g", "."), Errno::Busy);
  EXPECT_EQ(guest.rename("c/..", "x"), Errno::Busy);
  EXPECT_TRUE(folder.exists("c/inner"));
}

TEST_P(WasiPaths, Linking) {
  folder.write("f", "F");
  folder.make_folder("a");
  EXPECT_EQ(guest.link("f", "second"), Errno::Success);
  EXPECT_EQ(guest.stat("f")->nlink, 2u);
  EXPECT_EQ(guest.stat("f")->ino, guest.stat("second")->ino);
  EXPECT_EQ(guest.link("f", "second"), Errno::Exist);
  EXPECT_EQ(guest.link("f", "f"), Errno::Exist);
  EXPECT_EQ(guest.link("f", "a"), Errno::Exist);
  EXPECT_EQ(guest.link("f", "a/"), Errno::Exist);
  EXPECT_EQ(guest.link("f", "."), Errno::Exist);
  EXPECT_EQ(guest.link("f", "x/"), Errno::NoEnt);
  EXPECT_EQ(guest.link("a", "x"), Errno::Perm);
  EXPECT_EQ(guest.link("a/", "x"), Errno::Perm);
  EXPECT_EQ(guest.link("f/", "x"), Errno::NotDir);
  EXPECT_EQ(guest.link("missing", "x"), Errno::NoEnt);
  EXPECT_EQ(guest.link("f", "x", kRoot, kRoot, lookupflags::kSymlinkFollow), Errno::Inval);
  EXPECT_EQ(guest.symlink("nowhere", "dangling"), Errno::Success);
  EXPECT_EQ(guest.link("dangling", "x"), Errno::Success);
  EXPECT_EQ(guest.read_link("x"), "nowhere");
  EXPECT_EQ(guest.link("f", "dangling"), Errno::Exist);
}

TEST_P(WasiPaths, Symlinks) {
  folder.make_folder("a");
  folder.write("f", "");
  EXPECT_EQ(guest.symlink("x", "made/"), Errno::NoEnt);
  EXPECT_EQ(guest.symlink("x", "a"), Errno::Exist);
  EXPECT_EQ(guest.symlink("x", "a/"), Errno::Exist);
  EXPECT_EQ(guest.symlink("x", "f/"), Errno::Exist);
  EXPECT_EQ(guest.symlink("x", "."), Errno::Exist);
  EXPECT_EQ(guest.symlink("x", "missing/made"), Errno::NoEnt);
  EXPECT_EQ(guest.symlink("../f", "a/made"), Errno::Success);
  EXPECT_EQ(guest.read_link("a/made"), "../f");
}

TEST_P(WasiPaths, Times) {
  folder.write("f", "");
  ASSERT_EQ(guest.symlink("f", "link"), Errno::Success);
  EXPECT_EQ(guest.set_times("f", 1, 2, fstflags::kAtim | fstflags::kMtim), Errno::Success);
  EXPECT_EQ(guest.stat("f")->atim, 1u);
  EXPECT_EQ(guest.stat("f")->mtim, 2u);
  EXPECT_EQ(guest.set_times("link", 0, 3'000'000'000, fstflags::kMtim, true), Errno::Success);
  EXPECT_EQ(guest.stat("f")->mtim, 3'000'000'000u);
  EXPECT_EQ(guest.set_times("link", 0, 4'000'000'000, fstflags::kMtim, false), Errno::Success);
  EXPECT_EQ(guest.stat("f")->mtim, 3'000'000'000u);
  EXPECT_EQ(guest.stat("link", false)->mtim, 4'000'000'000u);
  EXPECT_EQ(guest.set_times("f", 0, 0, fstflags::kMtim | fstflags::kMtimNow), Errno::Inval);
  EXPECT_EQ(guest.set_times("f", 0, 0, 16), Errno::Inval);
  EXPECT_EQ(guest.stat("f")->mtim, 3'000'000'000u);
  EXPECT_EQ(guest.set_times("missing", 0, 0, fstflags::kMtim), Errno::NoEnt);
  EXPECT_EQ(guest.set_times("f/", 0, 0, fstflags::kMtim), Errno::NotDir);
  EXPECT_EQ(guest.set_times(".", 0, 5'000'000'000, fstflags::kMtim), Errno::Success);
  EXPECT_EQ(guest.filestat(kRoot)->mtim, 5'000'000'000u);
}

}  // namespace
}  // namespace brink::wasi
