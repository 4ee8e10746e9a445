#include "tools/module_report.h"

#include <algorithm>

#include "tools/command.h"

namespace brink::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string describe(const Limits& limits) {
  std::string text = limits.address == AddressType::I64 ? "i64 " : "";
  text += std::to_string(limits.min);
  if (limits.has_max) text += " " + std::to_string(limits.max);
  if (limits.is_shared) text += " shared";
  return text;
}

std::string describe(const MemoryType& type) {
  std::string text = describe(type.limits);
  if (type.page_size_log2 != 16) text += " (pagesize " + std::to_string(u64{1} << type.page_size_log2) + ")";
  return text;
}

std::string describe(const TableType& type) { return describe(type.limits) + " " + to_string(type.element); }

std::string describe(const GlobalType& type) {
  return type.is_mutable ? "(mut " + to_string(type.value) + ")" : to_string(type.value);
}

std::string describe(const ModuleInfo& info, ExternKind kind, u32 index) {
  switch (kind) {
    case ExternKind::Func: return info.function_type(index).type.describe();
    case ExternKind::Table: return describe(info.tables[index].type);
    case ExternKind::Memory: return describe(info.memories[index]);
    case ExternKind::Global: return describe(info.globals[index].type);
    case ExternKind::Tag: return info.registry->get(info.tags[index].type).type.describe();
  }
  return "";
}

// The import of every imported entity of a kind, by index.
Json describe_entities(const ModuleInfo& info, const Names& names, ExternKind kind, size_t count, u32 imported) {
  Json list = Json::array();
  for (u32 i = 0; i < count; ++i) {
    auto name = names.others.find({kind, i});
    list.push_back({{"index", i},
                    {"name", name != names.others.end() ? Json(name->second) : Json()},
                    {"imported", i < imported},
                    {"type", describe(info, kind, i)}});
  }
  return list;
}

}  // namespace

Json make_report(const Module& module) {
  const ModuleInfo& info = module.info();
  Names names = info.read_names();
  Json report;
  report["file"] = module.name();
  report["name"] = names.module ? Json(*names.module) : Json();
  report["size"] = info.bytes.size();

  report["sections"] = Json::array();
  for (const Section& section : info.sections) {
    report["sections"].push_back({{"id", section.id},
                                  {"name", section.name},
                                  {"offset", section.payload.offset},
                                  {"size", section.payload.size}});
  }
  report["types"] = Json::array();
  for (TypeId id : info.type_ids) report["types"].push_back(info.registry->get(id).type.describe());
  report["imports"] = Json::array();
  for (const Import& import : info.imports) {
    report["imports"].push_back({{"module", import.module},
                                 {"name", import.name},
                                 {"kind", extern_kind_name(import.kind)},
                                 {"type", describe(info, import.kind, import.index)}});
  }
  report["exports"] = Json::array();
  for (const Export& entry : info.exports) {
    report["exports"].push_back({{"name", entry.name},
                                 {"kind", extern_kind_name(entry.kind)},
                                 {"index", entry.index},
                                 {"type", describe(info, entry.kind, entry.index)}});
  }

  u32 functions = static_cast<u32>(info.functions.size());
  u64 largest = 0;
  for (const FunctionDecl& function : info.functions) largest = std::max<u64>(largest, function.body.size);
  report["functions"] = {{"imported", info.imported_functions},
                         {"defined", functions - info.imported_functions},
                         {"named", names.functions.size()},
                         {"code_bytes", info.code_section.size},
                         {"largest_body_bytes", largest}};
  auto entities = [&](ExternKind kind, size_t count, u32 imported) {
    return describe_entities(info, names, kind, count, imported);
  };
  report["tables"] = entities(ExternKind::Table, info.tables.size(), info.imported_tables);
  report["memories"] = entities(ExternKind::Memory, info.memories.size(), info.imported_memories);
  report["globals"] = entities(ExternKind::Global, info.globals.size(), info.imported_globals);
  report["tags"] = entities(ExternKind::Tag, info.tags.size(), info.imported_tags);
  report["branch_hints"] = Json::array();
  for (const BranchHint& hint : info.read_branch_hints())
    report["branch_hints"].push_back({{"function", hint.function},
                                      {"name", info.function_label(hint.function, names)},
                                      {"offset", hint.offset},
                                      {"likely", hint.is_likely}});

  u64 elements = 0;
  for (const ElementSegment& segment : info.elements) elements += segment.count;
  report["elements"] = {{"segments", info.elements.size()}, {"items", elements}};
  u64 data_bytes = 0;
  for (const DataSegment& segment : info.data) data_bytes += segment.bytes.size;
  report["data"] = {{"segments", info.data.size()}, {"bytes", data_bytes}};
  report["start"] =
      info.start ? Json{{"index", *info.start}, {"name", info.function_label(*info.start, names)}} : Json();

  report["features"] = Json::array();
  FeatureSet used = features_used(info);
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i)
    if (used.has(static_cast<Feature>(i))) report["features"].push_back(feature_name(static_cast<Feature>(i)));
  Result<void> valid = module.validate();
  report["invalid"] = valid ? Json() : Json(valid.error().to_string());
  return report;
}

