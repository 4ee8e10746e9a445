#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "wasi/host/clock.h"
#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr u64 kMillisecond = 1'000'000;
// Far more than a busy machine takes to notice, far less than the timeouts that must not be waited for.
constexpr Milliseconds kSoon{60'000};

Subscription clock_subscription(u64 userdata, ClockId clock, u64 timeout, u16 flags = 0) {
  Subscription subscription;
  subscription.userdata = userdata;
  subscription.tag = static_cast<u8>(EventType::Clock);
  subscription.clock.id = static_cast<u32>(clock);
  subscription.clock.timeout = timeout;
  subscription.clock.flags = flags;
  return subscription;
}

Subscription fd_subscription(u64 userdata, EventType type, u32 fd) {
  Subscription subscription;
  subscription.userdata = userdata;
  subscription.tag = static_cast<u8>(type);
  subscription.fd = fd;
  return subscription;
}

class WasiPoll : public testing::Test {
 protected:
  WasiPoll() {
    ::mkfifo((folder / "fifo").c_str(), 0600);
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    peer = host::FileDescriptor(ends[0]);
    host::FileDescriptor mine(ends[1]);
    Config config = Guest::config_of(folder.path());
    config.sockets = {mine.get()};
    guest = std::make_unique<Guest>(config);
  }

  Checked<std::vector<Event>> poll(const std::vector<Subscription>& subscriptions) {
    u32 count = static_cast<u32>(subscriptions.size());
    u32 in = guest->room(count * sizeof(Subscription));
    u32 out = guest->room(count * sizeof(Event));
    u32 result = guest->room(4);
    if (count) std::memcpy(guest->bytes + in, subscriptions.data(), count * sizeof(Subscription));
    auto start = std::chrono::steady_clock::now();
    Errno error = (*guest)->poll_oneoff(guest->memory, in, out, count, result);
    elapsed = std::chrono::steady_clock::now() - start;
    if (error != Errno::Success) return std::unexpected(error);
    std::vector<Event> events;
    for (u32 i = 0; i < guest->get<u32>(result); ++i) events.push_back(guest->get<Event>(out + i * sizeof(Event)));
    return events;
  }

  TemporaryFolder folder;
  host::FileDescriptor peer;
  static constexpr u32 kSocket = 4;
  std::unique_ptr<Guest> guest;
  std::chrono::steady_clock::duration elapsed{};
};

TEST_F(WasiPoll, SleepsAsLongAsAsked) {
  for (ClockId clock : {ClockId::Monotonic, ClockId::Realtime}) {
    auto events = poll({clock_subscription(7, clock, 30 * kMillisecond)}).value();
    EXPECT_GE(elapsed, Milliseconds(30));
    EXPECT_LT(elapsed, kSoon);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].userdata, 7u);
    EXPECT_EQ(events[0].error, Errno::Success);
    EXPECT_EQ(events[0].type, EventType::Clock);
  }
}

TEST_F(WasiPoll, AbsoluteTimes) {
  for (auto [clock, host_clock] :
       {std::pair(ClockId::Monotonic, CLOCK_MONOTONIC), std::pair(ClockId::Realtime, CLOCK_REALTIME)}) {
    u64 now = host::clock_time(host_clock).value();
    ASSERT_EQ(poll({clock_subscription(1, clock, now + 30 * kMillisecond, subclockflags::kAbstime)})->size(), 1u);
    EXPECT_GE(host::clock_time(host_clock).value(), now + 30 * kMillisecond);
    EXPECT_LT(elapsed, kSoon);
    EXPECT_EQ(poll({clock_subscription(1, clock, now - 1, subclockflags::kAbstime)})->size(), 1u);
    EXPECT_LT(elapsed, kSoon);
  }
}

TEST_F(WasiPoll, TheEarliestTimeoutEndsTheSleep) {
  auto events = poll({clock_subscription(1, ClockId::Monotonic, ~u64{0}),
                      clock_subscription(2, ClockId::Realtime, 20 * kMillisecond),
                      clock_subscription(3, ClockId::Monotonic, 3'600'000 * kMillisecond)})
                    .value();
  EXPECT_GE(elapsed, Milliseconds(20));
  EXPECT_LT(elapsed, kSoon);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].userdata, 2u);
}

TEST_F(WasiPoll, AllThatIsDueIsReported) {
  auto events = poll({clock_subscription(1, ClockId::Monotonic, 0),
                      clock_subscription(2, ClockId::Monotonic, 3'600'000 * kMillisecond),
                      clock_subscription(3, ClockId::Realtime, 0)})
                    .value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].userdata, 1u);
  EXPECT_EQ(events[1].userdata, 3u);
}

TEST_F(WasiPoll, BadRequests) {
  EXPECT_EQ(poll({}).error(), Errno::Inval);
  Subscription bad_tag = clock_subscription(1, ClockId::Monotonic, 0);
  bad_tag.tag = 3;
  EXPECT_EQ(poll({bad_tag}).error(), Errno::Inval);
  // What is wrong with one subscription is reported in its event, and at once.
  auto events =
      poll({clock_subscription(1, ClockId::ProcessCpuTime, 0), clock_subscription(2, ClockId::Monotonic, 0, 2),
            fd_subscription(3, EventType::FdRead, 99), fd_subscription(4, EventType::FdRead, 1),
            fd_subscription(5, EventType::FdWrite, 0), fd_subscription(6, EventType::FdRead, kRoot),
            clock_subscription(7, ClockId::Monotonic, 3'600'000 * kMillisecond)})
          .value();
  EXPECT_LT(elapsed, kSoon);
  ASSERT_EQ(events.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(events[i].userdata, i + 1);
    EXPECT_EQ(events[i].error, i < 2 ? Errno::Inval : Errno::BadF) << i;
  }
}

