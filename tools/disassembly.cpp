#include "tools/disassembly.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <set>

#include "engine/runtime/objects.h"
#include "tools/command.h"
#include "tools/instruction_text.h"
#ifdef BRINK_JIT
#include "jit/jit.h"
#endif

namespace brink::tools {

Result<u32> find_function(const ModuleInfo& module, const std::string& name) {
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    u32 index = 0;
    bool fits = std::from_chars(name.data(), name.data() + name.size(), index).ec == std::errc();
    if (fits && index < module.functions.size()) return index;
    return fail(ErrorKind::Usage, "there is no function " + name + ": the module has " + std::to_string(module.functions.size()));
  }
  std::set<u32> found;
  Names names = module.read_names();
  for (u32 i = 0; i < module.functions.size(); ++i)
    if (module.function_label(i, names) == name) found.insert(i);
  for (const Export& exported : module.exports)
    if (exported.kind == ExternKind::Func && exported.name == name) found.insert(exported.index);
  if (found.empty()) return fail(ErrorKind::Usage, "no function is called " + name);
  if (found.size() == 1) return *found.begin();
  return fail(ErrorKind::Usage, std::to_string(found.size()) + " functions are called " + name + ", " +
                                    std::to_string(*found.begin()) + " and " + std::to_string(*std::next(found.begin())) +
                                    " among them: only an index tells them apart");
}

#ifdef BRINK_JIT
namespace {

#if defined(__aarch64__)
constexpr const char* kMachine = "-m aarch64";
constexpr const char* kIdleComment = "//";  // a constant in decimal
constexpr u8 kNop[] = {0x1F, 0x20, 0x03, 0xD5};
#else
constexpr const char* kMachine = "-m i386:x86-64 -M intel";
constexpr const char* kIdleComment = "\n";  // the others say where a distance leads
constexpr u8 kNop[] = {0x90};
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
    text.resize(std::min({text.find(kIdleComment), text.find('\n'), text.size()}));
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

// The first number of an instruction by name: it is a distance that is not there yet, or an address that is another in every process.
std::string with_name(const std::string& text, const std::string& name) {
  size_t begin = text.find("0x");
  if (begin == std::string::npos || name.empty()) return text;
  size_t end = text.find_first_not_of("0123456789abcdef", begin + 2);
  if (begin > 0 && text[begin - 1] == '#') --begin;
  return text.substr(0, begin) + "<" + name + ">" + (end == std::string::npos ? "" : text.substr(end));
}

template <class T>
T read_at(const std::vector<u8>& code, u32 at) {
  T value;
  std::memcpy(&value, code.data() + at, sizeof value);
  return value;
}

// Data as an assembler would write it: a line a target or a constant of 16 bytes.
void write_data(std::map<u32, std::string>& lines, const std::vector<u8>& code, u32 begin, u32 end, jit::Listing::Content content) {
  char text[64];
  lines.erase(lines.lower_bound(begin), lines.lower_bound(end));
  if (content == jit::Listing::Content::Table) {
    for (u32 at = begin; at < end; at += 4) {
      std::snprintf(text, sizeof text, ".long 0x%x - 0x%x", begin + read_at<u32>(code, at), begin);
      lines[at] = text;
    }
  } else {
    for (u32 at = begin; at < end; at += 16) {
      std::snprintf(text, sizeof text, ".quad 0x%016" PRIx64, read_at<u64>(code, at));
      lines[at] = text;
      if (at + 8 == end) return;
      std::snprintf(text, sizeof text, ", 0x%016" PRIx64, read_at<u64>(code, at + 8));
      lines[at] += text;
    }
  }
}

// The machine's instructions, and data, by their offsets.
Result<std::map<u32, std::string>> machine_lines(const jit::Listing& listing) {
  std::vector<u8> code = listing.code;
  auto for_data = [&](auto each) {
    for (size_t i = 0; i < listing.parts.size(); ++i) {
      u32 end = i + 1 < listing.parts.size() ? listing.parts[i + 1].native : static_cast<u32>(code.size());
      if (listing.parts[i].content != jit::Listing::Content::Code) each(listing.parts[i].native, end, listing.parts[i].content);
    }
  };
  // objdump would not know where code begins behind data.
  for_data([&](u32 begin, u32 end, jit::Listing::Content) {
    for (u32 at = begin; at < end; ++at) code[at] = kNop[(at - begin) % sizeof kNop];
  });
  auto lines = run_objdump(code);
  if (!lines) return lines;
  for (const jit::Listing::Target& target : listing.targets) {
    auto line = lines->upper_bound(target.at);
    if (line != lines->begin()) --line;
    for (; line != lines->end() && line->first < target.at + target.bytes; ++line) line->second = with_name(line->second, target.name);
  }
  for_data([&](u32 begin, u32 end, jit::Listing::Content content) { write_data(*lines, listing.code, begin, end, content); });
  return lines;
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
  auto lines = machine_lines(*listing);
  if (!lines) return std::unexpected(std::move(lines.error()));

  nlohmann::ordered_json out;
  out["function"] = function;
  out["name"] = info.function_label(function, info.read_names());
  out["bytes"] = info.functions[function].body.size;
  out["machine_bytes"] = listing->code.size();
  auto& parts = out["parts"] = nlohmann::ordered_json::array();
  auto line = lines->begin();
  for (size_t i = 0; i < listing->parts.size(); ++i) {
    const jit::Listing::Part& part = listing->parts[i];
    bool is_frame = part.original == jit::Listing::kWholeFunction;
    // What parts are made of is said once, however many there are in a row.
    const jit::Listing::Part* last = i == 0 ? nullptr : &listing->parts[i - 1];
    if (last == nullptr || part.original != last->original || (is_frame && part.content != last->content)) {
      nlohmann::ordered_json& added = parts.emplace_back();
      if (is_frame) {
        added["frame"] = part.content == jit::Listing::Content::Code ? "prologue" : "constants";
      } else {
        u64 offset = u64{code.prepared->code_offset} + part.original;
        added["offset"] = offset;
        added["instruction"] = instruction_text(info, offset);
      }
      added["machine"] = nlohmann::ordered_json::array();
    }
    for (; line != lines->end() && (i + 1 == listing->parts.size() || line->first < listing->parts[i + 1].native); ++line)
      parts.back()["machine"].push_back({{"offset", line->first}, {"text", line->second}});
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
    } else {
      out += std::string(10, ' ') + part["frame"].get<std::string>() + "\n";
    }
    for (const auto& line : part["machine"]) {
      std::snprintf(buffer, sizeof buffer, "%20x  ", line["offset"].get<u32>());
      out += buffer + printable(line["text"].get<std::string>()) + "\n";
    }
  }
  return out;
}

}  // namespace brink::tools
