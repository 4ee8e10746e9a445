#include "tools/disassembly.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>

#include "engine/runtime/objects.h"
#include "tools/command.h"
#include "tools/instruction_text.h"
#ifdef BRINK_JIT
#include "jit/jit.h"
#endif

namespace brink::tools {

Result<u32> find_function(const ModuleInfo& module, const std::string& name) {
  u32 index = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error == std::errc() && end == name.data() + name.size()) {
    if (index < module.functions.size()) return index;
    return fail(ErrorKind::Usage, "there is no function " + name + ": the module has " + std::to_string(module.functions.size()));
  }
  Names names = module.read_names();
  for (u32 i = 0; i < module.functions.size(); ++i)
    if (module.function_label(i, names) == name) return i;
  for (const Export& exported : module.exports)
    if (exported.kind == ExternKind::Func && exported.name == name) return exported.index;
  return fail(ErrorKind::Usage, "no function is called " + name);
}

#ifdef BRINK_JIT
namespace {

#if defined(__aarch64__)
constexpr const char* kMachine = "-m aarch64";
constexpr const char* kComment = "//";
#else
constexpr const char* kMachine = "-m i386:x86-64 -M intel";
constexpr const char* kComment = "#";
#endif

// What objdump says of each instruction, by its offset.
Result<std::map<u32, std::string>> run_objdump(const std::vector<u8>& code) {
  auto failed = [] { return fail(ErrorKind::Io, "disassembling takes objdump, of Debian's package binutils, which does not run here"); };
  int file = memfd_create("brink-code", 0);
  if (file < 0) return failed();
  bool written = write(file, code.data(), code.size()) == static_cast<ssize_t>(code.size());
  char command[160];
  std::snprintf(command, sizeof command, "objdump -D -z -b binary %s --no-show-raw-insn /proc/%d/fd/%d 2>/dev/null", kMachine,
                static_cast<int>(getpid()), file);
  FILE* pipe = written ? popen(command, "r") : nullptr;
  std::map<u32, std::string> lines;
  char* line = nullptr;
  size_t room = 0;
  while (pipe != nullptr && getline(&line, &room, pipe) > 0) {
    // "  1f:\tadd    eax,0x1"
    char* rest = nullptr;
    unsigned long offset = std::strtoul(line, &rest, 16);
    if (rest == line || rest[0] != ':' || rest[1] != '\t') continue;
    std::string text = rest + 2;
    if (size_t comment = std::min(text.find(kComment), text.find('\n')); comment != std::string::npos) text.resize(comment);
    std::string spaced;
    for (char c : text)
      if (c != ' ' && c != '\t') spaced += c;
      else if (!spaced.empty() && spaced.back() != ' ') spaced += ' ';
    while (!spaced.empty() && spaced.back() == ' ') spaced.pop_back();
    lines.emplace(static_cast<u32>(offset), spaced);
  }
  std::free(line);
  bool good = pipe != nullptr && pclose(pipe) == 0;
  close(file);
  if (!good || lines.empty()) return failed();
  return lines;
}

// The branch at `line` leads out of the function: by name, not by a distance that is not there yet.
std::string with_target(const std::string& text, const std::string& name) {
  return text.substr(0, text.find(' ')) + " <" + name + ">";
}

}  // namespace

Result<nlohmann::ordered_json> disassemble(const Module& module, u32 function) {
  runtime::ModuleState& state = *module.state();
  const ModuleInfo& info = module.info();
  if (function < info.imported_functions)
    return fail(ErrorKind::Usage, "function " + std::to_string(function) + " is imported: it has no code");
  runtime::FunctionCode& code = state.code[function - info.imported_functions];
  if (Result<void> prepared = runtime::prepare(state, code); !prepared) return std::unexpected(std::move(prepared.error()));
  auto compiler = jit::make_compiler();
  if (!compiler) return std::unexpected(std::move(compiler.error()));
  Result<jit::Listing> listing = (*compiler)->list(state, code);
  if (!listing) return std::unexpected(std::move(listing.error()));
  auto lines = run_objdump(listing->code);
  if (!lines) return std::unexpected(std::move(lines.error()));
  for (const jit::Listing::Target& target : listing->targets) {
    auto line = lines->upper_bound(target.at);
    if (line == lines->begin() || target.name.empty()) continue;
    --line;
    line->second = with_target(line->second, target.name);
  }

  nlohmann::ordered_json out;
  out["function"] = function;
  out["name"] = info.function_label(function, info.read_names());
  out["bytes"] = info.functions[function].body.size;
  out["machine_bytes"] = listing->code.size();
  auto& parts = out["parts"] = nlohmann::ordered_json::array();
  auto add = [&](u32 from, u32 to, const u32* original) {
    nlohmann::ordered_json part;
    if (original != nullptr) {
      u64 offset = u64{code.prepared->code_offset} + *original;
      part["offset"] = offset;
      part["instruction"] = instruction_text(info, offset);
    }
    auto& machine = part["machine"] = nlohmann::ordered_json::array();
    for (auto line = lines->lower_bound(from); line != lines->end() && line->first < to; ++line)
      machine.push_back({{"offset", line->first}, {"text", line->second}});
    parts.push_back(std::move(part));
  };
  u32 size = static_cast<u32>(listing->code.size());
  add(0, listing->parts.empty() ? size : listing->parts[0].native, nullptr);
  for (size_t i = 0; i < listing->parts.size(); ++i) {
    u32 end = i + 1 < listing->parts.size() ? listing->parts[i + 1].native : size;
    add(listing->parts[i].native, end, &listing->parts[i].original);
  }
  return out;
}
#else
Result<nlohmann::ordered_json> disassemble(const Module&, u32) {
  return fail(ErrorKind::Unsupported, "this build of brink compiles no machine code");
}
#endif

std::string format_disassembly(const nlohmann::ordered_json& disassembly) {
  char buffer[64];
  std::string out = "function " + std::to_string(disassembly["function"].get<u32>()) + ", " +
                    printable(disassembly["name"].get<std::string>()) + ": " + std::to_string(disassembly["bytes"].get<u64>()) +
                    " bytes, " + std::to_string(disassembly["machine_bytes"].get<u64>()) + " of machine code\n";
  for (const auto& part : disassembly["parts"]) {
    if (part.contains("offset")) {
      std::snprintf(buffer, sizeof buffer, "0x%06llx  ", static_cast<unsigned long long>(part["offset"].get<u64>()));
      out += buffer + printable(part["instruction"].get<std::string>()) + "\n";
    }
    for (const auto& line : part["machine"]) {
      std::snprintf(buffer, sizeof buffer, "%20x  ", line["offset"].get<u32>());
      out += buffer + printable(line["text"].get<std::string>()) + "\n";
    }
  }
  return out;
}

}  // namespace brink::tools