TEST_F(WasiPoll, RegularFilesAndOverriddenStreamsAreReadyAtOnce) {
  folder.write("f", "0123456789");
  u32 fd = guest->open("f", {.rights = kReadWrite}).value();
  EXPECT_EQ(guest->seek(fd, 4, Whence::Set), 4u);
  auto events = poll({fd_subscription(1, EventType::FdRead, fd), fd_subscription(2, EventType::FdWrite, fd),
                      fd_subscription(3, EventType::FdRead, 0), fd_subscription(4, EventType::FdWrite, 1),
                      clock_subscription(5, ClockId::Monotonic, 3'600'000 * kMillisecond)})
                    .value();
  EXPECT_LT(elapsed, kSoon);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].nbytes, 6u);
  EXPECT_EQ(events[0].type, EventType::FdRead);
  EXPECT_EQ(events[1].type, EventType::FdWrite);
  for (const Event& event : events) EXPECT_EQ(event.error, Errno::Success);
}

TEST_F(WasiPoll, APipe) {
  u32 reader = guest->open("fifo").value();
  u32 writer = guest->open("fifo", {.rights = rights::kFdWrite}).value();
  auto read_or_wait = [&] {
    return poll({fd_subscription(1, EventType::FdRead, reader),
                 clock_subscription(2, ClockId::Monotonic, 20 * kMillisecond)})
        .value();
  };
  auto events = read_or_wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].userdata, 2u);
  EXPECT_GE(elapsed, Milliseconds(20));

  events =
      poll({fd_subscription(1, EventType::FdRead, reader), fd_subscription(2, EventType::FdWrite, writer)}).value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].userdata, 2u);

  EXPECT_EQ(guest->write(writer, "abc"), 3u);
  events = read_or_wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].userdata, 1u);
  EXPECT_EQ(events[0].nbytes, 3u);
  EXPECT_EQ(events[0].flags, 0u);
  EXPECT_EQ(guest->read(reader, 3), "abc");

  EXPECT_EQ(guest->close(writer), Errno::Success);
  events = read_or_wait();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].flags, eventrwflags::kHangup);
}

TEST_F(WasiPoll, BothDirectionsOfOneSocket) {
  auto both = [&] {
    return poll({fd_subscription(1, EventType::FdRead, kSocket), fd_subscription(2, EventType::FdWrite, kSocket),
                 fd_subscription(3, EventType::FdRead, kSocket)})
        .value();
  };
  auto events = both();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].userdata, 2u);
  ASSERT_EQ(::write(peer.get(), "hello", 5), 5);
  events = both();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].nbytes, 5u);
  EXPECT_EQ(events[2].nbytes, 5u);
}

TEST_F(WasiPoll, WaitsForDataWithoutATimeout) {
  std::thread writer([&] {
    std::this_thread::sleep_for(Milliseconds(30));
    EXPECT_EQ(::write(peer.get(), "x", 1), 1);
  });
  auto events = poll({fd_subscription(1, EventType::FdRead, kSocket)}).value();
  writer.join();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].nbytes, 1u);
}

TEST_F(WasiPoll, EventsMayOverwriteTheirSubscriptions) {
  std::vector<Subscription> subscriptions;
  for (u64 i = 0; i < 100; ++i) subscriptions.push_back(clock_subscription(i, ClockId::Monotonic, 0));
  u32 in = guest->room(100 * sizeof(Subscription));
  std::memcpy(guest->bytes + in, subscriptions.data(), 100 * sizeof(Subscription));
  u32 result = guest->room(4);
  ASSERT_EQ((*guest)->poll_oneoff(guest->memory, in, in, 100, result), Errno::Success);
  ASSERT_EQ(guest->get<u32>(result), 100u);
  for (u32 i = 0; i < 100; ++i) EXPECT_EQ(guest->get<Event>(in + i * sizeof(Event)).userdata, i);
}

TEST_F(WasiPoll, CountsThatTheMemoryCannotHold) {
  u32 result = guest->room(4);
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, 0, 0, 0xffff'ffff, result), Errno::Fault);
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, 0, 0, 0x0555'5556, result), Errno::Fault);  // 48 times that is 32
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, 0, 0, 0x0800'0001, result), Errno::Fault);  // 32 times that is 32
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, 0, Guest::kMemoryBytes - 32, 2, result), Errno::Fault);
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, Guest::kMemoryBytes - 48, 0, 2, result), Errno::Fault);
  // As many as fit are served.
  std::memset(guest->bytes, 0, Guest::kMemoryBytes);
  u32 most = Guest::kMemoryBytes / sizeof(Subscription);
  EXPECT_EQ((*guest)->poll_oneoff(guest->memory, 0, 0, most, Guest::kMemoryBytes - 4), Errno::Success);
}

}  // namespace
}  // namespace brink::wasi
