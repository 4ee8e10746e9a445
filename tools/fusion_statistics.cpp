// Chooses the runs of quick code that get an opcode of their own (engine/quicken/fusions.def) from real modules.
//
//   fusion_statistics COUNT MODULE... > engine/quicken/fusions.def
//
// Every function is quickened without fusing. Its straight runs (between branch targets, up to and with a control
// instruction) are weighted by the loops around them: 8 for each, as far as three deep; every module counts the same in
// all. Then, a batch at a time, the pairs "run so far, next instruction" that occur most get an opcode, the code is cut
// again as the emitter would cut it, and so on until COUNT opcodes are there. A third of them go to runs with
// floating-point instructions, which few of the modules to be had are full of, but those that are live from them.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <unordered_map>

#include "engine/decode/decoder.h"
#include "engine/engine.h"
#include "engine/quicken/quickener.h"
#include "engine/runtime/objects.h"

namespace {

using namespace brink;
using quick::QuickOp;

constexpr size_t kMaxInstructionsPerModule = 600000;
constexpr u32 kMaxLoopDepth = 3;
constexpr u32 kMaxRun = 8;  // instructions in one opcode

using Run = std::vector<u16>;

// Control leaves the run; what is plain or may run out of line can only stand last.
bool ends_with_control(QuickOp op) {
  std::string_view operands = quick::quick_op_operands(op), name = quick::quick_op_name(op);
  return operands.find_first_of("jt") != operands.npos || name.starts_with("Call") || name.starts_with("Return") ||
         name.starts_with("TailCall") || name.starts_with("Throw") || name == "Trap";
}
bool is_plain(QuickOp op) { return quick::quick_op_operands(op).find('p') != std::string_view::npos; }

class Corpus {
 public:
  void add_module(const ModuleInfo& info) {
    std::map<Run, double> runs;
    double total = 0;
    size_t instructions = 0;
    u32 own = static_cast<u32>(info.functions.size()) - info.imported_functions;
    u32 bytes = 0;
    for (u32 i = info.imported_functions; i < info.functions.size(); ++i) bytes += info.functions[i].body.size;
    u32 stride = std::max<u32>(1, static_cast<u32>(bytes / 3 / kMaxInstructionsPerModule));
    for (u32 i = 0; i < own; i += stride) instructions += add_function(info, i + info.imported_functions, runs, total);
    for (const auto& [run, weight] : runs) runs_[run] += weight / total;
    std::fprintf(stderr, "%8zu instructions, %7zu different runs\n", instructions, runs.size());
  }

  const std::map<Run, double>& runs() const { return runs_; }

 private:
  static size_t add_function(const ModuleInfo& info, u32 index, std::map<Run, double>& runs, double& total) {
    std::vector<quick::CodeOrigin> origins;
    auto prepared = quick::quicken_function(info, index, {.fuse = false, .origins = &origins});
    if (!prepared) return 0;
    const u8* code = prepared->code.get();
    size_t count = origins.size();
    std::vector<QuickOp> ops(count);
    std::vector<u32> begins(count);
    for (size_t i = 0; i < count; ++i) {
      begins[i] = origins[i].quick - 2;
      u16 op;
      std::memcpy(&op, code + begins[i], 2);
      if (op >= quick::kNarrowCount) return 0;  // wide
      ops[i] = static_cast<QuickOp>(op);
    }
    std::vector<bool> is_target(prepared->code_size + 1);
    std::vector<i32> depth_change(count + 1);
    auto add_branch = [&](size_t from, u32 field) {
      i32 delta;
      std::memcpy(&delta, code + field, 4);
      u32 target = field + static_cast<u32>(delta);
      is_target[target] = true;
      if (target > begins[from]) return;
      size_t first = static_cast<size_t>(std::lower_bound(begins.begin(), begins.end(), target) - begins.begin());
      depth_change[first] += 1;
      depth_change[from + 1] -= 1;
    };
    for (size_t i = 0; i < count; ++i) {
      u32 end = i + 1 < count ? begins[i + 1] : prepared->code_size;
      std::string_view operands = quick::quick_op_operands(ops[i]);
      if (operands.ends_with('j')) add_branch(i, end - 4);
      if (!operands.ends_with('t')) continue;
      u32 field = begins[i] + 2 + static_cast<u32>(operands.size()) - 1;
      u32 targets;
      std::memcpy(&targets, code + field, 4);
      for (u32 k = 0; k <= targets; ++k) add_branch(i, field + 4 + 4 * k);
    }
    Run run;
    double weight = 0;
    auto finish = [&] {
      if (run.size() > 1) runs[run] += weight;
      total += weight * static_cast<double>(run.size());
      run.clear();
    };
    i32 depth = 0;
    for (size_t i = 0; i < count; ++i) {
      depth += depth_change[i];
      if (is_target[begins[i]]) finish();
      if (run.empty()) {
        weight = 1;
        for (i32 k = 0; k < std::min<i32>(depth, kMaxLoopDepth); ++k) weight *= 8;
      }
      run.push_back(static_cast<u16>(ops[i]));
      if (ends_with_control(ops[i]) || is_plain(ops[i]) || run.size() == 64) finish();
    }
    finish();
    return count;
  }

