// Where the function bodies of a module's file are, kept so that later processes need not read its code section to find out.
//
// The bytes themselves would have to be read to prove that places are right. What is proved instead is that the file is the
// one that was read: device, inode, size, and the time of its last change, which the system sets and no program can choose, are part of
// what the kept places are authenticated with (authenticator.h). They are kept only of files
//   that nobody but the user, or root, can write to,
//   that had not been changed for a while when they were read, so that no change can have the same time,
//   and of file systems that are written to: of an image, whoever made it has chosen all times.
// A function's place is checked once more when it is first called (check_body_place).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cache/authenticator.h"
#include "engine/module/module_info.h"

namespace brink::cache {

// A file as it is now; two stamps with the same bytes are of the same content.
struct FileStamp {
  u64 device;
  u64 inode;
  u64 size;
  i64 changed_seconds;
  i64 changed_nanoseconds;
  bool operator==(const FileStamp&) const = default;
};

// Nothing for files of which no places are kept, for now or ever.
std::optional<FileStamp> stamp_of(int file, u32 settled_after_seconds);

class BodyPlaces {
 public:
  // `declarations` is the module's identity (cache_file.h).
  BodyPlaces(const Authenticator& authenticator, const Code& declarations, const FileStamp& stamp);

  // The name of the file of these places.
  const Code& name() const { return name_; }
  // Empty where the file is missing, damaged or not authentic.
  std::vector<ByteRange> read(const std::string& path, u32 function_count) const;
  std::vector<u8> file_of(std::span<const ByteRange> bodies) const;

 private:
  Code code_of(std::span<const u8> content) const;

  Authenticator authenticator_;
  Code name_;
};

}  // namespace brink::cache
