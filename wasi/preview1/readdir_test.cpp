#include <algorithm>
#include <set>

#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

struct Entry {
  Dirent header;
  std::string name;
};

class WasiReaddir : public testing::Test {
 protected:
  // One call. The entries that are in the buffer as a whole; `used` is what the call reports.
  std::vector<Entry> list(u64 cookie, u32 buf_len, u32* used, u32 fd = kRoot) {
    guest.reset_room();
    u32 result = guest.room(4);
    u32 buf = guest.room(buf_len + 16);
    std::memset(guest.bytes + buf, 0xee, buf_len + 16);
    EXPECT_EQ(guest->fd_readdir(guest.memory, fd, buf, buf_len, cookie, result), Errno::Success);
    *used = guest.get<u32>(result);
    EXPECT_LE(*used, buf_len);
    EXPECT_EQ(guest.text(buf + buf_len, 16), std::string(16, '\xee'));
    std::vector<Entry> found;
    for (u32 at = 0; at + sizeof(Dirent) <= *used;) {
      Entry entry{guest.get<Dirent>(buf + at), {}};
      if (at + sizeof(Dirent) + entry.header.namlen > *used) break;
      entry.name = guest.text(buf + at + sizeof(Dirent), entry.header.namlen);
      at += sizeof(Dirent) + entry.header.namlen;
      found.push_back(std::move(entry));
    }
    return found;
  }

  // All names, read as a C library does; `between` runs after each call.
  template <class Between>
  std::vector<std::string> all(u32 buf_len, Between between, u32 fd = kRoot) {
    std::vector<std::string> names;
    u64 cookie = 0;
    for (u32 used = buf_len; used == buf_len;) {
      auto entries = list(cookie, buf_len, &used, fd);
      for (const Entry& entry : entries) names.push_back(entry.name);
      if (!entries.empty()) cookie = entries.back().header.next;
      EXPECT_TRUE(used < buf_len || !entries.empty()) << "no progress";
      if (entries.empty()) break;
      between(entries);
    }
    return names;
  }
  std::vector<std::string> all(u32 buf_len) {
    return all(buf_len, [](const auto&) {});
  }

  TemporaryFolder folder;
  Guest guest{folder.path()};
};

TEST_F(WasiReaddir, AnEmptyDirectoryHasTwoEntries) {
  u32 used;
  auto entries = list(0, 4096, &used);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(used, 24u + 1 + 24 + 2);
  EXPECT_EQ(entries[0].name, ".");
  EXPECT_EQ(entries[0].header.type, FileType::Directory);
  EXPECT_EQ(entries[0].header.ino, guest.filestat(kRoot)->ino);
  EXPECT_EQ(entries[1].name, "..");
  EXPECT_EQ(entries[1].header.type, FileType::Directory);
}

TEST_F(WasiReaddir, TypesAndInodes) {
  folder.write("file", "");
  folder.make_folder("folder");
  folder.make_link("file", "link");
  u32 used;
  auto entries = list(0, 4096, &used);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[2].name, "file");
  EXPECT_EQ(entries[2].header.type, FileType::RegularFile);
  EXPECT_EQ(entries[2].header.ino, guest.stat("file")->ino);
  EXPECT_EQ(entries[3].header.type, FileType::Directory);
  EXPECT_EQ(entries[4].header.type, FileType::SymbolicLink);
}

TEST_F(WasiReaddir, TheBufferIsFilledToItsEnd) {
  folder.write("a-name-of-25-bytes-for-all", "");
  u32 used;
  for (u32 size = 0; size < 24 + 1 + 24 + 2 + 24 + 26; ++size) {
    list(0, size, &used);
    EXPECT_EQ(used, size);
  }
  list(0, 101, &used);
  EXPECT_EQ(used, 101u);
  list(0, 102, &used);
  EXPECT_EQ(used, 101u);
}

TEST_F(WasiReaddir, CookiesLeadOn) {
  for (int i = 0; i < 10; ++i) folder.write("file" + std::to_string(i), "");
  u32 used;
  auto entries = list(0, 4096, &used);
  ASSERT_EQ(entries.size(), 12u);
  std::set<u64> cookies;
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_TRUE(cookies.insert(entries[i].header.next).second);
    auto rest = list(entries[i].header.next, 4096, &used);
    ASSERT_EQ(rest.size(), entries.size() - i - 1);
    for (size_t j = 0; j < rest.size(); ++j) {
      EXPECT_EQ(rest[j].name, entries[i + 1 + j].name);
      EXPECT_EQ(rest[j].header.next, entries[i + 1 + j].header.next);
    }
  }
  // Beyond the end is the end.
  for (u64 cookie : {u64{13}, u64{1'000'000}, ~u64{0}}) {
    EXPECT_TRUE(list(cookie, 4096, &used).empty());
    EXPECT_EQ(used, 0u);
  }
}