namespace {

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string quoted(const Json& value) { return "\"" + text_of(value) + "\""; }

class ReportWriter {
 public:
  void line(const std::string& text) { text_ += printable(text) + "\n"; }

  // A heading with a count, and an indented line for each item; nothing where there are no items.
  void list(const char* heading, const Json& items, auto describe_item) {
    if (items.empty()) return;
    line(std::string(heading) + " (" + std::to_string(items.size()) + ")");
    for (size_t i = 0; i < items.size(); ++i) line("  " + describe_item(i, items[i]));
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string pad(std::string text, size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

}  // namespace

std::string format_report(const Json& report) {
  ReportWriter writer;
  std::string title = text_of(report["file"]) + ": " + text_of(report["size"]) + " bytes";
  if (!report["name"].is_null()) title += ", module " + quoted(report["name"]);
  writer.line(title);

  writer.list("sections", report["sections"], [](size_t, const Json& section) {
    bool is_custom = section["id"] == 0;
    return pad(is_custom ? "custom " + quoted(section["name"]) : text_of(section["name"]), 28) + " offset " +
           pad(text_of(section["offset"]), 10) + " size " + text_of(section["size"]);
  });
  writer.list("types", report["types"],
              [](size_t i, const Json& type) { return pad(std::to_string(i), 5) + text_of(type); });
  writer.list("imports", report["imports"], [](size_t, const Json& import) {
    return text_of(import["kind"]) + " " + quoted(import["module"]) + " " + quoted(import["name"]) + " " +
           text_of(import["type"]);
  });
  writer.list("exports", report["exports"], [](size_t, const Json& entry) {
    return text_of(entry["kind"]) + " " + text_of(entry["index"]) + " " + quoted(entry["name"]) + " " +
           text_of(entry["type"]);
  });

  const Json& functions = report["functions"];
  writer.line("functions: " + text_of(functions["defined"]) + " defined, " + text_of(functions["imported"]) +
              " imported, " + text_of(functions["named"]) + " named; code " + text_of(functions["code_bytes"]) +
              " bytes, largest body " + text_of(functions["largest_body_bytes"]));
  auto entity = [](size_t, const Json& item) {
    std::string name = item["name"].is_null() ? "" : " " + quoted(item["name"]);
    return pad(text_of(item["index"]), 5) + text_of(item["type"]) + name +
           (item["imported"] == true ? " imported" : "");
  };
  writer.list("tables", report["tables"], entity);
  writer.list("memories", report["memories"], entity);
  writer.list("globals", report["globals"], entity);
  writer.list("tags", report["tags"], entity);
  writer.list("branch hints", report["branch_hints"], [](size_t, const Json& hint) {
    return "function " + text_of(hint["function"]) + " " + quoted(hint["name"]) + " offset " + text_of(hint["offset"]) +
           (hint["likely"] == true ? " likely" : " unlikely");
  });
  if (report["elements"]["segments"] != 0)
    writer.line("elements: " + text_of(report["elements"]["segments"]) + " segments, " +
                text_of(report["elements"]["items"]) + " items");
  if (report["data"]["segments"] != 0)
    writer.line("data: " + text_of(report["data"]["segments"]) + " segments, " + text_of(report["data"]["bytes"]) +
                " bytes");
  if (!report["start"].is_null())
    writer.line("start: function " + text_of(report["start"]["index"]) + " " + quoted(report["start"]["name"]));

  std::string features;
  for (const Json& feature : report["features"]) features += (features.empty() ? "" : ", ") + text_of(feature);
  writer.line("features: " + (features.empty() ? "none" : features));
  if (!report["invalid"].is_null()) writer.line("invalid: " + text_of(report["invalid"]));
  return writer.take();
}

}  // namespace brink::tools
