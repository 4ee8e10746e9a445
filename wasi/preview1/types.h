// The binary interface of wasi_snapshot_preview1: numbers and memory layouts as the specification gives them
// (phases/snapshot/docs.md of the WASI repository). Records are copied to and from guest memory as they stand, so every
// hole in a layout is a named member that is zero: nothing of the host's stack reaches a guest.
#pragma once
#include <bit>
#include <cstddef>
#include <type_traits>

#include "engine/base/integers.h"

namespace brink::wasi {

static_assert(std::endian::native == std::endian::little, "guest memory is little-endian and records are copied as is");

enum class Errno : u16 {
  Success = 0,
  TooBig = 1,
  Acces = 2,
  AddrInUse = 3,
  AddrNotAvail = 4,
  AfNoSupport = 5,
  Again = 6,
  Already = 7,
  BadF = 8,
  BadMsg = 9,
  Busy = 10,
  Canceled = 11,
  Child = 12,
  ConnAborted = 13,
  ConnRefused = 14,
  ConnReset = 15,
  DeadLk = 16,
  DestAddrReq = 17,
  Dom = 18,
  DQuot = 19,
  Exist = 20,
  Fault = 21,
  FBig = 22,
  HostUnreach = 23,
  IdRm = 24,
  IlSeq = 25,
  InProgress = 26,
  Intr = 27,
  Inval = 28,
  Io = 29,
  IsConn = 30,
  IsDir = 31,
  Loop = 32,
  MFile = 33,
  MLink = 34,
  MsgSize = 35,
  MultiHop = 36,
  NameTooLong = 37,
  NetDown = 38,
  NetReset = 39,
  NetUnreach = 40,
  NFile = 41,
  NoBufs = 42,
  NoDev = 43,
  NoEnt = 44,
  NoExec = 45,
  NoLck = 46,
  NoLink = 47,
  NoMem = 48,
  NoMsg = 49,
  NoProtoOpt = 50,
  NoSpc = 51,
  NoSys = 52,
  NotConn = 53,
  NotDir = 54,
  NotEmpty = 55,
  NotRecoverable = 56,
  NotSock = 57,
  NotSup = 58,
  NotTy = 59,
  NxIo = 60,
  Overflow = 61,
  OwnerDead = 62,
  Perm = 63,
  Pipe = 64,
  Proto = 65,
  ProtoNoSupport = 66,
  Prototype = 67,
  Range = 68,
  RoFs = 69,
  SPipe = 70,
  Srch = 71,
  Stale = 72,
  TimedOut = 73,
  TxtBsy = 74,
  XDev = 75,
  NotCapable = 76,
};

enum class ClockId : u32 { Realtime = 0, Monotonic = 1, ProcessCpuTime = 2, ThreadCpuTime = 3 };

namespace rights {
constexpr u64 kFdDatasync = u64{1} << 0;
constexpr u64 kFdRead = u64{1} << 1;
constexpr u64 kFdSeek = u64{1} << 2;
constexpr u64 kFdFdstatSetFlags = u64{1} << 3;
constexpr u64 kFdSync = u64{1} << 4;
constexpr u64 kFdTell = u64{1} << 5;
constexpr u64 kFdWrite = u64{1} << 6;
constexpr u64 kFdAdvise = u64{1} << 7;
constexpr u64 kFdAllocate = u64{1} << 8;
constexpr u64 kPathCreateDirectory = u64{1} << 9;
constexpr u64 kPathCreateFile = u64{1} << 10;
constexpr u64 kPathLinkSource = u64{1} << 11;
constexpr u64 kPathLinkTarget = u64{1} << 12;
constexpr u64 kPathOpen = u64{1} << 13;
constexpr u64 kFdReaddir = u64{1} << 14;
constexpr u64 kPathReadlink = u64{1} << 15;
constexpr u64 kPathRenameSource = u64{1} << 16;
constexpr u64 kPathRenameTarget = u64{1} << 17;
constexpr u64 kPathFilestatGet = u64{1} << 18;
constexpr u64 kPathFilestatSetSize = u64{1} << 19;
constexpr u64 kPathFilestatSetTimes = u64{1} << 20;
constexpr u64 kFdFilestatGet = u64{1} << 21;
constexpr u64 kFdFilestatSetSize = u64{1} << 22;
constexpr u64 kFdFilestatSetTimes = u64{1} << 23;
constexpr u64 kPathSymlink = u64{1} << 24;
constexpr u64 kPathRemoveDirectory = u64{1} << 25;
constexpr u64 kPathUnlinkFile = u64{1} << 26;
constexpr u64 kPollFdReadwrite = u64{1} << 27;
constexpr u64 kSockShutdown = u64{1} << 28;
constexpr u64 kSockAccept = u64{1} << 29;
constexpr u64 kAll = (u64{1} << 30) - 1;
}  // namespace rights

enum class Whence : u8 { Set = 0, Cur = 1, End = 2 };

enum class FileType : u8 {
  Unknown = 0,
  BlockDevice = 1,
  CharacterDevice = 2,
  Directory = 3,
  RegularFile = 4,
  SocketDgram = 5,
  SocketStream = 6,
  SymbolicLink = 7,
};

enum class Advice : u8 { Normal = 0, Sequential = 1, Random = 2, WillNeed = 3, DontNeed = 4, NoReuse = 5 };

namespace fdflags {
constexpr u16 kAppend = 1;
constexpr u16 kDsync = 2;
constexpr u16 kNonblock = 4;
constexpr u16 kRsync = 8;
constexpr u16 kSync = 16;
constexpr u16 kAll = 31;
}  // namespace fdflags

namespace fstflags {
constexpr u16 kAtim = 1;
constexpr u16 kAtimNow = 2;
constexpr u16 kMtim = 4;
constexpr u16 kMtimNow = 8;
constexpr u16 kAll = 15;
}  // namespace fstflags

namespace lookupflags {
constexpr u32 kSymlinkFollow = 1;
constexpr u32 kAll = 1;
}  // namespace lookupflags

namespace oflags {
constexpr u16 kCreat = 1;
constexpr u16 kDirectory = 2;
constexpr u16 kExcl = 4;
constexpr u16 kTrunc = 8;
constexpr u16 kAll = 15;
}  // namespace oflags

namespace riflags {
constexpr u16 kRecvPeek = 1;
constexpr u16 kRecvWaitall = 2;
constexpr u16 kAll = 3;
}  // namespace riflags

namespace roflags {
constexpr u16 kRecvDataTruncated = 1;
}

namespace sdflags {
constexpr u8 kRd = 1;
constexpr u8 kWr = 2;
constexpr u8 kAll = 3;
}  // namespace sdflags

enum class EventType : u8 { Clock = 0, FdRead = 1, FdWrite = 2 };

namespace eventrwflags {
constexpr u16 kHangup = 1;
}

namespace subclockflags {
constexpr u16 kAbstime = 1;
constexpr u16 kAll = 1;
}  // namespace subclockflags

enum class Signal : u8 {
  None = 0,
  Hup = 1,
  Int = 2,
  Quit = 3,
  Ill = 4,
  Trap = 5,
  Abrt = 6,
  Bus = 7,
  Fpe = 8,
  Kill = 9,
  Usr1 = 10,
  Segv = 11,
  Usr2 = 12,
  Pipe = 13,
  Alrm = 14,
  Term = 15,
  Chld = 16,
  Cont = 17,
  Stop = 18,
  Tstp = 19,
  Ttin = 20,
  Ttou = 21,
  Urg = 22,
  Xcpu = 23,
  Xfsz = 24,
  Vtalrm = 25,
  Prof = 26,
  Winch = 27,
  Poll = 28,
  Pwr = 29,
  Sys = 30,
};

// iovec and ciovec
struct IoVector {
  u32 buf = 0;
  u32 len = 0;
};
static_assert(sizeof(IoVector) == 8);

struct Dirent {
  u64 next = 0;
  u64 ino = 0;
  u32 namlen = 0;
  FileType type = FileType::Unknown;
  u8 zero[3] = {};
};
static_assert(sizeof(Dirent) == 24 && offsetof(Dirent, ino) == 8 && offsetof(Dirent, namlen) == 16 &&
              offsetof(Dirent, type) == 20);

struct FdStat {
  FileType filetype = FileType::Unknown;
  u8 zero0 = 0;
  u16 flags = 0;
  u32 zero1 = 0;
  u64 rights_base = 0;
  u64 rights_inheriting = 0;
};
static_assert(sizeof(FdStat) == 24 && offsetof(FdStat, flags) == 2 && offsetof(FdStat, rights_base) == 8 &&
              offsetof(FdStat, rights_inheriting) == 16);

// Times in nanoseconds since 1970.
struct FileStat {
  u64 dev = 0;
  u64 ino = 0;
  FileType filetype = FileType::Unknown;
  u8 zero[7] = {};
  u64 nlink = 0;
  u64 size = 0;
  u64 atim = 0;
  u64 mtim = 0;
  u64 ctim = 0;
};
static_assert(sizeof(FileStat) == 64 && offsetof(FileStat, filetype) == 16 && offsetof(FileStat, nlink) == 24 &&
              offsetof(FileStat, size) == 32 && offsetof(FileStat, atim) == 40 && offsetof(FileStat, mtim) == 48 &&
              offsetof(FileStat, ctim) == 56);

struct Prestat {
  u8 tag = 0;  // 0: a directory
  u8 zero[3] = {};
  u32 name_len = 0;
};
static_assert(sizeof(Prestat) == 8 && offsetof(Prestat, name_len) == 4);

struct SubscriptionClock {
  u32 id = 0;
  u32 zero0 = 0;
  u64 timeout = 0;    // nanoseconds, relative or absolute
  u64 precision = 0;  // nanoseconds
  u16 flags = 0;
  u16 zero1[3] = {};
};
static_assert(sizeof(SubscriptionClock) == 32 && offsetof(SubscriptionClock, timeout) == 8 &&
              offsetof(SubscriptionClock, precision) == 16 && offsetof(SubscriptionClock, flags) == 24);

struct Subscription {
  u64 userdata = 0;
  u8 tag = 0;  // an EventType
  u8 zero[7] = {};
  union {
    SubscriptionClock clock;
    u32 fd;
  };
  Subscription() : clock{} {}
};
static_assert(sizeof(Subscription) == 48 && offsetof(Subscription, tag) == 8 && offsetof(Subscription, clock) == 16 &&
              offsetof(Subscription, fd) == 16 && std::is_trivially_copyable_v<Subscription>);

struct Event {
  u64 userdata = 0;
  Errno error = Errno::Success;
  EventType type = EventType::Clock;
  u8 zero0[5] = {};
  u64 nbytes = 0;
  u16 flags = 0;
  u16 zero1[3] = {};
};
static_assert(sizeof(Event) == 32 && offsetof(Event, error) == 8 && offsetof(Event, type) == 10 &&
              offsetof(Event, nbytes) == 16 && offsetof(Event, flags) == 24);

}  // namespace brink::wasi
