#include "engine/base/file_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace brink {
namespace {

class FileWriter : public ::testing::Test {
 protected:
  FileWriter() {
    char name[] = "/tmp/brink-file-writer-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~FileWriter() override { std::filesystem::remove_all(folder); }

  std::string content(const std::string& name) const {
    std::ifstream in(folder / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<void> write(const std::string& name, std::string_view text, u32 mode = 0644) {
    return write_file(folder / name, {reinterpret_cast<const u8*>(text.data()), text.size()}, mode, Durability::Durable);
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }

  std::filesystem::path folder;
};

TEST_F(FileWriter, MakesAndReplacesFiles) {
  ASSERT_TRUE(write("a", "first", 0600));
  EXPECT_EQ(content("a"), "first");
  struct stat status{};
  ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_TRUE(write("a", ""));
  EXPECT_EQ(content("a"), "");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileWriter, FollowsLinksAndLeavesThem) {
  ASSERT_TRUE(write("target", "old"));
  std::filesystem::create_symlink("target", folder / "link");
  ASSERT_TRUE(write("link", "new"));
  EXPECT_EQ(content("target"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
}

TEST_F(FileWriter, WritesIntoWhatIsNoFile) {
  ASSERT_TRUE(write_file("/dev/null", std::span<const u8>(), 0644, Durability::Durable));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  auto refused = write(".", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Io);
  EXPECT_NE(refused.error().to_string().find("Is a directory"), std::string::npos);
}

// The disk is full: what was there stays, and nothing else is left.
TEST_F(FileWriter, AFailureChangesNothing) {
  ASSERT_TRUE(write("a", "old"));
  struct rlimit old_limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit tight{4096, old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  auto refused = write("a", std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(content("a"), "old");
  EXPECT_EQ(entries(), 1u);
  ASSERT_FALSE(write("missing/a", "x"));
}

}  // namespace
}  // namespace brink