  std::map<Run, double> runs_;
};

struct Opcode {
  u32 first;  // base opcode or index of an opcode chosen earlier, from kBaseCount on
  u32 second;
  u32 length;
};

class Chooser {
 public:
  explicit Chooser(const Corpus& corpus) : corpus_(corpus) {}

  void choose(u32 count) {
    constexpr u32 kBatch = 12, kFloatsInBatch = 4;
    while (opcodes_.size() < count) {
      std::unordered_map<u64, double> gains;
      double dispatches = 0;
      cut([&](const std::vector<u32>& tokens, double weight) {
        dispatches += weight * static_cast<double>(tokens.size());
        for (size_t i = 0; i + 1 < tokens.size(); ++i)
          if (tokens[i + 1] < quick::kBaseCount && length(tokens[i]) < kMaxRun)
            gains[u64{tokens[i]} << 32 | tokens[i + 1]] += weight;
      });
      std::vector<std::pair<double, u64>> best;
      for (const auto& [pair, gain] : gains) best.push_back({gain, pair});
      std::sort(best.begin(), best.end(),
                [](auto& a, auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
      if (opcodes_.size() % (kBatch * 8) == 0)
        std::fprintf(stderr, "%4zu opcodes: %.4f dispatches an instruction\n", opcodes_.size(), dispatches / all());
      if (best.empty()) return;
      u32 taken = 0;
      for (bool only_floats : {false, true}) {
        for (size_t i = 0; i < best.size() && taken < (only_floats ? kBatch : kBatch - kFloatsInBatch); ++i) {
          u32 first = static_cast<u32>(best[i].second >> 32), second = static_cast<u32>(best[i].second);
          if (opcodes_.size() == count || table_.contains(best[i].second) ||
              (only_floats && !is_float(first) && !is_float(second)))
            continue;
          table_[best[i].second] = quick::kBaseCount + static_cast<u32>(opcodes_.size());
          opcodes_.push_back({first, second, length(first) + 1});
          ++taken;
        }
      }
    }
  }

  void print() const {
    for (const Opcode& opcode : opcodes_)
      std::printf("BRINK_FUSION(%s, %s)\n", name(opcode.first).c_str(), name(opcode.second).c_str());
  }

 private:
  bool is_float(u32 token) const {
    if (token >= quick::kBaseCount) {
      const Opcode& opcode = opcodes_[token - quick::kBaseCount];
      return is_float(opcode.first) || is_float(opcode.second);
    }
    std::string_view name = quick::quick_op_name(static_cast<QuickOp>(token));
    return name.starts_with("F32") || name.starts_with("F64") || name.ends_with("F32") || name.ends_with("F64");
  }

  u32 length(u32 token) const { return token < quick::kBaseCount ? 1 : opcodes_[token - quick::kBaseCount].length; }

  std::string name(u32 token) const {
    if (token < quick::kBaseCount) return std::string(quick::quick_op_name(static_cast<QuickOp>(token)));
    const Opcode& opcode = opcodes_[token - quick::kBaseCount];
    return name(opcode.first) + "__" + name(opcode.second);
  }

  double all() const {
    double sum = 0;
    for (const auto& [run, weight] : corpus_.runs()) sum += weight * static_cast<double>(run.size());
    return sum;
  }

  // Every run as the emitter would cut it with the opcodes so far.
  template <class Use>
  void cut(Use use) const {
    std::vector<u32> tokens;
    for (const auto& [run, weight] : corpus_.runs()) {
      tokens.clear();
      for (u16 op : run) {
        if (!tokens.empty()) {
          auto both = table_.find(u64{tokens.back()} << 32 | op);
          if (both != table_.end()) {
            tokens.back() = both->second;
            continue;
          }
        }
        tokens.push_back(op);
      }
      use(tokens, weight);
    }
  }

  const Corpus& corpus_;
  std::vector<Opcode> opcodes_;
  std::unordered_map<u64, u32> table_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s COUNT MODULE...\n", argv[0]);
    return 2;
  }
  Engine engine;
  Corpus corpus;
  for (int i = 2; i < argc; ++i) {
    auto module = Module::from_file(engine, argv[i]);
    if (!module) {
      std::fprintf(stderr, "error: %s\n", module.error().to_string().c_str());
      continue;
    }
    std::fprintf(stderr, "%s: ", argv[i]);
    corpus.add_module(module->state()->info);
  }
  Chooser chooser(corpus);
  chooser.choose(static_cast<u32>(std::atoi(argv[1])));
  chooser.print();
}
