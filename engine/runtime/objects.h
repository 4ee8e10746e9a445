// What lives in a store, as the interpreter sees it (specification, section 4.2). The public handles of engine.h point
// here.
//
// Ownership: StoreState owns every object below; references in value-stack slots, tables and globals are plain pointers
// that are good as long as the store. Function bodies belong to ModuleState, which instances keep alive.
#pragma once
#include <atomic>
#include <deque>
#include <forward_list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/engine.h"
#include "engine/gc/heap.h"
#include "engine/module/module_info.h"
#include "engine/runtime/prepared_source.h"
#include "engine/text/parser.h"
#include "engine/validate/side_table.h"

namespace brink::quick {
struct QuickenOptions;
}

namespace brink::runtime {

struct Context;
class TierUp;
class MemoryImage;
class PageTracker;
class ParkingLot;
struct MemoryBudget;

// One entry of a module's code table: what a call needs, in one cache line. All zero until the first call; `code` is
// published last.
struct alignas(64) FunctionCode {
  std::atomic<const u8*> code;  // first instruction; null: not prepared yet
  const SideEntry* side;
  u16 param_slots;               // limits.h bounds both
  u16 result_slots;
  mutable std::atomic<i32> heat;  // what is left until it is worth machine code: tier_up.h
  u32 extra_local_slots;         // locals that are not parameters: zeroed at the call
  u32 frame_bytes;               // operand and extra local slots, times 8: what the value stack must still have
  const u32* local_slots;        // Mapped and V128 stamps: local index → slot
  const PreparedCode* prepared;  // try regions, code offset
  const ModuleState* module;     // for backtraces
  std::atomic<const void*> machine;  // machine code, if there is any: see tier.h
};
static_assert(sizeof(FunctionCode) == 64);

// A callable function of a store: what a funcref points to.
struct Function {
  TypeId type = kNoType;
  const RegisteredType* signature = nullptr;
  Instance* instance = nullptr;  // null: a host function
  FunctionCode* code = nullptr;  // null: a host function
  u32 index = 0;                 // in its module
  HostCallback* callback = nullptr;
};

// How long a memory is: read by every thread that uses it, written by the one that grows it after the pages are there.
class MemoryLength {
 public:
  operator u64() const { return bytes_.load(std::memory_order_acquire); }
  MemoryLength& operator=(u64 bytes) {
    bytes_.store(bytes, std::memory_order_release);
    return *this;
  }

 private:
  std::atomic<u64> bytes_{0};
};

// A linear memory. 32-bit memories reserve 8 GiB and a guard: any 32-bit address plus any 32-bit offset lands inside
// the reservation, so the hardware checks bounds. 64-bit ones, and those with pages of one byte, reserve what they may
// grow to (up to a bound) and are checked explicitly.
//
// A shared memory may belong to several stores, each with a thread of its own. Its base never moves, its length is read
// again at every explicit check, and its other members do not change.
struct Memory : std::enable_shared_from_this<Memory> {
  u8* base = nullptr;
  MemoryLength size_bytes;
  u64 reserved_bytes = 0;
  u64 limit_bytes = 0;  // by type, store limit and reservation
  MemoryType type;
  std::mutex grow_mutex;
  std::unique_ptr<ParkingLot> lot;  // of a shared memory
  std::unique_ptr<PageTracker> tracker;  // of a memory in a pool
  MemoryBudget* budget = nullptr;        // of a pool's memories together

  Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();
  bool is_32bit() const { return type.limits.address == AddressType::I32; }
  u64 pages() const { return size_bytes >> type.page_size_log2; }
  bool contains(u64 offset, u64 size) const {
    u64 length = size_bytes;
    return size <= length && offset <= length - size;
  }
  bool owns_address(const void* address) const {
    return static_cast<u64>(static_cast<const u8*>(address) - base) < reserved_bytes;
  }
};
// With an image (page_tracker.h), its contents are the memory's, and writes to it are tracked.
Result<std::unique_ptr<Memory>> create_memory(const MemoryType& type, u64 limit_bytes,
                                              const MemoryImage* image = nullptr);
// What memories may take together. Memories take from it what they grow by; the rest is the pool's affair.
struct MemoryBudget {
  u64 limit_bytes = ~u64{0};
  std::atomic<u64> used_bytes{0};
  bool take(u64 bytes) {
    u64 used = used_bytes.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_bytes - used) return false;
    } while (!used_bytes.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(u64 bytes) { used_bytes.fetch_sub(bytes, std::memory_order_relaxed); }
};

// The old size in pages or -1 (as u64).
u64 grow_memory(Memory& memory, u64 delta_pages);

struct Table {
  u64* elements = nullptr;
  u64 size = 0;
  u64 capacity = 0;
  u64 limit = 0;  // by type and store limit
  TableType type;

  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();
  bool contains(u64 offset, u64 count) const { return count <= size && offset <= size - count; }
};
Result<std::unique_ptr<Table>> create_table(const TableType& type, u64 limit_elements, u64 initial);
u64 grow_table(Table& table, u64 delta, u64 initial);

struct alignas(16) Global {
  u64 bits[2] = {0, 0};
  GlobalType type;
};

struct Tag {
  TagType type;
  const RegisteredType* signature = nullptr;
};

struct ModuleState {
  std::shared_ptr<EngineState> engine;
  Engine handle;  // for Module::engine()
  std::string name;
  ModuleInfo info;
  text::SourceMap source_map;  // of a module that came as text
  bool memory0_guarded = true;
  std::vector<const RegisteredType*> types;  // by module-local type index

