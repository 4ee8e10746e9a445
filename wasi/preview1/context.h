// The functions of wasi_snapshot_preview1 as members, with the guest's parameters in the specification's order:
// pointers, lengths and flags are the guest's own and not yet checked. Results go to guest memory; what is returned is
// the errno, 0 being success.
//
// Where the specification leaves a choice, wasmtime's is taken, except that a bad pointer is `fault` and no trap:
// rights are derived from what a descriptor is and how it was opened, cannot be changed (`notsup`), and what would
// leave a directory or change a read-only one is `perm`.
#pragma once
#include <expected>

#include "wasi/preview1/descriptor.h"

namespace brink::wasi {

class Context {
 public:
  explicit Context(Config config) : config_(std::move(config)), table_(config_.max_descriptors) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Fills the descriptor table; the errors of make_context. Called once.
  Result<void> open();

  // wasi.h
  void interrupt() { is_interrupted_ = true; }
  std::optional<std::string> find_changed_descriptor() const;
  bool is_interrupted() const { return is_interrupted_.load(std::memory_order_relaxed); }

  // args_env.cpp
  Errno args_get(GuestMemory& memory, u32 argv, u32 argv_buf);
  Errno args_sizes_get(GuestMemory& memory, u32 count, u32 buf_size);
  Errno environ_get(GuestMemory& memory, u32 environ, u32 environ_buf);
  Errno environ_sizes_get(GuestMemory& memory, u32 count, u32 buf_size);

  // clocks.cpp
  Errno clock_res_get(GuestMemory& memory, u32 id, u32 resolution);
  Errno clock_time_get(GuestMemory& memory, u32 id, u64 precision, u32 time);

  // files.cpp
  Errno fd_advise(GuestMemory& memory, u32 fd, u64 offset, u64 len, u32 advice);
  Errno fd_allocate(GuestMemory& memory, u32 fd, u64 offset, u64 len);
  Errno fd_close(GuestMemory& memory, u32 fd);
  Errno fd_datasync(GuestMemory& memory, u32 fd);
  Errno fd_filestat_get(GuestMemory& memory, u32 fd, u32 filestat);
  Errno fd_filestat_set_size(GuestMemory& memory, u32 fd, u64 size);
  Errno fd_filestat_set_times(GuestMemory& memory, u32 fd, u64 atim, u64 mtim, u32 fst_flags);
  Errno fd_pread(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nread);
  Errno fd_pwrite(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nwritten);
  Errno fd_read(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 nread);
  Errno fd_seek(GuestMemory& memory, u32 fd, i64 offset, u32 whence, u32 position);
  Errno fd_sync(GuestMemory& memory, u32 fd);
  Errno fd_tell(GuestMemory& memory, u32 fd, u32 position);
  Errno fd_write(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 nwritten);

  // descriptors.cpp
  Errno fd_fdstat_get(GuestMemory& memory, u32 fd, u32 fdstat);
  Errno fd_fdstat_set_flags(GuestMemory& memory, u32 fd, u32 flags);
  Errno fd_fdstat_set_rights(GuestMemory& memory, u32 fd, u64 rights_base, u64 rights_inheriting);
  Errno fd_prestat_get(GuestMemory& memory, u32 fd, u32 prestat);
  Errno fd_prestat_dir_name(GuestMemory& memory, u32 fd, u32 path, u32 path_len);
  Errno fd_renumber(GuestMemory& memory, u32 from, u32 to);

  // paths.cpp
  Errno fd_readdir(GuestMemory& memory, u32 fd, u32 buf, u32 buf_len, u64 cookie, u32 used);
  Errno path_create_directory(GuestMemory& memory, u32 fd, u32 path, u32 path_len);
  Errno path_filestat_get(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u32 filestat);
  Errno path_filestat_set_times(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u64 atim,
                                u64 mtim, u32 fst_flags);
  Errno path_link(GuestMemory& memory, u32 old_fd, u32 old_flags, u32 old_path, u32 old_path_len, u32 new_fd,
                  u32 new_path, u32 new_path_len);
  Errno path_open(GuestMemory& memory, u32 fd, u32 lookup_flags, u32 path, u32 path_len, u32 open_flags,
                  u64 rights_base, u64 rights_inheriting, u32 fd_flags, u32 opened_fd);
  Errno path_readlink(GuestMemory& memory, u32 fd, u32 path, u32 path_len, u32 buf, u32 buf_len, u32 used);
  Errno path_remove_directory(GuestMemory& memory, u32 fd, u32 path, u32 path_len);
  Errno path_rename(GuestMemory& memory, u32 old_fd, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path,
                    u32 new_path_len);
  Errno path_symlink(GuestMemory& memory, u32 old_path, u32 old_path_len, u32 fd, u32 new_path, u32 new_path_len);
  Errno path_unlink_file(GuestMemory& memory, u32 fd, u32 path, u32 path_len);

  // poll.cpp
  Errno poll_oneoff(GuestMemory& memory, u32 subscriptions, u32 events, u32 count, u32 event_count);

  // process.cpp. An unexpected value is the exit code with which the program ends.
  using MayEnd = std::expected<Errno, u32>;
  MayEnd proc_exit(u32 code) { return std::unexpected(code); }
  // A signal whose default action ends a process ends the program with 128 + the signal's number on Linux, as a shell
  // reports it; those ignored by default do nothing; stopping is `notsup`. The host's process gets no signal.
  MayEnd proc_raise(u32 signal);
  Errno random_get(GuestMemory& memory, u32 buf, u32 buf_len);
  Errno sched_yield(GuestMemory& memory);

  // sockets.cpp
  Errno sock_accept(GuestMemory& memory, u32 fd, u32 flags, u32 accepted_fd);
  Errno sock_recv(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 flags, u32 nread, u32 out_flags);
  Errno sock_send(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, u32 flags, u32 nwritten);
  Errno sock_shutdown(GuestMemory& memory, u32 fd, u32 how);

 private:
  enum class Use { Look, Change };

  Result<void> open_standard_streams();
  Result<void> open_sockets();
  // A directory as the base of a path: `badf`, `notdir` for files, `perm` for changing a read-only one.
  Checked<std::shared_ptr<Descriptor>> directory(u32 fd, Use use) const;
  // Something open that is no directory, else `badf`.
  Checked<std::shared_ptr<Descriptor>> not_directory(u32 fd) const;
  Errno read_into(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, std::optional<u64> offset, u32 nread);
  Errno write_from(GuestMemory& memory, u32 fd, u32 iovs, u32 iovs_len, std::optional<u64> offset, u32 nwritten);

  Config config_;
  std::shared_ptr<const OpenDirectories> own_directories_;
  DescriptorTable table_;
  std::mutex callback_mutex_;  // the configuration's sources and sinks are called one at a time
  std::atomic<bool> is_interrupted_ = false;
};

}  // namespace brink::wasi
