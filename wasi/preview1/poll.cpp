// poll_oneoff.
//
// The guest says how many subscriptions there are, and may mean tens of millions; so nothing is allocated per
// subscription. They are read twice, before the wait and after it, and what is kept meanwhile is one pollfd for each
// descriptor of the guest that is asked about.
#include "wasi/host/poll.h"

#include <sys/ioctl.h>

#include <algorithm>

#include "wasi/preview1/context.h"
#include "wasi/preview1/errno.h"

namespace brink::wasi {
namespace {

constexpr short kAlwaysReported = POLLERR | POLLHUP | POLLNVAL;

// Times of one call, for all relative timeouts.
struct Start {
  u64 monotonic;
};

// What a subscription waits for.
struct Interest {
  Errno error = Errno::Success;  // set: an event at once
  bool at_once = false;
  host::Deadlines deadlines;
  short events = 0;  // set: those on `descriptor`
  std::shared_ptr<const Descriptor> descriptor;
};

Interest clock_interest(const SubscriptionClock& clock, const Start& start) {
  Interest interest;
  bool absolute = clock.flags & subclockflags::kAbstime;
  bool realtime = clock.id == static_cast<u32>(ClockId::Realtime);
  if (clock.flags & ~u32{subclockflags::kAll} || (!realtime && clock.id != static_cast<u32>(ClockId::Monotonic)))
    interest.error = Errno::Inval;
  else if (!absolute) interest.deadlines.monotonic = host::saturating_add(start.monotonic, clock.timeout);
  else if (realtime) interest.deadlines.realtime = clock.timeout;
  else interest.deadlines.monotonic = clock.timeout;
  return interest;
}

Interest descriptor_interest(std::shared_ptr<const Descriptor> descriptor, bool reading) {
  Interest interest;
  if (!descriptor || descriptor->is_directory() || !(reading ? descriptor->readable : descriptor->writable))
    interest.error = Errno::BadF;
  else if (descriptor->fd < 0 || descriptor->type == FileType::RegularFile) interest.at_once = true;
  else interest.events = reading ? POLLIN : POLLOUT;
  interest.descriptor = std::move(descriptor);
  return interest;
}

// How much can be read without waiting, as far as that can be told.
u64 bytes_to_read(const Descriptor& descriptor) {
  if (descriptor.source) return 1;
  if (descriptor.type == FileType::RegularFile) {
    struct stat status;
    off_t position = ::lseek(descriptor.fd, 0, SEEK_CUR);
    if (position < 0 || ::fstat(descriptor.fd, &status) < 0 || status.st_size <= position) return 0;
    return static_cast<u64>(status.st_size - position);
  }
  int ready = 0;
  return ::ioctl(descriptor.fd, FIONREAD, &ready) == 0 && ready > 0 ? static_cast<u64>(ready) : 0;
}

}  // namespace

Errno Context::poll_oneoff(GuestMemory& memory, u32 subscriptions, u32 events, u32 count, u32 event_count) {
  auto slot = memory.slot<u32>(event_count);
  auto in = memory.array<Subscription>(subscriptions, count);
  auto out = memory.array<Event>(events, count);
  if (!slot || !in || !out) return Errno::Fault;
  if (count == 0) return Errno::Inval;

  auto now = host::clock_time(CLOCK_MONOTONIC);
  if (!now) return errno_of(now);
  Start start{*now};
  auto interest_of = [&](const Subscription& subscription) {
    if (subscription.tag == static_cast<u8>(EventType::Clock)) return clock_interest(subscription.clock, start);
    return descriptor_interest(table_.find(subscription.fd), subscription.tag == static_cast<u8>(EventType::FdRead));
  };

  host::Deadlines first;
  std::vector<pollfd> polled;
  std::vector<std::shared_ptr<const Descriptor>> kept_open;  // those of `polled`, whatever other threads close
  std::vector<u32> places;                                   // of a guest's descriptor in `polled`, plus one
  for (u32 i = 0; i < count; ++i) {
    Subscription subscription = (*in)[i].get();
    if (subscription.tag > static_cast<u8>(EventType::FdWrite)) return Errno::Inval;
    Interest interest = interest_of(subscription);
    if (interest.at_once || interest.error != Errno::Success) interest.deadlines.monotonic = 0;
    first.monotonic = std::min(first.monotonic, interest.deadlines.monotonic);
    first.realtime = std::min(first.realtime, interest.deadlines.realtime);
    if (interest.events == 0) continue;
    if (subscription.fd >= places.size()) places.resize(subscription.fd + size_t{1});
    u32& place = places[subscription.fd];
    if (place == 0) {
      polled.push_back({interest.descriptor->fd, 0, 0});
      kept_open.push_back(interest.descriptor);
      place = static_cast<u32>(polled.size());
    }
    polled[place - 1].events |= interest.events;
  }

  u32 written = 0;
  while (written == 0) {
    auto ready = host::wait(polled, first);
    if (!ready) return errno_of(ready);
    auto monotonic = host::clock_time(CLOCK_MONOTONIC);
    auto realtime = host::clock_time(CLOCK_REALTIME);
    if (!monotonic || !realtime) return Errno::Io;
    for (u32 i = 0; i < count; ++i) {
      Subscription subscription = (*in)[i].get();
      // The events may overwrite subscriptions, if the guest wants it so.
      if (subscription.tag > static_cast<u8>(EventType::FdWrite)) continue;
      Interest interest = interest_of(subscription);
      Event event;
      event.userdata = subscription.userdata;
      event.type = static_cast<EventType>(subscription.tag);
      event.error = interest.error;
      if (interest.error == Errno::Success) {
        if (event.type == EventType::Clock) {
          if (interest.deadlines.monotonic > *monotonic && interest.deadlines.realtime > *realtime) continue;
        } else {
          if (interest.events != 0) {
            u32 place = subscription.fd < places.size() ? places[subscription.fd] : 0;
            short found = place ? polled[place - 1].revents : short{0};
            if (!(found & (interest.events | kAlwaysReported))) continue;
            if (found & POLLNVAL) event.error = Errno::BadF;
            if (found & POLLHUP) event.flags = eventrwflags::kHangup;
          }
          if (event.type == EventType::FdRead && event.error == Errno::Success)
            event.nbytes = bytes_to_read(*interest.descriptor);
        }
      }
      (*out)[written++].set(event);
    }
  }
  slot->set(written);
  return Errno::Success;
}

}  // namespace brink::wasi