  // The bytes: owned, mapped or somebody else's.
  std::vector<u8> owned_bytes;
  std::shared_ptr<const void> bytes_owner;
  void* mapping = nullptr;
  size_t mapping_size = 0;

  FunctionCode* code = nullptr;  // the module's own functions, imports excluded; zero pages until used
  std::mutex prepare_mutex;
  std::unique_ptr<PreparedSource> source;  // asked before a function is prepared, where not null
  // What its functions became, and their quick code. Grown under prepare_mutex.
  Arena arena;
  std::pmr::forward_list<PreparedCode> prepared{&arena};
  std::shared_ptr<void> machine_code;  // what Config::compiler keeps for the module
  std::vector<u8> tier_requests;       // TierUp's, by own function; empty until the first

  explicit ModuleState(const Engine& engine);
  ~ModuleState();
  ModuleState(const ModuleState&) = delete;
  ModuleState& operator=(const ModuleState&) = delete;
  // Puts line and column, or the module's name, into an error about its bytes.
  Error locate(Error error) const;
  // How its functions are quickened.
  quick::QuickenOptions quicken_options() const;
};

// Validates and prepares a function for the interpreter, once; safe from several threads.
Result<void> prepare(ModuleState& module, FunctionCode& code);

struct Instance {
  std::shared_ptr<ModuleState> module;
  StoreState* store = nullptr;
  Context* context = nullptr;
  FunctionCode* code = nullptr;  // module->code
  u32 imported_functions = 0;
  Function** imports = nullptr;                  // imported functions by index
  const RegisteredType* const* types = nullptr;  // by module-local type index
  Global** globals = nullptr;
  Table** tables = nullptr;
  Memory** memories = nullptr;
  Tag** tags = nullptr;
  Function* own_functions = nullptr;  // by index - imported_functions; filled when first referred to

  std::vector<Function*> import_list;
  std::vector<Global*> global_list;
  std::vector<Table*> table_list;
  std::vector<Memory*> memory_list;
  std::vector<Tag*> tag_list;
  std::vector<std::vector<u64>> element_values;  // of segments given as expressions, until dropped
  std::vector<bool> dropped_elements;
  std::vector<bool> dropped_data;

  Instance() = default;
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  u8* memory0() const { return memory_list.empty() ? nullptr : memory_list[0]->base; }
};

// The store's object for a function of an instance; made at first use.
Function* function_of(Instance& instance, u32 function_index);

// Evaluates a validated constant expression; bits[1] only for v128. Fails only for instructions this engine cannot run
// yet.
Result<void> evaluate_constant(Instance& instance, ConstantExpression expression, u64 bits[2]);

// The elements of a segment given as expressions; evaluated once, when the module is instantiated.
Result<std::vector<u64>> evaluate_elements(Instance& instance, const ElementSegment& segment);
// Copies `count` elements of a segment from `first`; the range has been checked.
void copy_elements(Instance& instance, u32 segment_index, u64 first, u64 count, u64* out);
void drop_elements(Instance& instance, u32 segment_index);

// Memory for an object of `type`, collecting garbage where that is due: every reference that must survive is on the
// value stack below Context::sp or in another root. Zeroed but for its header. Null when the heap's limit is reached.
gc::Object* allocate_object(StoreState& store, const RegisteredType& type, u64 bytes);
void collect_garbage(StoreState& store);

struct EngineState {
  Config config;
  TypeRegistry types;
  std::unique_ptr<TierUp> tier_up;  // null where functions are not compiled by heat

  explicit EngineState(const Config& config);
  ~EngineState();
};

struct StoreState {
  Engine engine;
  StoreLimits limits;
  std::unique_ptr<Context> context;
  std::vector<std::unique_ptr<Instance>> instances;
  std::vector<std::shared_ptr<Memory>> memories;  // shared ones may be other stores' too
  std::vector<std::unique_ptr<Table>> tables;
  std::deque<Global> globals;
  std::deque<Tag> tags;
  std::deque<Function> host_functions;
  std::deque<HostCallback> callbacks;
  std::unordered_map<u64, std::unique_ptr<gc::ExternObject>> externs;  // by host value
  std::unordered_map<RefBits, u32> held;                               // references the host keeps, counted
  std::unique_ptr<gc::Heap> heap;                                      // made at the first allocation
  GcStatistics gc;
  // Operands of constant expressions being evaluated: roots that are on no value stack.
  std::vector<const std::vector<u64>*> temporary_roots;
  HostData host_data;

  StoreState(const Engine& engine, const StoreLimits& limits);
  ~StoreState();
  Function* add_host_function(TypeId type, HostCallback callback);
  // Keeps a shared memory alive as long as the store; once, however often it is called. False beyond limits.memories.
  bool adopt_memory(const std::shared_ptr<Memory>& memory);
};

// Calls a function with slots as on the value stack: `slots` holds the arguments and receives the results.
Outcome<void> call_function(StoreState& store, Function& function, u64* slots);

}  // namespace brink::runtime