// C libraries of 32-bit guests keep cookies in 32 bits.
TEST_F(WasiReaddir, CookiesAreSmallAndOutliveRemovals) {
  for (int i = 0; i < 2000; ++i) folder.write("file" + std::to_string(i), "");
  u32 used;
  auto entries = list(0, 200'000, &used);
  ASSERT_EQ(entries.size(), 2002u);
  for (const Entry& entry : entries) EXPECT_LE(entry.header.next, 2002u);
  // What is gone before a position does not move it.
  for (size_t i = 2; i < 1500; ++i) std::filesystem::remove(folder / entries[i].name);
  auto rest = list(entries[1700].header.next, 200'000, &used);
  ASSERT_EQ(rest.size(), 301u);
  EXPECT_EQ(rest[0].name, entries[1701].name);
  // Nor is what remains missed by who comes from before it.
  rest = list(entries[700].header.next, 200'000, &used);
  ASSERT_EQ(rest.size(), 502u);
  EXPECT_EQ(rest[0].name, entries[1500].name);
  // A descriptor that has met none of them gets there all the same.
  u32 other = guest.open(".", {.oflags = oflags::kDirectory}).value();
  rest = list(102, 200'000, &used, other);
  EXPECT_EQ(rest.size(), 402u);
}

TEST_F(WasiReaddir, ManyEntriesInBuffersOfAnySize) {
  std::set<std::string> expected = {".", ".."};
  for (int i = 0; i < 1000; ++i) {
    std::string name = "file." + std::to_string(i);
    folder.write(name, "");
    expected.insert(name);
  }
  for (u32 size : {33u, 64u, 100u, 256u, 4096u, 65536u}) {
    auto names = all(size);
    EXPECT_EQ(names.size(), 1002u) << size;
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected) << size;
  }
}

TEST_F(WasiReaddir, EntriesThatGoAwayHideNoOthers) {
  for (u32 size : {64u, 4096u}) {
    for (int i = 0; i < 1500; ++i) folder.write("file." + std::to_string(i), "");
    auto names = all(size, [&](const std::vector<Entry>& entries) {
      for (const Entry& entry : entries) {
        if (entry.name[0] == '.') continue;
        EXPECT_EQ(guest.unlink(entry.name), Errno::Success);
      }
    });
    EXPECT_EQ(names.size(), 1502u) << size;
    u32 used;
    EXPECT_EQ(list(0, 4096, &used).size(), 2u) << size;
  }
}

TEST_F(WasiReaddir, StartingAgainSeesWhatIsNew) {
  u32 used;
  EXPECT_EQ(list(0, 4096, &used).size(), 2u);
  folder.write("new", "");
  EXPECT_EQ(list(0, 4096, &used).size(), 3u);
  folder.write("newer", "");
  EXPECT_EQ(list(0, 30, &used).size(), 1u);  // stops in the middle
  EXPECT_EQ(list(0, 4096, &used).size(), 4u);
}

TEST_F(WasiReaddir, DescriptorsReadOnTheirOwn) {
  for (int i = 0; i < 5; ++i) folder.write("file" + std::to_string(i), "");
  u32 other = guest.open(".", {.oflags = oflags::kDirectory}).value();
  auto names = all(40, [&](const auto&) {
    u32 used;
    EXPECT_EQ(list(0, 4096, &used, other).size(), 7u);
  });
  EXPECT_EQ(names.size(), 7u);
}

TEST_F(WasiReaddir, ADirectoryThatIsGoneIsEmpty) {
  folder.make_folder("gone");
  u32 fd = guest.open("gone").value();
  ASSERT_EQ(guest.remove_directory("gone"), Errno::Success);
  guest.reset_room();
  u32 result = guest.room(4);
  u32 buf = guest.room(256);
  Errno error = guest->fd_readdir(guest.memory, fd, buf, 256, 0, result);
  EXPECT_TRUE(error == Errno::NoEnt || guest.get<u32>(result) <= 51);
}

TEST_F(WasiReaddir, OnlyDirectoriesCanBeRead) {
  folder.write("f", "");
  u32 file = guest.open("f").value();
  u32 result = guest.room(4);
  u32 buf = guest.room(64);
  EXPECT_EQ(guest->fd_readdir(guest.memory, file, buf, 64, 0, result), Errno::NotDir);
  EXPECT_EQ(guest->fd_readdir(guest.memory, 99, buf, 64, 0, result), Errno::BadF);
}

}  // namespace
}  // namespace brink::wasi
