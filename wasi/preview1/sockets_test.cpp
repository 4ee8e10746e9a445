#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "wasi/preview1/test_guest.h"

namespace brink::wasi {
namespace {

class WasiSockets : public testing::Test {
 protected:
  WasiSockets() {
    // Of the local domain: there need not be a network, not even to this machine itself. Linux chooses the name.
    listener = host::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sun_family = AF_UNIX;
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address.sun_family), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    address_size = sizeof address;
    EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &address_size), 0);
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    datagram_peer = host::FileDescriptor(ends[0]);
    host::FileDescriptor mine(ends[1]);
    Config config = Guest::config_of(folder.path());
    config.sockets = {listener.get(), mine.get()};
    guest = std::make_unique<Guest>(config);
  }

  host::FileDescriptor connect() {
    host::FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), address_size), 0);
    return client;
  }
  Checked<u32> accept(u32 flags = 0, u32 fd = kListener) {
    u32 result = guest->room(4);
    Errno error = (*guest)->sock_accept(guest->memory, fd, flags, result);
    if (error != Errno::Success) return std::unexpected(error);
    return guest->get<u32>(result);
  }
  Checked<std::string> receive(u32 fd, u32 size, u32 flags = 0) {
    u32 place = guest->room(size), result = guest->room(4), out_flags = guest->room(2);
    Errno error =
        (*guest)->sock_recv(guest->memory, fd, guest->put_vectors({{place, size}}), 1, flags, result, out_flags);
    if (error != Errno::Success) return std::unexpected(error);
    received_flags = guest->get<u16>(out_flags);
    return guest->text(place, guest->get<u32>(result));
  }
  Checked<u32> send(u32 fd, std::string_view text, u32 flags = 0) {
    u32 result = guest->room(4);
    u32 list = guest->put_vectors({{guest->put(text), static_cast<u32>(text.size())}});
    Errno error = (*guest)->sock_send(guest->memory, fd, list, 1, flags, result);
    if (error != Errno::Success) return std::unexpected(error);
    return guest->get<u32>(result);
  }

  static constexpr u32 kListener = 4;  // behind the directory
  static constexpr u32 kDatagrams = 5;
  TemporaryFolder folder;
  host::FileDescriptor listener, datagram_peer;
  sockaddr_un address{};
  socklen_t address_size = 0;
  std::unique_ptr<Guest> guest;
  u16 received_flags = 0xffff;
};

TEST_F(WasiSockets, AServer) {
  auto client = connect();
  u32 fd = accept().value();
  EXPECT_EQ(fd, 6u);
  EXPECT_EQ(guest->fdstat(fd)->filetype, FileType::SocketStream);
  ASSERT_EQ(::send(client.get(), "request", 7, 0), 7);
  EXPECT_EQ(receive(fd, 3, riflags::kRecvPeek), "req");
  EXPECT_EQ(receive(fd, 7, riflags::kRecvWaitall), "request");
  EXPECT_EQ(received_flags, 0u);
  EXPECT_EQ(send(fd, "answer"), 6u);
  char buffer[32];
  EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 6);
  EXPECT_EQ(std::string(buffer, 6), "answer");
  // The file functions serve too.
  ASSERT_EQ(::send(client.get(), "more", 4, 0), 4);
  EXPECT_EQ(guest->read(fd, 10), "more");
  EXPECT_EQ(guest->write(fd, "data"), 4u);
  EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 4);
  EXPECT_EQ(guest->seek(fd, 0, Whence::Set).error(), Errno::SPipe);

  EXPECT_EQ((*guest)->sock_shutdown(guest->memory, fd, sdflags::kWr), Errno::Success);
  EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 0);
  // No signal, an errno; with either function.
  EXPECT_EQ(send(fd, "x").error(), Errno::Pipe);
  EXPECT_EQ(guest->write(fd, "x").error(), Errno::Pipe);
  client.reset();
  EXPECT_EQ(receive(fd, 10), "");
  EXPECT_EQ(guest->close(fd), Errno::Success);
}

