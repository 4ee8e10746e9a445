// Which proposals a module uses: found by the same walk that validates it, so that no rule stands here twice.
#include "engine/validate/body_decoder.h"
#include "tools/module_report.h"

namespace brink::tools {
namespace {

class FeatureCollector {
 public:
  explicit FeatureCollector(const ModuleInfo& info) : info_(info) {}

  void add(Feature feature) { used.add(feature); }

  void add_type(ValueType type) {
    if (type == kV128) add(Feature::Simd);
    if (type.is_packed()) add(Feature::Gc);
    if (!type.is_ref()) return;
    // funcref was there from the beginning, as the type of tables.
    if (type == kFuncRef) return;
    HeapType heap = type.heap();
    if (heap.is_concrete() || !type.is_nullable()) add(Feature::FunctionReferences);
    if (heap.is_concrete()) return;
    switch (heap.abstract()) {
      case AbstractHeap::Func: break;
      case AbstractHeap::Extern: add(Feature::ReferenceTypes); break;
      case AbstractHeap::Exn:
      case AbstractHeap::NoExn: add(Feature::Exceptions); break;
      default: add(Feature::Gc);
    }
  }

  void add_types(std::span<const ValueType> types) {
    for (ValueType type : types) add_type(type);
  }

  void add_subtype(const SubType& type) {
    if (type.kind != CompositeKind::Func || !type.is_final || type.supertype != kNoType) add(Feature::Gc);
    if (type.results.size() > 1) add(Feature::MultiValue);
    add_types(type.params);
    add_types(type.results);
    for (const FieldType& field : type.fields) add_type(field.storage);
  }

  void add_limits(const Limits& limits) {
    if (limits.address == AddressType::I64) add(Feature::Memory64);
    if (limits.is_shared) add(Feature::Threads);
  }

  void add_declarations() {
    for (TypeId id : info_.type_ids) add_subtype(info_.registry->get(id).type);
    if (info_.tables.size() > 1) add(Feature::ReferenceTypes);
    for (const TableDecl& table : info_.tables) {
      add_type(table.type.element);
      add_limits(table.type.limits);
      if (table.initial) add(Feature::FunctionReferences);
    }
    if (info_.memories.size() > 1) add(Feature::MultiMemory);
    for (const MemoryType& memory : info_.memories) {
      add_limits(memory.limits);
      if (memory.page_size_log2 != 16) add(Feature::CustomPageSizes);
    }
    for (const GlobalDecl& global : info_.globals) add_type(global.type.value);
    if (!info_.tags.empty()) add(Feature::Exceptions);
    for (const ElementSegment& segment : info_.elements) {
      // Indices alone have type (ref func) since 3.0, and were there before references were.
      if (segment.is_expressions) add_type(segment.type);
      if (segment.mode != SegmentMode::Active) add(Feature::BulkMemory);
      if (segment.mode == SegmentMode::Declarative || segment.is_expressions) add(Feature::ReferenceTypes);
    }
    for (const DataSegment& segment : info_.data)
      if (segment.mode != SegmentMode::Active) add(Feature::BulkMemory);
    if (info_.data_count) add(Feature::BulkMemory);
  }

  FeatureSet used;

 private:
  const ModuleInfo& info_;
};

// What bodies and constant expressions use. In constant expressions the MVP allowed constants and global.get alone.
template <bool kIsConstant>
struct FeatureSink : NullSink {
  static constexpr bool kIsConstantExpression = kIsConstant;

  FeatureSink(FeatureCollector& to, size_t globals) : collector(to), visible_globals(static_cast<u32>(globals)) {}

  void add(const Instruction& instruction) {
    Feature feature = op_info(instruction.op).feature;
    collector.add(feature);
    if (kIsConstant && feature == Feature::Mvp && op_info(instruction.op).signature.operand_count > 0)
      collector.add(Feature::ExtendedConst);
  }

  void on_start(const BodyState& state, std::span<const u8>, u32) { collector.add_types(state.locals()); }
  void on_instruction(const Instruction& instruction) { add(instruction); }
  void on_local(const Instruction& instruction) { add(instruction); }
  void on_global(const Instruction& instruction) { add(instruction); }
  void on_drop_or_select(const Instruction& instruction) { add(instruction); }
  void on_memory_access(const Instruction& instruction) { add(instruction); }
  template <class Frame>
  void on_block(const Instruction& instruction, Frame& frame, u32) {
    add(instruction);
    if (!frame.params().empty() || frame.results().size() > 1) collector.add(Feature::MultiValue);
    collector.add_types(frame.results());
  }
  template <class Frame>
  void on_branch(const Instruction& instruction, Frame&, u32) {
    add(instruction);
  }

  FeatureCollector& collector;
  // Constant expressions: all of them, since which ones may be read has been checked by the decoder.
  u32 visible_globals;
};

class BodyScan {
 public:
  BodyScan(const ModuleInfo& info, FeatureCollector& collector) : info_(info), collector_(collector) {}

  void scan_bodies() {
    for (u32 i = info_.imported_functions; i < info_.functions.size(); ++i) {
      FeatureSink<false> sink(collector_, info_.globals.size());
      BodyDecoder<FeatureSink<false>> decoder(info_, info_.functions[i].body, sink, scratch_);
      (void)decoder.decode_function(info_.function_type(i));  // what stands before an error counts
    }
  }

  void scan_constant_expressions() {
    for (u32 i = info_.imported_globals; i < info_.globals.size(); ++i)
      scan(info_.globals[i].initial, info_.globals[i].type.value);
    for (const TableDecl& table : info_.tables)
      if (table.initial) scan(*table.initial, table.type.element);
    for (const ElementSegment& segment : info_.elements)
      if (segment.mode == SegmentMode::Active)
        scan(segment.offset, value_type_of(info_.tables[segment.table].type.limits.address));
    for (const DataSegment& segment : info_.data)
      if (segment.mode == SegmentMode::Active)
        scan(segment.offset, value_type_of(info_.memories[segment.memory].limits.address));
  }

 private:
  void scan(const ConstantExpression& expression, ValueType type) {
    FeatureSink<true> sink(collector_, info_.globals.size());
    BodyDecoder<FeatureSink<true>> decoder(info_, expression.bytes, sink, scratch_);
    (void)decoder.decode_constant_expression(type);
  }

  const ModuleInfo& info_;
  FeatureCollector& collector_;
  BodyScratch scratch_;
};

}  // namespace

FeatureSet features_used(const ModuleInfo& info) {
  FeatureCollector collector(info);
  collector.add_declarations();
  BodyScan scan(info, collector);
  scan.scan_constant_expressions();
  scan.scan_bodies();
  collector.used.remove(Feature::Mvp);
  return collector.used;
}

}  // namespace brink::tools