TEST_F(WasiSockets, NonblockingIsTheGuestsChoice) {
  ASSERT_EQ((*guest)->fd_fdstat_set_flags(guest->memory, kListener, fdflags::kNonblock), Errno::Success);
  EXPECT_EQ(accept().error(), Errno::Again);
  EXPECT_FALSE(::fcntl(listener.get(), F_GETFL) & O_NONBLOCK);  // the host's own socket is left alone
  auto client = connect();
  u32 fd = accept(fdflags::kNonblock).value();
  EXPECT_EQ(guest->fdstat(fd)->flags, fdflags::kNonblock);
  EXPECT_EQ(receive(fd, 10).error(), Errno::Again);
  EXPECT_EQ(guest->read(fd, 10).error(), Errno::Again);
}

TEST_F(WasiSockets, ATruncatedDatagramSaysSo) {
  ASSERT_EQ(::send(datagram_peer.get(), "0123456789", 10, 0), 10);
  EXPECT_EQ(guest->fdstat(kDatagrams)->filetype, FileType::SocketDgram);
  EXPECT_EQ(receive(kDatagrams, 4), "0123");
  EXPECT_EQ(received_flags, roflags::kRecvDataTruncated);
}

TEST_F(WasiSockets, BadRequests) {
  EXPECT_EQ(accept(0, 99).error(), Errno::BadF);
  EXPECT_EQ(accept(0, kRoot).error(), Errno::NotSock);
  EXPECT_EQ(accept(0, 0).error(), Errno::NotSock);
  EXPECT_EQ(accept(fdflags::kAppend).error(), Errno::Inval);
  EXPECT_EQ(receive(kRoot, 1).error(), Errno::NotSock);
  EXPECT_EQ(receive(kDatagrams, 1, 4).error(), Errno::Inval);
  EXPECT_EQ(send(99, "x").error(), Errno::BadF);
  EXPECT_EQ(send(kDatagrams, "x", 1).error(), Errno::Inval);
  EXPECT_EQ(send(kListener, "x").error(), Errno::NotConn);
  EXPECT_EQ((*guest)->sock_shutdown(guest->memory, kDatagrams, 0), Errno::Inval);
  EXPECT_EQ((*guest)->sock_shutdown(guest->memory, kDatagrams, 4), Errno::Inval);
  EXPECT_EQ((*guest)->sock_shutdown(guest->memory, 0, 1), Errno::NotSock);
  EXPECT_EQ((*guest)->sock_shutdown(guest->memory, 99, 1), Errno::BadF);
}

// An error for the guest, and no signal for the host.
TEST_F(WasiSockets, APeerThatWentAway) {
  auto client = connect();
  u32 fd = accept().value();
  client.reset();
  EXPECT_EQ(receive(fd, 1), "");
  EXPECT_EQ(send(fd, "x").error(), Errno::Pipe);
}

TEST_F(WasiSockets, TheListOfDirectoriesEndsBeforeTheSockets) {
  u32 place = guest->room(8);
  EXPECT_EQ((*guest)->fd_prestat_get(guest->memory, kRoot, place), Errno::Success);
  EXPECT_EQ((*guest)->fd_prestat_get(guest->memory, kListener, place), Errno::BadF);
}

TEST_F(WasiSockets, AFullTableLeavesTheConnectionWaiting) {
  Config config;
  config.sockets = {listener.get()};
  config.max_descriptors = 4;
  Guest small(config);
  auto client = connect();
  u32 result = small.room(4);
  EXPECT_EQ(small->sock_accept(small.memory, 3, 0, result), Errno::NFile);
  EXPECT_EQ(small.close(0), Errno::Success);
  EXPECT_EQ(small->sock_accept(small.memory, 3, 0, result), Errno::Success);
  EXPECT_EQ(small.get<u32>(result), 0u);
}

}  // namespace
}  // namespace brink::wasi
